import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { AccessLogField, AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import { HttpApi, HttpMethod, HttpStage, LogGroupLogDestination } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { FoundationStack, WebhookSecret } from '../foundation-stack.ts';
import { allowOn, allowReadingSecret, allowUsingMailbox } from '../grants.ts';
import { createAlarm, pipelineMetric } from './alarm.ts';
import type { EscrowLifecycle } from './escrow-lifecycle.ts';
import { PipelineFunction } from './pipeline-function.ts';

const PATH = '/webhooks/purple-flea';

/** Far above what Purple Flea has to say of a stage's escrows. Requests beyond it get 429 and reach no function. */
const THROTTLE = { rateLimit: 10, burstLimit: 20 };

/** So many refused in five minutes are no accident. */
const MANY_REFUSED = 50;

/** Who asked when, and what they got. No header and no body: they are for the function alone. */
const ACCESS_LOG = {
  requestId: AccessLogField.contextRequestId(),
  time: AccessLogField.contextRequestTime(),
  ip: AccessLogField.contextIdentitySourceIp(),
  route: '$context.routeKey',
  status: AccessLogField.contextStatus(),
  responseLength: AccessLogField.contextResponseLength(),
  error: AccessLogField.contextErrorMessage(),
};

/** One public route, `POST /webhooks/purple-flea`, and the function behind it that has escrows looked at. */
export class WebhookApi extends Construct {
  readonly url: string;

  constructor(
    scope: Construct,
    id: string,
    {
      foundation,
      lifecycle,
      webhookSecret,
    }: {
      readonly foundation: FoundationStack;
      readonly lifecycle: EscrowLifecycle;
      readonly webhookSecret: WebhookSecret;
    },
  ) {
    super(scope, id);
    const { prefix, key, mailbox, alarmTopic } = foundation;
    const receiveWebhook = new PipelineFunction(this, {
      lambda: 'receive-webhook',
      prefix,
      // Whoever sends one waits for ten seconds.
      timeout: Duration.seconds(10),
      environment: { MAILBOX_TABLE: mailbox.tableName, WEBHOOK_SECRET_NAME: webhookSecret.name },
      alarmTopic,
    });
    allowReadingSecret(receiveWebhook, webhookSecret.secret, key);
    allowUsingMailbox(receiveWebhook, mailbox, key);
    allowOn(receiveWebhook, ['states:SendTaskSuccess'], lifecycle.stateMachineArn);

    const api = new HttpApi(this, 'Api', {
      apiName: `${prefix}-webhooks`,
      description: 'Takes webhooks of Purple Flea, by their signature',
      createDefaultStage: false,
    });
    new HttpStage(this, 'Stage', {
      httpApi: api,
      autoDeploy: true,
      throttle: THROTTLE,
      accessLogSettings: {
        destination: new LogGroupLogDestination(
          new LogGroup(this, 'AccessLogs', {
            logGroupName: `/aws/vendedlogs/apigateway/${prefix}-webhooks`,
            retention: RetentionDays.SIX_MONTHS,
            removalPolicy: RemovalPolicy.DESTROY,
          }),
        ),
        format: AccessLogFormat.custom(JSON.stringify(ACCESS_LOG)),
      },
    });
    const routes = api.addRoutes({
      path: PATH,
      methods: [HttpMethod.POST],
      integration: new HttpLambdaIntegration('ReceiveWebhook', receiveWebhook),
    });
    for (const route of routes) {
      Validations.of(route).acknowledge({
        id: 'AwsSolutions-APIG4',
        reason: 'Purple Flea signs what it sends and can do nothing else: the function checks the signature first.',
      });
    }
    this.url = `${api.apiEndpoint}${PATH}`;

    createAlarm(this, 'WebhooksRefused', {
      metric: pipelineMetric('WebhooksRefused', prefix),
      description: `More than ${MANY_REFUSED} requests to ${PATH} were refused in five minutes. The log of receive-webhook says why: a signing secret that was changed on one side, or somebody who tries. No money moves by a webhook.`,
      above: MANY_REFUSED,
      topic: alarmTopic,
    });
    createAlarm(this, 'WebhooksUnready', {
      metric: pipelineMetric('WebhooksUnready', prefix),
      description: `Webhooks come and cannot be checked: put {"current": "..."} into the secret ${webhookSecret.name}. Escrows are looked at by their deadlines meanwhile.`,
      topic: alarmTopic,
    });
  }
}
