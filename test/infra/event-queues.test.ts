import { describe, expect, test } from '@jest/globals';
import { loadConfig } from '../../lib/config.ts';
import { STAGES } from '../../lib/stages.ts';
import { INCOMING, PUBLISHED } from '../../src/events/catalogue.ts';
import {
  ACCOUNT,
  REGION,
  alarmTopicOf,
  synthesizeStage,
  topicOf,
  type PolicyProperties,
  type Resource,
  type SynthesizedStage,
} from '../support/synthesized-stage.ts';

interface QueueProperties {
  readonly QueueName: string;
  readonly KmsMasterKeyId?: string;
  readonly RedrivePolicy?: { readonly deadLetterTargetArn: string; readonly maxReceiveCount: number };
  readonly VisibilityTimeout?: number;
  readonly FifoQueue?: boolean;
  readonly ContentBasedDeduplication?: boolean;
  readonly MessageRetentionPeriod?: number;
}

interface RuleProperties {
  readonly Name: string;
  readonly EventBusName: string;
  readonly EventPattern: unknown;
  readonly State: string;
  readonly Targets: readonly { readonly Arn: string; readonly SqsParameters?: unknown }[];
}

interface MappingProperties {
  readonly EventSourceArn: string;
  readonly FunctionName: string;
  readonly BatchSize: number;
  readonly FunctionResponseTypes?: readonly string[];
}

interface AlarmProperties {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: readonly { readonly Name: string; readonly Value: string }[];
  readonly Threshold: number;
  readonly AlarmActions?: readonly string[];
}

const queuesOf = (stage: SynthesizedStage) => stage.resources<QueueProperties>('AWS::SQS::Queue');
const mappingsOf = (stage: SynthesizedStage) => stage.resources<MappingProperties>('AWS::Lambda::EventSourceMapping');

function queueAt(stage: SynthesizedStage, arn = ''): Resource<QueueProperties> {
  const queue = queuesOf(stage).find((candidate) => candidate.arn === arn);
  if (queue === undefined) throw new Error(`no queue "${arn}"`);
  return queue;
}

function queueNamed(stage: SynthesizedStage, name: string): Resource<QueueProperties> {
  const arn = queuesOf(stage).find(({ properties }) => properties.QueueName === `${stage.prefix}-${name}`)?.arn;
  return queueAt(stage, arn);
}

function alarmsOn(stage: SynthesizedStage, queueName: string, metric: string): AlarmProperties[] {
  return stage
    .resources<AlarmProperties>('AWS::CloudWatch::Alarm')
    .map(({ properties }) => properties)
    .filter(({ Namespace, MetricName }) => Namespace === 'AWS/SQS' && MetricName === metric)
    .filter(({ Dimensions }) => Dimensions.some(({ Value }) => Value === queueName));
}

/**
 * There is no maintained library for Node that matches events as EventBridge does, so the patterns are compared whole:
 * a field more, a field less or a word misspelt is seen.
 */
const TRADE_SIGNALS = ['inference.completed', 'price.alert'];

/** Of the default bus only what happened here: events of other accounts can be sent to it. */
const HOME = { account: [ACCOUNT], region: [REGION] };

const ROUTES = [
  {
    queue: 'training-events',
    bus: 'default',
    pattern: {
      ...HOME,
      source: ['aws.sagemaker'],
      'detail-type': ['SageMaker Training Job State Change'],
      detail: { TrainingJobStatus: ['Completed'] },
    },
    handler: 'start-bonus',
    batchSize: 5,
  },
  {
    queue: 'escrow-requests',
    bus: 'pipeline',
    pattern: { 'detail-type': ['escrow.requested'] },
    handler: 'start-escrows',
    batchSize: 5,
  },
  {
    queue: 'signals',
    bus: 'pipeline',
    pattern: { 'detail-type': ['escrow.delivered', 'escrow.approved', 'escrow.rejected'] },
    handler: 'record-signal',
    batchSize: 5,
  },
  {
    queue: 'trade-signals.fifo',
    bus: 'pipeline',
    pattern: {
      'detail-type': TRADE_SIGNALS,
      detail: { asset: [{ exists: false }, { 'anything-but': ['BTC-USDC', 'ETH-USDC', 'SOL-USDC'] }] },
    },
    handler: 'place-trade',
    batchSize: 1,
  },
  {
    queue: 'unknown-events',
    bus: 'pipeline',
    pattern: {
      'detail-type': [
        {
          'anything-but': [
            'inference.completed',
            'price.alert',
            'escrow.requested',
            'escrow.delivered',
            'escrow.approved',
            'escrow.rejected',
            'bonus.started',
            'bonus.skipped',
            'escrow.started',
            'escrow.skipped',
            'escrow.locked',
            'escrow.completed',
            'escrow.reviewed',
            'escrow.released',
            'escrow.disputed',
            'escrow.refunded',
            'escrow.auto-released',
            'trade.placed',
            'trade.skipped',
            'trade.manual',
            'intent.settled',
            'intent.retried',
            'intent.parked',
            'ledger.drifted',
            'ledger.reconciled',
          ],
        },
      ],
    },
    handler: 'reject-event',
    batchSize: 10,
  },
] as const;

