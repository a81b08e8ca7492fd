import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from '@jest/globals';
import { loadConfig } from '../../lib/config.ts';
import { STAGES, type Stage } from '../../lib/stages.ts';
import { buildPipeline } from '../../lib/pipeline.ts';
import { createApp, synthesizeStage } from '../support/synthesized-stage.ts';

/** The escrow stack of a stage with webhooks switched on or off, whatever its file says. */
function escrowStackOf(stageName: Stage, enabled: boolean): Template {
  const app = createApp({ builtinCloudFormationValidation: false });
  const { escrow } = buildPipeline(app, { ...loadConfig(stageName), webhooks: { enabled } }, { report: () => {} });
  return Template.fromStack(escrow);
}

test('only the local stage takes webhooks by itself: elsewhere a public address is a decision', () => {
  expect(STAGES.filter((stageName) => loadConfig(stageName).webhooks.enabled)).toEqual(['local']);
});

describe('a stage without webhooks', () => {
  test('has no public address, no function for it and no secret', () => {
    const stage = synthesizeStage('prod');

    expect(stage.text).not.toMatch(/ApiGateway|receive-webhook|PurpleFleaApiKeyWebhook/);
  });
});

describe.each(['dev', 'prod'] as const)('stage %s with webhooks', (stageName) => {
  const template = escrowStackOf(stageName, true);
  const prefix = `purple-flea-${stageName}`;
  const propertiesOf = (type: string) =>
    Object.values(template.findResources(type)).map((resource) => resource['Properties'] as Record<string, unknown>);

  test('has one HTTP API with one route, which is open to whoever signs', () => {
    expect(propertiesOf('AWS::ApiGatewayV2::Api')).toEqual([
      expect.objectContaining({ Name: `${prefix}-webhooks`, ProtocolType: 'HTTP' }),
    ]);
    expect(propertiesOf('AWS::ApiGatewayV2::Api')[0]).not.toHaveProperty('CorsConfiguration');
    expect(propertiesOf('AWS::ApiGatewayV2::Route')).toEqual([
      expect.objectContaining({ RouteKey: 'POST /webhooks/purple-flea', AuthorizationType: 'NONE' }),
    ]);
    expect(propertiesOf('AWS::ApiGatewayV2::Integration')).toEqual([
      expect.objectContaining({ IntegrationType: 'AWS_PROXY', PayloadFormatVersion: '2.0' }),
    ]);
  });

  test('takes ten requests a second and twenty at once', () => {
    expect(propertiesOf('AWS::ApiGatewayV2::Stage')).toEqual([
      expect.objectContaining({
        StageName: '$default',
        AutoDeploy: true,
        DefaultRouteSettings: { ThrottlingRateLimit: 10, ThrottlingBurstLimit: 20 },
      }),
    ]);
  });

  test('logs who asked and what they got, without a header or a body, for half a year', () => {
    const groups = propertiesOf('AWS::Logs::LogGroup').filter(
      ({ LogGroupName }) => LogGroupName === `/aws/vendedlogs/apigateway/${prefix}-webhooks`,
    );
    const [{ AccessLogSettings } = {}] = propertiesOf('AWS::ApiGatewayV2::Stage');
    const { Format } = AccessLogSettings as { Format: string };

    expect(groups.map(({ RetentionInDays }) => RetentionInDays)).toEqual([180]);
    expect(JSON.parse(Format)).toEqual({
      requestId: '$context.requestId',
      time: '$context.requestTime',
      ip: '$context.identity.sourceIp',
      route: '$context.routeKey',
      status: '$context.status',
      responseLength: '$context.responseLength',
      error: '$context.error.message',
    });
  });

  test('lets this API alone invoke the function, by this route', () => {
    const permissions = propertiesOf('AWS::Lambda::Permission');

    expect(permissions.map(({ Principal }) => Principal)).toEqual(['apigateway.amazonaws.com']);
    expect(JSON.stringify(permissions[0]?.['SourceArn'])).toMatch(/execute-api:.*"\/\*\/\*\/webhooks\/purple-flea"/);
  });

  test('says where webhooks go', () => {
    expect(JSON.stringify(template.findOutputs('WebhookUrl'))).toContain('/webhooks/purple-flea');
  });
});
