import { ArnFormat, CfnOutput, Duration, RemovalPolicy, Stack, Validations, type StackProps } from 'aws-cdk-lib';
import { AttributeType, BillingMode, ProjectionType, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { EventBus, Match } from 'aws-cdk-lib/aws-events';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { IStringParameter } from 'aws-cdk-lib/aws-ssm';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { BY_STATE_INDEX } from '../src/aws/intent-table.ts';
import { BY_DEADLINE_ATTRIBUTES, BY_DEADLINE_INDEX } from '../src/aws/mailbox-table.ts';
import { INCOMING, OWN_SOURCE, PUBLISHED } from '../src/events/catalogue.ts';
import type { Config } from './config.ts';
import { createAlarm, pipelineMetric } from './constructs/alarm.ts';
import { EventQueue } from './constructs/event-queue.ts';
import { Notifications } from './constructs/notifications.ts';
import { PipelineFunction } from './constructs/pipeline-function.ts';
import { StopSwitch } from './constructs/stop-switch.ts';
import { PredictionSender } from './constructs/prediction-sender.ts';
import { ofOwnAccount } from './grants.ts';
import { createStageKeys, type StageKeys } from './key-sources.ts';
import { prefixOf, webhookSecretName } from './names.ts';
import type { Policies } from './policies.ts';

/** The secret that webhooks are signed with, and the name that functions read it by. */
export interface WebhookSecret {
  readonly name: string;
  readonly secret: Secret;
}

/** What the flows share: key, secret, bus, ledger, mailbox, topics. It outlives them. */
export class FoundationStack extends Stack {
  readonly prefix: string;
  readonly key: Key;
  /** The keys of Purple Flea, by what they are for. */
  readonly keys: StageKeys;
  /** What Purple Flea signs webhooks with; only where the stage takes webhooks. */
  readonly webhookSecret: WebhookSecret | undefined;
  readonly bus: EventBus;
  readonly intents: Table;
  readonly mailbox: Table;
  /** The one switch over all money: `running`, `reducing` or `halted`. */
  readonly stop: IStringParameter;
  /** What functions that call any of Purple Flea's services are told. */
  readonly purpleFleaEnvironment: Readonly<Record<string, string>>;
  /** What every function that sends effects is told of the ledger. */
  readonly ledgerEnvironment: Readonly<Record<string, string>>;
  /** What it decides by. */
  readonly ledgerPolicies: Pick<Policies, 'budgets'>;
  readonly alarmTopic: Topic;

  constructor(scope: Construct, id: string, { config, ...props }: StackProps & { readonly config: Config }) {
    super(scope, id, props);
    this.prefix = prefixOf(config.stage);
    // What is kept has a fixed name: a first deployment that fails removes it again, or the second would meet it.
    const removalPolicy = config.retainData ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY;

    this.key = new Key(this, 'Key', {
      alias: this.prefix,
      description: `Data of ${this.prefix} at rest`,
      enableKeyRotation: true,
      removalPolicy,
    });
    // Rules put events into encrypted queues, rules and alarms put lines into encrypted topics; those of other accounts may not.
    for (const service of ['cloudwatch.amazonaws.com', 'events.amazonaws.com']) {
      this.key.grantEncryptDecrypt(ofOwnAccount(this, service));
    }

    this.keys = createStageKeys(this, config, { key: this.key, removalPolicy });
    this.webhookSecret = config.webhooks.enabled ? this.addWebhookSecret(config, removalPolicy) : undefined;

    this.bus = new EventBus(this, 'Bus', { eventBusName: this.prefix });
    this.bus.archive('Archive', {
      archiveName: this.prefix,
      description: 'Every event of the pipeline, for a year',
      eventPattern: { source: Match.prefix('') },
      retention: Duration.days(365),
    });

    const tableProps = {
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: this.key,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: config.retainData,
      removalPolicy,
    };
    this.intents = new Table(this, 'Intents', {
      ...tableProps,
      tableName: `${this.prefix}-intents`,
      partitionKey: { name: 'key', type: AttributeType.STRING },
    });
    this.intents.addGlobalSecondaryIndex({
      indexName: BY_STATE_INDEX,
      partitionKey: { name: 'state', type: AttributeType.STRING },
      sortKey: { name: 'updatedAt', type: AttributeType.STRING },
    });
    this.mailbox = new Table(this, 'Mailbox', {
      ...tableProps,
      tableName: `${this.prefix}-mailbox`,
      partitionKey: { name: 'address', type: AttributeType.STRING },
      sortKey: { name: 'item', type: AttributeType.STRING },
      timeToLiveAttribute: 'removeAt',
    });
    this.mailbox.addGlobalSecondaryIndex({
      indexName: BY_DEADLINE_INDEX,
      partitionKey: { name: 'waiting', type: AttributeType.STRING },
      sortKey: { name: 'deadlineAt', type: AttributeType.STRING },
      projectionType: ProjectionType.INCLUDE,
      nonKeyAttributes: [...BY_DEADLINE_ATTRIBUTES],
    });

    this.alarmTopic = new Topic(this, 'Alarms', {
      topicName: `${this.prefix}-alarms`,
      masterKey: this.key,
      enforceSSL: true,
    });
    // A policy of its own takes the place of the default one, by which the account's alarms may publish.
    this.alarmTopic.addToResourcePolicy(
      new PolicyStatement({
        actions: ['sns:Publish'],
        principals: [ofOwnAccount(this, 'cloudwatch.amazonaws.com')],
        resources: [this.alarmTopic.topicArn],
        conditions: {
          ArnLike: {
            'aws:SourceArn': this.formatArn({
              service: 'cloudwatch',
              resource: 'alarm',
              resourceName: '*',
              arnFormat: ArnFormat.COLON_RESOURCE_NAME,
            }),
          },
        },
      }),
    );
    if (config.alarmEmail !== undefined) this.alarmTopic.addSubscription(new EmailSubscription(config.alarmEmail));

    const { topic: notifications } = new Notifications(this, 'Notifications', {
      stage: config.stage,
      bus: this.bus,
      key: this.key,
      email: config.alarmEmail,
      tellsOrders: config.notifications.orders,
      chat: config.chat,
      alarmTopic: this.alarmTopic,
    });

    this.stop = new StopSwitch(this, 'Stop', { prefix: this.prefix, stage: config.stage, removalPolicy }).parameter;
    const { escrow, trading, wallet, faucet, connectTimeoutMs, requestTimeoutMs } = config.purpleFlea;
    this.purpleFleaEnvironment = {
      AGENT_ID: config.purpleFlea.agentId,
      INTENT_TABLE: this.intents.tableName,
      PACE_PERCENT: String(config.purpleFlea.pacePercent),
      ESCROW_SERVICE: JSON.stringify(escrow),
      TRADING_SERVICE: JSON.stringify(trading),
      WALLET_SERVICE: JSON.stringify(wallet),
      FAUCET_SERVICE: JSON.stringify(faucet),
      CONNECT_TIMEOUT_MS: String(connectTimeoutMs),
      REQUEST_TIMEOUT_MS: String(requestTimeoutMs),
    };
    this.ledgerEnvironment = {
      INTENT_TABLE: this.intents.tableName,
      STOP_PARAMETER: this.stop.parameterName,
    };
    this.ledgerPolicies = { budgets: config.budgets };
    new PredictionSender(this, 'PredictionSender', { prefix: this.prefix, bus: this.bus });
    this.addLedgerAlarms(config.stage);
    this.addRejectEvent();
    this.createTablesLast();
    new CfnOutput(this, 'BusName', { value: this.bus.eventBusName });
    new CfnOutput(this, 'NotificationTopicArn', { value: notifications.topicArn });
    new CfnOutput(this, 'SecretName', { value: config.secretName });
    if (this.webhookSecret !== undefined) {
      new CfnOutput(this, 'WebhookSecretName', { value: this.webhookSecret.name });
    }
    new CfnOutput(this, 'IntentTableName', { value: this.intents.tableName });
    new CfnOutput(this, 'MailboxTableName', { value: this.mailbox.tableName });
    new CfnOutput(this, 'StopParameterName', { value: this.stop.parameterName });
  }

  /** A rollback cannot remove a table that is protected against deletion: what may fail has to be created before. */
  private createTablesLast(): void {
    const tables: readonly Construct[] = [this.intents, this.mailbox];
    const others = this.node.children.filter((child) => child instanceof Construct && !tables.includes(child));
    for (const table of tables) table.node.addDependency(...others);
  }

  /** It has no usable value until a person puts one: until then no webhook is taken. */
  private addWebhookSecret(config: Config, removalPolicy: RemovalPolicy): WebhookSecret {
    const name = webhookSecretName(config.secretName);
    const secret = new Secret(this, 'WebhookSecret', {
      secretName: name,
      description: 'What Purple Flea signs webhooks with: JSON with current and, during rotation, previous',
      encryptionKey: this.key,
      generateSecretString: { secretStringTemplate: '{}', generateStringKey: 'replaceThisValue' },
      removalPolicy,
    });
    Validations.of(secret).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason: 'Purple Flea signs with it, so both sides change at once: a person puts current and previous.',
    });
    return { name, secret };
  }

  private addLedgerAlarms(stage: string): void {
    createAlarm(this, 'IntentsManual', {
      metric: pipelineMetric('IntentsManual', this.prefix, 'Maximum'),
      description: `Money in doubt: npm run intents -- list --stage ${stage}, look at Purple Flea, then decide. Nothing is sent again by itself. The alarm ends when all are decided.`,
      topic: this.alarmTopic,
    });
    this.addWaitingAlarms(stage);
    createAlarm(this, 'PublishFailures', {
      metric: pipelineMetric('PublishFailures', this.prefix),
      description: 'Something was done and recorded, but its event did not reach the bus. The log lines name it.',
      topic: this.alarmTopic,
    });
  }

  /** What everything waits for, and goes on by itself once it is mended. */
  private addWaitingAlarms(stage: string): void {
    createAlarm(this, 'SecretsUnusable', {
      metric: pipelineMetric('SecretsUnusable', this.prefix),
      description:
        'A secret with keys cannot be read, has no usable value, or Purple Flea refuses its key (401): the log lines name it. Put the right value with aws secretsmanager put-secret-value. What needs it waits, ends nothing, and goes on within 15 minutes.',
      topic: this.alarmTopic,
    });
    createAlarm(this, 'ServiceFailures', {
      metric: pipelineMetric('ServiceFailures', this.prefix),
      description:
        'For a quarter of an hour Purple Flea could not be reached or failed. Effects wait and go on by themselves; see whether its status page knows, or whether its address in the configuration is wrong.',
      above: 2,
      periods: 3,
      topic: this.alarmTopic,
    });
    createAlarm(this, 'EscrowsUnread', {
      metric: pipelineMetric('EscrowsUnread', this.prefix).with({ period: Duration.minutes(30) }),
      description:
        'For an hour an open escrow could not be read, so nothing is decided about it: the log lines "escrow not read" name it and the reason. It is read again by itself. If Purple Flea no longer knows it, look at its execution.',
      periods: 2,
      topic: this.alarmTopic,
    });
    createAlarm(this, 'IntentsWaiting', {
      metric: pipelineMetric('IntentsWaiting', this.prefix, 'Maximum'),
      description: `Effects have waited for an hour to be sent: npm run intents -- list --state prepared --stage ${stage} says for what (waitsFor, reason). The stop? A secret? Purple Flea? They go on by themselves, and end when they expire.`,
      topic: this.alarmTopic,
    });
    createAlarm(this, 'DecisionsMissed', {
      metric: pipelineMetric('DecisionsMissed', this.prefix),
      description:
        'Silence settled an escrow before what was decided about it could be sent: its execution says what was decided, and why it had to wait. Settle the difference with the counterparty.',
      topic: this.alarmTopic,
    });
  }

  private addRejectEvent(): void {
    const unknownEvents = new EventQueue(this, 'UnknownEvents', {
      name: 'unknown-events',
      prefix: this.prefix,
      key: this.key,
      bus: this.bus,
      pattern: {
        detailType: Match.anythingBut(...new Set([...Object.values(INCOMING), ...Object.keys(PUBLISHED)])),
      },
      alarmTopic: this.alarmTopic,
    });
    const rejectEvent = new PipelineFunction(this, {
      lambda: 'reject-event',
      prefix: this.prefix,
      timeout: Duration.seconds(30),
      environment: unknownEvents.environment,
      alarmTopic: this.alarmTopic,
    });
    // What the pipeline says of itself counts under its own source alone.
    unknownEvents.addSource({
      name: 'foreign-events',
      bus: this.bus,
      pattern: {
        source: Match.anythingBut(OWN_SOURCE),
        detailType: Object.keys(PUBLISHED).filter((type) => type !== INCOMING.inferenceCompleted),
      },
    });
    unknownEvents.feed(rejectEvent, 10);
  }
}