/** Where the stage has an asynchronous endpoint; stage local has one. */
const INFERENCES = {
  queue: 'inferences-eth',
  bus: 'default',
  pattern: {
    ...HOME,
    source: ['aws.s3'],
    'detail-type': ['Object Created'],
    detail: {
      bucket: { name: ['purple-flea-local-inferences'] },
      object: { key: [{ prefix: 'answers/' }, { prefix: 'failures/' }] },
    },
  },
  handler: 'read-inference-eth',
  batchSize: 5,
} as const;

/** What else goes into the queue of signals, from SageMaker: nothing of endpoints where none is configured. */
function sageMakerSignalsOf(endpoints: readonly string[]) {
  return [
    {
      rule: 'model-packages',
      pattern: {
        ...HOME,
        source: ['aws.sagemaker'],
        'detail-type': ['SageMaker Model Package State Change'],
        detail: { ModelApprovalStatus: ['Approved', 'Rejected'] },
      },
    },
    {
      rule: 'endpoints',
      pattern: {
        ...HOME,
        source: ['aws.sagemaker'],
        'detail-type': ['SageMaker Endpoint State Change'],
        detail: { EndpointName: endpoints, EndpointStatus: ['IN_SERVICE', 'InService'] },
      },
    },
  ].slice(0, endpoints.length === 0 ? 1 : 2);
}

const ROUTED_TYPES: readonly string[] = ROUTES.flatMap(({ bus, pattern }) =>
  bus === 'pipeline' ? pattern['detail-type'].filter((type) => typeof type === 'string') : [],
);
const [{ 'anything-but': NOT_UNKNOWN }] = ROUTES[4].pattern['detail-type'];

describe('the patterns between them', () => {
  test('route every type that the pipeline acts on to one queue', () => {
    expect(ROUTED_TYPES.toSorted()).toEqual(Object.values(INCOMING).toSorted());
  });

  test('take for unknown all but what the pipeline acts on and what it says itself', () => {
    const known = new Set([...Object.values(INCOMING), ...Object.keys(PUBLISHED)]);

    expect(NOT_UNKNOWN.toSorted()).toEqual([...known].toSorted());
  });
});

