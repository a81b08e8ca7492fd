import { describe, expect, test } from '@jest/globals';
import { loadConfig } from '../../lib/config.ts';
import { STAGES } from '../../lib/stages.ts';
import {
  ACCOUNT,
  alarmTopicOf,
  listed,
  REGION,
  synthesizeStage,
  type PolicyProperties,
  type Resource,
  type SynthesizedStage,
} from '../support/synthesized-stage.ts';

function only<Properties>(stage: SynthesizedStage, type: string): Resource<Properties> {
  const [found, ...others] = stage.resources<Properties>(type);
  if (found === undefined || others.length > 0) throw new Error(`expected one ${type}`);
  return found;
}

interface TableProperties {
  readonly TableName: string;
  readonly AttributeDefinitions: unknown;
  readonly KeySchema: unknown;
  readonly GlobalSecondaryIndexes: unknown;
  readonly TimeToLiveSpecification?: unknown;
  readonly DeletionProtectionEnabled?: boolean;
}

interface AlarmProperties {
  readonly AlarmDescription: string;
  readonly AlarmActions?: readonly string[];
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: readonly { readonly Name: string; readonly Value: string }[];
  readonly Statistic: string;
  readonly Threshold: number;
  readonly Period: number;
  readonly EvaluationPeriods: number;
  readonly ComparisonOperator: string;
  readonly TreatMissingData: string;
}

type Document = PolicyProperties['PolicyDocument'];

const key = (name: string, type: 'HASH' | 'RANGE') => ({ AttributeName: name, KeyType: type });
const strings = (...names: string[]) => names.map((AttributeName) => ({ AttributeName, AttributeType: 'S' }));

const ARCHIVE = 'AWS::Events::Archive';
const ROOT = { AWS: `arn:aws:iam::${ACCOUNT}:root` };