describe.each(STAGES)('the event queues of stage %s', (stageName) => {
  const stage = synthesizeStage(stageName);
  const { prefix } = stage;
  const [key] = stage.resources('AWS::KMS::Key');
  const topic = alarmTopicOf(stage);
  const { bonus, trading } = loadConfig(stageName);
  const furtherRules = [
    {
      rule: 'foreign-events',
      queue: 'unknown-events',
      bus: 'pipeline' as const,
      pattern: {
        source: [{ 'anything-but': ['purple-flea-pipeline'] }],
        'detail-type': Object.keys(PUBLISHED).filter((type) => type !== 'inference.completed'),
      },
    },
    ...sageMakerSignalsOf(bonus.endpoints).map((one) => ({
      ...one,
      queue: 'signals',
      bus: 'default' as const,
    })),
    ...['BTC-USDC', 'ETH-USDC', 'SOL-USDC'].map((asset) => ({
      rule: `trade-signals-${asset.toLowerCase()}`,
      queue: 'trade-signals.fifo',
      bus: 'pipeline' as const,
      pattern: { 'detail-type': TRADE_SIGNALS, detail: { asset: [asset] } },
    })),
  ];
  const routes = trading.inferences.length === 0 ? ROUTES : [...ROUTES, INFERENCES];
  /** Of the jobs of others no event comes where the names alone tell them. */
  const namesOfJobs = bonus.rules.map(({ jobs }) => ({ prefix: jobs.prefix }));
  const patternOf = ({ queue, pattern }: (typeof ROUTES)[number] | typeof INFERENCES) =>
    queue === 'training-events' && namesOfJobs.length > 0
      ? { ...pattern, detail: { ...pattern.detail, TrainingJobName: namesOfJobs } }
      : pattern;
  const busNames = { default: 'default', pipeline: prefix };

  test.each(routes)('get what is meant for $queue by exactly this pattern, and nothing else', (route) => {
    const rules = stage
      .resources<RuleProperties>('AWS::Events::Rule')
      .map(({ properties }) => properties)
      .filter(({ Targets }) => Targets.some(({ Arn }) => stage.shorten(Arn) === `sqs:${route.queue}`));

    const rule = rules.find(({ Name }) => Name === `${prefix}-${route.queue.replace('.fifo', '')}`);
    const others = rules.filter((candidate) => candidate !== rule);
    const further = furtherRules.filter(({ queue }) => queue === route.queue);
    expect(rule).toMatchObject({ EventBusName: busNames[route.bus], State: 'ENABLED' });
    expect(rule?.EventPattern).toEqual(patternOf(route));
    expect(rules.map(({ Targets }) => Targets.length)).toEqual(rules.map(() => 1));
    const shown = others.map(({ Name, EventPattern, EventBusName }) => [Name, [EventPattern, EventBusName]]);
    expect(Object.fromEntries(shown)).toEqual(
      Object.fromEntries(further.map((one) => [`${prefix}-${one.rule}`, [one.pattern, busNames[one.bus]]])),
    );
    expect(others).toHaveLength(further.length);
  });

  test('are the only targets of the only rules, but for those that tell people', () => {
    const rules = stage.resources<RuleProperties>('AWS::Events::Rule');
    const telling = rules.filter(({ properties }) =>
      properties.Targets.every(({ Arn }) => Arn === topicOf(stage, 'notifications').arn),
    );

    expect(rules.length - telling.length).toBe(routes.length + furtherRules.length);
  });

  test.each(routes)('hand $queue to $handler alone, which reports failures one by one', (route) => {
    const mappings = mappingsOf(stage)
      .map(({ properties }) => properties)
      .filter(({ EventSourceArn }) => stage.shorten(EventSourceArn) === `sqs:${route.queue}`);

    expect(mappings).toEqual([
      expect.objectContaining({
        FunctionName: `${prefix}-${route.handler}`,
        BatchSize: route.batchSize,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
      }),
    ]);
  });

  test('are the only sources of messages', () => {
    expect(mappingsOf(stage)).toHaveLength(routes.length);
  });

  describe.each(routes.map(({ queue }) => queue))('%s', (name) => {
    const queue = queueNamed(stage, name);
    const deadLetters = queueAt(stage, queue.properties.RedrivePolicy?.deadLetterTargetArn);

    test('gives up what its function never gets through, to a queue that keeps it for 14 days', () => {
      // What merely waits is received again and again; the function gives up what fails.
      expect(queue.properties.RedrivePolicy?.maxReceiveCount).toBe(1000);
      expect(deadLetters.properties.QueueName).toBe(`${prefix}-${name.replace(/(\.fifo)?$/, '-dead$1')}`);
      expect(deadLetters.properties.MessageRetentionPeriod).toBe(14 * 24 * 3600);
      expect(deadLetters.properties.RedrivePolicy).toBeUndefined();
    });

    test('tells its consumer its own address, the dead-letter queue, and how often a message may fail', () => {
      const handler = routes.find((route) => route.queue === name)?.handler;
      const [variables] = stage
        .resources<{ FunctionName: string; Environment: { Variables: object } }>('AWS::Lambda::Function')
        .filter(({ properties }) => properties.FunctionName === `${prefix}-${handler}`)
        .map(({ properties }) => properties.Environment.Variables);

      expect(variables).toMatchObject({
        MAX_RECEIVES: '5',
        QUEUE_URL: expect.stringMatching(new RegExp(`/${queue.properties.QueueName}$`)),
        DEAD_LETTER_QUEUE_URL: expect.stringMatching(new RegExp(`/${deadLetters.properties.QueueName}$`)),
      });
    });

    test('hides a message for six times as long as its consumer may run; where order counts, for little longer', () => {
      const [mapping] = mappingsOf(stage).filter(({ properties }) => properties.EventSourceArn === queue.arn);
      const [consumer] = stage
        .resources<{ FunctionName: string; Timeout: number }>('AWS::Lambda::Function')
        .filter(({ properties }) => properties.FunctionName === mapping?.properties.FunctionName);

      const { FifoQueue, VisibilityTimeout } = queue.properties;
      const timeout = consumer?.properties.Timeout ?? Infinity;
      expect(VisibilityTimeout).toBeGreaterThanOrEqual(FifoQueue === true ? 1.5 * timeout : 6 * timeout);
      expect(VisibilityTimeout).toBeLessThanOrEqual(FifoQueue === true ? 90 : 360);
    });

    test('is encrypted with the key of the pipeline, and so is its dead-letter queue', () => {
      expect([queue, deadLetters].map(({ properties }) => properties.KmsMasterKeyId)).toEqual([key?.arn, key?.arn]);
    });

    test('refuses what does not come over TLS, and takes messages from rules of this account alone', () => {
      const statementsFor = ({ properties }: Resource<QueueProperties>) =>
        stage
          .resources<PolicyProperties>('AWS::SQS::QueuePolicy')
          .filter(({ properties: policy }) => policy.Queues?.some((url) => url.endsWith(`/${properties.QueueName}`)))
          .flatMap(({ properties: policy }) => policy.PolicyDocument.Statement);
      const tlsOnly = (arn: string | undefined) => ({
        Effect: 'Deny',
        Action: 'sqs:*',
        Principal: { AWS: '*' },
        Resource: arn,
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      });

      expect(statementsFor(deadLetters)).toEqual([tlsOnly(deadLetters.arn)]);
      expect(statementsFor(queue)).toEqual([
        tlsOnly(queue.arn),
        {
          Effect: 'Allow',
          Action: ['sqs:GetQueueAttributes', 'sqs:GetQueueUrl', 'sqs:SendMessage'],
          Principal: { Service: 'events.amazonaws.com' },
          Resource: queue.arn,
          Condition: { StringEquals: { 'aws:SourceAccount': ACCOUNT } },
        },
      ]);
    });

    test('alarms for the first message in the dead-letter queue and for one that waits half an hour', () => {
      const visible = alarmsOn(stage, deadLetters.properties.QueueName, 'ApproximateNumberOfMessagesVisible');
      const oldest = alarmsOn(stage, queue.properties.QueueName, 'ApproximateAgeOfOldestMessage');

      expect(visible.map(({ Threshold, AlarmActions }) => [Threshold, AlarmActions])).toEqual([[0, [topic.arn]]]);
      expect(oldest.map(({ Threshold, AlarmActions }) => [Threshold, AlarmActions])).toEqual([[1800, [topic.arn]]]);
    });
  });

  test('alarm where a rule cannot put its events into the queue', () => {
    const watched = stage
      .resources<AlarmProperties>('AWS::CloudWatch::Alarm')
      .map(({ properties }) => properties)
      .filter(({ MetricName, AlarmActions }) => MetricName === 'FailedInvocations' && AlarmActions?.[0] === topic.arn)
      .flatMap(({ Dimensions }) => Dimensions.filter(({ Name }) => Name === 'RuleName').map(({ Value }) => Value))
      .filter((rule) => !rule.startsWith(`${prefix}-notify-`));
    const queues = routes.map(({ queue }) => queue.replace('.fifo', ''));

    expect(watched.toSorted()).toEqual(
      [...queues, ...furtherRules.map(({ rule }) => rule)].map((name) => `${prefix}-${name}`).toSorted(),
    );
  });

  test('are all there are: each queue has a consumer or is the dead-letter queue of one that has', () => {
    const fed = mappingsOf(stage).map(({ properties }) => properties.EventSourceArn);
    const dead = fed.map((arn) => queueAt(stage, arn).properties.RedrivePolicy?.deadLetterTargetArn);

    expect(new Set(queuesOf(stage).map(({ arn }) => arn))).toEqual(new Set([...fed, ...dead]));
  });

  test('let one trade at a time happen in each market: a group for each, and no content twice', () => {
    const fifo = queuesOf(stage).filter(({ properties }) => properties.FifoQueue);
    const groups = stage
      .resources<RuleProperties>('AWS::Events::Rule')
      .map(({ properties }) => properties)
      .filter(({ Targets }) => Targets[0]?.Arn.endsWith('.fifo'))
      .map(({ Name, Targets }) => [Name, Targets[0]?.SqsParameters]);

    expect(fifo.map(({ properties }) => [properties.QueueName, properties.ContentBasedDeduplication])).toEqual([
      [`${prefix}-trade-signals-dead.fifo`, true],
      [`${prefix}-trade-signals.fifo`, true],
    ]);
    expect(Object.fromEntries(groups)).toEqual({
      [`${prefix}-trade-signals`]: { MessageGroupId: 'other' },
      [`${prefix}-trade-signals-btc-usdc`]: { MessageGroupId: 'market-BTC-USDC' },
      [`${prefix}-trade-signals-eth-usdc`]: { MessageGroupId: 'market-ETH-USDC' },
      [`${prefix}-trade-signals-sol-usdc`]: { MessageGroupId: 'market-SOL-USDC' },
    });
  });
});