describe.each(STAGES)('the foundation of stage %s', (stageName) => {
  const stage = synthesizeStage(stageName);
  const { prefix } = stage;
  const kept = stageName !== 'local';
  const takesWebhooks = loadConfig(stageName).webhooks.enabled;
  const keyArn = only(stage, 'AWS::KMS::Key').arn;

  test('has one key, rotated every year, under an alias', () => {
    expect(only(stage, 'AWS::KMS::Key').properties).toMatchObject({ EnableKeyRotation: true });
    expect(only(stage, 'AWS::KMS::Alias').properties).toEqual({ AliasName: `alias/${prefix}`, TargetKeyId: keyArn });
  });

  test('lets the account administer the key, and EventBridge, CloudWatch and Secrets Manager use it', () => {
    const { KeyPolicy } = only<{ KeyPolicy: PolicyProperties['PolicyDocument'] }>(stage, 'AWS::KMS::Key').properties;

    expect(
      KeyPolicy.Statement.map(({ Effect, Action, Principal, Condition }) => [
        Effect,
        listed(Action).join(' '),
        Principal,
        Condition,
      ]),
    ).toEqual([
      ['Allow', 'kms:*', ROOT, undefined],
      [
        'Allow',
        'kms:Decrypt kms:Encrypt kms:GenerateDataKey* kms:ReEncrypt*',
        { Service: ['cloudwatch.amazonaws.com', 'events.amazonaws.com'] },
        { StringEquals: { 'aws:SourceAccount': ACCOUNT } },
      ],
      [
        'Allow',
        'kms:CreateGrant kms:Decrypt kms:DescribeKey kms:Encrypt kms:GenerateDataKey* kms:ReEncrypt*',
        ROOT,
        { StringEquals: { 'kms:ViaService': `secretsmanager.${REGION}.amazonaws.com` } },
      ],
    ]);
  });

  test('makes the secret by name under the key, and its template holds no API key', () => {
    const secrets = stage
      .resources<{ Name: string; GenerateSecretString: { SecretStringTemplate: string; GenerateStringKey: string } }>(
        'AWS::SecretsManager::Secret',
      )
      .map(({ properties }) => properties);
    const made = secrets.map(({ Name, GenerateSecretString: { SecretStringTemplate, GenerateStringKey } }) => [
      Name,
      JSON.parse(SecretStringTemplate) as unknown,
      GenerateStringKey,
    ]);

    expect(made).toEqual([
      [loadConfig(stageName).secretName, { agentId: '' }, 'replaceThisValue'],
      ...(takesWebhooks ? [['PurpleFleaApiKeyWebhook', {}, 'replaceThisValue']] : []),
    ]);
    for (const properties of secrets) {
      expect(properties).toMatchObject({ KmsKeyId: keyArn });
      expect(properties).not.toHaveProperty('SecretString');
    }
  });

  test('has one switch over all money: it stands on running, takes three positions, and is named by an output', () => {
    const { properties } = only<{ Name: string; AllowedPattern: string }>(stage, 'AWS::SSM::Parameter');
    const allowed = new RegExp(properties.AllowedPattern);

    expect(properties).toMatchObject({ Name: `/${prefix}/stop`, Type: 'String', Value: 'running' });
    expect(['running', 'reducing', 'halted'].filter((mode) => !allowed.test(mode))).toEqual([]);
    expect(
      ['', 'Running', 'stop', 'halted ', 'not running', 'running|halted'].filter((text) => allowed.test(text)),
    ).toEqual([]);
    expect(stage.outputs.get('StopParameterName')).toBe(`/${prefix}/stop`);
  });

  test('has one bus', () => {
    expect(only(stage, 'AWS::Events::EventBus').properties).toMatchObject({ Name: prefix });
  });

  test.each([
    [
      'intents',
      {
        AttributeDefinitions: strings('key', 'state', 'updatedAt'),
        KeySchema: [key('key', 'HASH')],
        GlobalSecondaryIndexes: [
          {
            IndexName: 'by-state',
            KeySchema: [key('state', 'HASH'), key('updatedAt', 'RANGE')],
            Projection: { ProjectionType: 'ALL' },
          },
        ],
        TimeToLiveSpecification: undefined,
      },
    ],
    [
      'mailbox',
      {
        AttributeDefinitions: strings('address', 'item', 'waiting', 'deadlineAt'),
        KeySchema: [key('address', 'HASH'), key('item', 'RANGE')],
        GlobalSecondaryIndexes: [
          {
            IndexName: 'by-deadline',
            KeySchema: [key('waiting', 'HASH'), key('deadlineAt', 'RANGE')],
            Projection: {
              ProjectionType: 'INCLUDE',
              NonKeyAttributes: ['taskToken', 'escrowId', 'status', 'notBefore'],
            },
          },
        ],
        TimeToLiveSpecification: { AttributeName: 'removeAt', Enabled: true },
      },
    ],
  ])('has the table %s with its keys, index and expiry', (name, expected) => {
    const table = stage
      .resources<TableProperties>('AWS::DynamoDB::Table')
      .find(({ properties }) => properties.TableName === `${prefix}-${name}`)?.properties;

    expect({
      AttributeDefinitions: table?.AttributeDefinitions,
      KeySchema: table?.KeySchema,
      GlobalSecondaryIndexes: table?.GlobalSecondaryIndexes,
      TimeToLiveSpecification: table?.TimeToLiveSpecification,
    }).toEqual(expected);
  });

  test('has no other table, and keeps all of them recoverable, under the key and paid by request', () => {
    const tables = stage.resources<TableProperties>('AWS::DynamoDB::Table');

    expect(tables.map(({ properties }) => properties.TableName)).toEqual([`${prefix}-intents`, `${prefix}-mailbox`]);
    for (const { properties } of tables) {
      expect(properties).toMatchObject({
        BillingMode: 'PAY_PER_REQUEST',
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        SSESpecification: { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: keyArn },
      });
    }
  });

  test(`${kept ? 'keeps' : 'removes'} tables, key, secret and stop when the stacks go; what a failed first deployment made goes with it`, () => {
    const data = ['AWS::DynamoDB::Table', 'AWS::KMS::Key', 'AWS::SecretsManager::Secret', 'AWS::SSM::Parameter'];

    const policies = data.flatMap((type) => stage.resources(type).map(({ deletionPolicy }) => deletionPolicy));

    expect(new Set(policies)).toEqual(new Set([kept ? 'RetainExceptOnCreate' : 'Delete']));
    for (const { properties } of stage.resources<TableProperties>('AWS::DynamoDB::Table')) {
      expect(properties.DeletionProtectionEnabled ?? false).toBe(kept);
    }
  });

  test('lets no service act for another account', () => {
    const documents = [
      ...stage.resources<{ KeyPolicy: Document }>('AWS::KMS::Key').map(({ properties }) => properties.KeyPolicy),
      ...['AWS::SNS::TopicPolicy', 'AWS::SQS::QueuePolicy'].flatMap((type) =>
        stage.resources<PolicyProperties>(type).map(({ properties }) => properties.PolicyDocument),
      ),
      ...stage
        .resources<{ AssumeRolePolicyDocument: Document }>('AWS::IAM::Role')
        .map(({ properties }) => properties.AssumeRolePolicyDocument),
    ];
    const open = documents
      .flatMap(({ Statement }) => Statement)
      .filter(({ Effect }) => Effect === 'Allow')
      .filter(({ Principal }) => typeof Principal === 'object' && Principal !== null && 'Service' in Principal)
      .filter(({ Condition }) => !JSON.stringify(Condition ?? {}).includes(ACCOUNT))
      .map(({ Principal }) => (Principal as { Service: string }).Service);

    // Lambda assumes a role only for functions that the account gave it to.
    expect(new Set(open)).toEqual(new Set(['lambda.amazonaws.com']));
  });

  test('makes tables after all that may fail: a rollback cannot remove those that are protected', () => {
    const tables = stage.resources('AWS::DynamoDB::Table');
    const others = ['AWS::SecretsManager::Secret', 'AWS::KMS::Alias', 'AWS::SNS::Topic', 'AWS::SSM::Parameter'];
    const before = ['AWS::Events::EventBus', 'AWS::SQS::Queue', ...others].flatMap((type) =>
      stage
        .resources(type)
        .filter((other) => other.stack === `${prefix}-foundation`)
        .map(({ logicalId }) => logicalId),
    );

    for (const { dependsOn } of tables) expect(dependsOn).toEqual(expect.arrayContaining(before));
  });

  test('has an encrypted topic that the alarms of the account may publish to, over TLS alone', () => {
    const topic = alarmTopicOf(stage);
    const [policy] = stage
      .resources<PolicyProperties>('AWS::SNS::TopicPolicy')
      .map(({ properties }) => properties)
      .filter(({ Topics }) => Topics?.[0] === topic.arn);

    expect(topic.properties).toMatchObject({ TopicName: `${prefix}-alarms`, KmsMasterKeyId: keyArn });
    expect(policy?.Topics).toEqual([topic.arn]);
    expect(policy?.PolicyDocument.Statement).toEqual([
      expect.objectContaining({
        Effect: 'Deny',
        Action: 'sns:Publish',
        Principal: '*',
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      }),
      expect.objectContaining({
        Effect: 'Allow',
        Action: 'sns:Publish',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Resource: topic.arn,
        Condition: {
          ArnLike: { 'aws:SourceArn': `arn:aws:cloudwatch:${REGION}:${ACCOUNT}:alarm:*` },
          StringEquals: { 'aws:SourceAccount': ACCOUNT },
        },
      }),
    ]);
  });

  test('tells people of everything that only a person can mend', () => {
    const alarms = stage.resources<AlarmProperties>('AWS::CloudWatch::Alarm').map(({ properties }) => properties);
    const own = alarms.filter(({ Namespace }) => Namespace === 'PurpleFlea');

    expect(
      own
        .map(({ MetricName, Statistic, Threshold, Period, EvaluationPeriods, ComparisonOperator }) => {
          const minutes = (Period * EvaluationPeriods) / 60;
          const sign = ComparisonOperator === 'LessThanThreshold' ? '<' : '>';
          return `${Statistic} of ${MetricName} ${sign} ${Threshold} for ${minutes} min`;
        })
        .toSorted(),
    ).toEqual([
      'Maximum of DailyLossUsedPercent > 99 for 5 min',
      'Maximum of DeadlineLagSeconds > 300 for 5 min',
      'Maximum of IntentsInDoubt > 0 for 60 min',
      'Maximum of IntentsManual > 0 for 5 min',
      'Maximum of IntentsWaiting > 0 for 5 min',
      'Maximum of WatchLagSeconds > 3600 for 5 min',
      'Sum of DecisionsMissed > 0 for 5 min',
      'Sum of EscrowsUnread > 0 for 60 min',
      'Sum of LedgerDrifts > 0 for 5 min',
      'Sum of LedgerReconciled < 1 for 2880 min',
      'Sum of MetricImplausible > 0 for 5 min',
      'Sum of MetricMissing > 0 for 5 min',
      'Sum of PastSkipped > 0 for 5 min',
      'Sum of PublishFailures > 0 for 5 min',
      'Sum of SecretsUnusable > 0 for 5 min',
      'Sum of ServiceFailures > 2 for 15 min',
      'Sum of SignalsStale > 2 for 60 min',
      'Sum of TradingUnready > 0 for 5 min',
      ...(takesWebhooks ? ['Sum of WebhooksRefused > 50 for 5 min', 'Sum of WebhooksUnready > 0 for 5 min'] : []),
    ]);
    const service = { Name: 'service', Value: prefix };
    for (const { MetricName, Dimensions } of own) {
      const mode = { Name: 'Mode', Value: loadConfig(stageName).trading.mode };
      expect(Dimensions).toEqual(MetricName === 'DailyLossUsedPercent' ? [mode, service] : [service]);
    }
  });

  test('gives every alarm the topic, a text to act on, and silence where there is no data, unless that is what it is for', () => {
    const alarms = stage.resources<AlarmProperties>('AWS::CloudWatch::Alarm');

    expect(alarms.length).toBeGreaterThan(0);
    for (const { properties } of alarms) {
      const isForAbsence = properties.MetricName === 'LedgerReconciled';
      expect(properties).toMatchObject({
        AlarmActions: [alarmTopicOf(stage).arn],
        ComparisonOperator: isForAbsence ? 'LessThanThreshold' : 'GreaterThanThreshold',
        TreatMissingData: isForAbsence ? 'breaching' : 'notBreaching',
      });
      expect(properties.AlarmDescription.length).toBeGreaterThan(40);
    }
  });

  if (stageName === 'local') {
    test('leaves out the archive and the alarm over several metrics, which the local AWS cannot create, and says so', () => {
      expect(stage.resources(ARCHIVE)).toEqual([]);
      expect(stage.said).toBe(
        [
          `${ARCHIVE} ${prefix}-foundation/Bus/Archive/Archive`,
          `AWS::CloudWatch::Alarm ${prefix}-trading/SkipRate/Resource`,
        ]
          .map((left) => `local: left out ${left}\n`)
          .join(''),
      );
    });
  } else {
    test('archives every event of the bus for a year', () => {
      expect(only(stage, ARCHIVE).properties).toMatchObject({
        ArchiveName: prefix,
        SourceArn: only(stage, 'AWS::Events::EventBus').arn,
        EventPattern: { source: [{ prefix: '' }] },
        RetentionDays: 365,
      });
      expect(stage.said).toBe('');
    });
  }
});
