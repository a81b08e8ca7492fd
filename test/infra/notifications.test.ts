import { describe, expect, test } from '@jest/globals';
import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { STAGES } from '../../lib/stages.ts';
import { Notifications } from '../../lib/constructs/notifications.ts';
import type { Guard } from '../../src/escrow/gate.ts';
import { reviewDelivery } from '../../src/escrow/review.ts';
import { OWN_SOURCE, PUBLISHED } from '../../src/events/catalogue.ts';
import { aRequest, aView, ESCROW_ID, REFERENCE } from '../support/bonus-escrow.ts';
import {
  createApp,
  ACCOUNT,
  alarmTopicOf,
  REGION,
  synthesizeStage,
  topicOf,
  type PolicyProperties,
  type SynthesizedStage,
} from '../support/synthesized-stage.ts';

type Wanted = readonly (string | boolean | { readonly prefix: string })[];
interface RuleProperties {
  readonly Name: string;
  readonly EventBusName: string;
  readonly State: string;
  readonly EventPattern: {
    readonly source: readonly string[];
    readonly 'detail-type': readonly [string];
    readonly detail?: Readonly<Record<string, Wanted>>;
  };
  readonly Targets: readonly {
    readonly Arn: string;
    readonly RoleArn?: string;
    readonly InputTransformer: {
      readonly InputPathsMap: Readonly<Record<string, string>>;
      readonly InputTemplate: string;
    };
  }[];
}
type Detail = Readonly<Record<string, string | boolean | undefined>>;

function rulesOf(stage: SynthesizedStage): RuleProperties[] {
  const { arn } = topicOf(stage, 'notifications');
  return stage
    .resources<RuleProperties>('AWS::Events::Rule')
    .map(({ properties }) => properties)
    .filter(({ Targets }) => Targets.some(({ Arn }) => Arn === arn));
}

function isWanted(value: unknown, wanted: Wanted): boolean {
  return wanted.some((one) =>
    typeof one === 'object' ? typeof value === 'string' && value.startsWith(one.prefix) : one === value,
  );
}

/** The lines that an event of the pipeline makes, as EventBridge fills them in, by the names of their rules. */
function linesFor(stage: SynthesizedStage, type: string, detail: Detail): Readonly<Record<string, string>> {
  const taking = rulesOf(stage).filter(
    ({ EventPattern }) =>
      isWanted(OWN_SOURCE, EventPattern.source) &&
      isWanted(type, EventPattern['detail-type']) &&
      Object.entries(EventPattern.detail ?? {}).every(([name, wanted]) => isWanted(detail[name], wanted)),
  );
  return Object.fromEntries(
    taking.map(({ Name, Targets }) => [Name.replace(`${stage.prefix}-notify-`, ''), fillIn(Targets[0], detail)]),
  );
}

function fillIn(target: RuleProperties['Targets'][number] | undefined, detail: Detail): string {
  const { InputPathsMap = {}, InputTemplate = '' } = target?.InputTransformer ?? {};
  const text = InputTemplate.replaceAll(/<([^>]+)>/g, (_, name: string) => {
    const path = InputPathsMap[name] ?? '';
    if (!path.startsWith('$.detail.')) throw new Error(`<${name}> is not a field of the detail`);
    return String(detail[path.slice('$.detail.'.length)] ?? '');
  });
  return JSON.parse(text) as string;
}

/** What a review that asks a person says at some time, and what the guard does. */
function reviewAt(now: string, decidedBy: Guard['default'] = 'release') {
  const terms = {
    ...aRequest({ gate: { mode: 'person' }, guard: { alertHours: 2, default: decidedBy } }),
    reference: REFERENCE,
  };
  return { escrowId: ESCROW_ID, ...reviewDelivery([], aView(), terms, new Date(now)) };
}

const APPROVE = (stage: string) =>
  `npm run signal -- approve --escrow ${ESCROW_ID} --by NAME --reason TEXT --stage ${stage} (or reject)`;
const SHOW = (stage: string) => `npm run escrow -- show ${ESCROW_ID} --stage ${stage}`;
const WHY = 'the counterparty completed it, and nobody said that it is there';

describe.each(STAGES)('the notifications of stage %s', (stageName) => {
  const stage = synthesizeStage(stageName);
  const { prefix } = stage;
  const topic = topicOf(stage, 'notifications');

  test('have an encrypted topic that the rules beside it alone may publish to, over TLS alone', () => {
    const [policy] = stage
      .resources<PolicyProperties>('AWS::SNS::TopicPolicy')
      .map(({ properties }) => properties)
      .filter(({ Topics }) => Topics?.[0] === topic.arn);

    expect(topic.properties).toMatchObject({ KmsMasterKeyId: stage.resources('AWS::KMS::Key')[0]?.arn });
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
        Principal: { Service: 'events.amazonaws.com' },
        Resource: topic.arn,
        Condition: {
          ArnLike: { 'aws:SourceArn': `arn:aws:events:${REGION}:${ACCOUNT}:rule/${prefix}/${prefix}-notify-*` },
          StringEquals: { 'aws:SourceAccount': ACCOUNT },
        },
      }),
    ]);
    for (const { Name, EventBusName } of rulesOf(stage)) {
      expect(`rule/${EventBusName}/${Name}`).toMatch(new RegExp(`^rule/${prefix}/${prefix}-notify-[a-z-]+$`));
    }
  });

  test('are told by rules without a role, of events that the pipeline itself publishes', () => {
    const rules = rulesOf(stage);

    expect(rules.map(({ Name }) => Name.replace(`${prefix}-notify-`, '')).toSorted()).toEqual([
      'bonus-withheld',
      'decision-asked',
      'decision-late',
      'default-decided',
      'escrow-auto-released',
      'escrow-disputed',
      'escrow-refunded',
      'intent-parked',
      'ledger-drifted',
      'trade-manual',
      'trade-placed',
    ]);
    const types = rules.flatMap(({ EventPattern }) => EventPattern['detail-type']);
    expect(types.filter((type) => !Object.hasOwn(PUBLISHED, type))).toEqual([]);
    for (const { State, EventPattern, Targets } of rules) {
      expect(State).toBe('ENABLED');
      expect(EventPattern.source).toEqual([OWN_SOURCE]);
      expect(Targets.map(({ Arn, RoleArn }) => [Arn, RoleArn])).toEqual([[topic.arn, undefined]]);
    }
  });

  test('ask for a decision, once in time and once late, by a command to run', () => {
    expect(linesFor(stage, 'escrow.reviewed', reviewAt('2026-03-06T10:00:00Z'))).toEqual({
      'decision-asked': `Decide over escrow ${ESCROW_ID}: ${WHY}. Do: ${APPROVE(stageName)}. If nobody does, you are told again at 2026-03-13T07:00:00.000Z.`,
    });
    expect(linesFor(stage, 'escrow.reviewed', reviewAt('2026-03-13T07:00:00Z'))).toEqual({
      'decision-late': `LATE: decide over escrow ${ESCROW_ID}: ${WHY}. Do: ${APPROVE(stageName)}. If nobody does, the default decides at 2026-03-13T08:30:00.000Z.`,
    });
  });

  test.each(['release', 'dispute', 'let-lapse'] as const)('say that the default decided: %s', (decision) => {
    expect(linesFor(stage, 'escrow.reviewed', reviewAt('2026-03-13T08:30:00Z', decision))).toEqual({
      'default-decided': `The default decided over escrow ${ESCROW_ID}: ${decision}; nobody decided until 2026-03-13T08:30:00.000Z; silence refunds it at 2026-03-13T09:00:00.000Z. See: ${SHOW(stageName)}.`,
    });
  });

  test('name job and rule where a bonus was withheld for its metric, and say nothing of what earned none', () => {
    const skipped = (reason: string) => ({
      trainingJobName: 'churn-1',
      rule: 'churn',
      reason,
      detail: 'a "quoted" text',
    });

    for (const reason of ['metric-missing', 'metric-implausible']) {
      expect(linesFor(stage, 'bonus.skipped', skipped(reason))).toEqual({
        'bonus-withheld': expect.stringContaining(
          `Training job churn-1 got no bonus by rule churn: ${reason}. Check the metric`,
        ),
      });
    }
    for (const reason of ['not-completed', 'child-job', 'below-tiers', 'older-than-rule']) {
      expect(linesFor(stage, 'bonus.skipped', skipped(reason))).toEqual({});
    }
  });

  test('say nothing of what was decided by people or by the gate', () => {
    const reviews = ['approved by ann: nobody decided until now', 'delivered by ann'].map((reason) => ({
      escrowId: ESCROW_ID,
      decision: 'release',
      reason,
    }));

    expect(reviews.map((review) => linesFor(stage, 'escrow.reviewed', review))).toEqual([{}, {}]);
  });

  test.each([
    ['escrow.disputed', { escrowId: ESCROW_ID, reference: REFERENCE, reason: 'it "leaks"' }, [ESCROW_ID, REFERENCE]],
    ['escrow.refunded', { escrowId: ESCROW_ID }, [ESCROW_ID]],
    ['escrow.auto-released', { escrowId: ESCROW_ID, reference: REFERENCE }, [ESCROW_ID, REFERENCE]],
    [
      'intent.parked',
      { key: 'k1', reference: REFERENCE, kind: 'escrow-release', amountUsd: '50.00', reason: 'it said "no"' },
      [`npm run intents -- show k1 --stage ${stageName}`, 'npm run intents -- resolve k1', REFERENCE, '$50.00'],
    ],
    [
      'trade.manual',
      {
        source: 'prediction',
        signalId: 'it said "no"',
        asset: 'BTC-USDC',
        reference: REFERENCE,
        reason: 'it said "no"',
      },
      [REFERENCE, `npm run intents -- list --stage ${stageName}`],
    ],
    [
      'trade.placed',
      {
        mode: 'paper',
        source: 'prediction',
        signalId: 'p-1',
        orderId: 'ord_1',
        asset: 'BTC-USDC',
        direction: 'long',
        amountUsd: '50.00',
      },
      ['Order ord_1 stands (paper): long $50.00 of BTC-USDC.'],
    ],
    [
      'ledger.drifted',
      { agentId: 'ag_1', kind: 'escrow-missing', escrowId: ESCROW_ID, key: 'k1', detail: 'a "quoted" description' },
      ['ag_1', 'escrow-missing', ESCROW_ID, 'k1', `/${prefix}/stop`],
    ],
  ])('say %s in one line, with the ids to act on and nothing that a person or a service wrote', (type, detail, ids) => {
    const lines = Object.values(linesFor(stage, type, detail));

    expect(lines).toHaveLength(1);
    for (const id of ids) expect(lines[0]).toContain(id);
    expect(lines[0]).not.toMatch(/["\n]/);
    const told = rulesOf(stage).filter(({ EventPattern }) => EventPattern['detail-type'][0] === type);
    const paths = told.flatMap(({ Targets }) => Object.values(Targets[0]?.InputTransformer.InputPathsMap ?? {}));
    expect(paths.filter((path) => /reason|detail$/.test(path))).toEqual([]);
  });

  test('say nothing of a signal that is skipped: there are many, and nothing is to be done about one', () => {
    const skipped = { mode: 'paper', signalId: 'p-1', asset: 'BTC-USDC', reason: 'low-confidence', detail: 'it is' };

    expect(linesFor(stage, 'trade.skipped', skipped)).toEqual({});
  });

  test('go to no chat', () => {
    expect(stage.resources('AWS::Chatbot::SlackChannelConfiguration')).toEqual([]);
    expect(stage.text).not.toContain('chatbot.amazonaws.com');
  });

  test('raise an alarm where one does not get through', () => {
    const watched = stage
      .resources<{
        readonly MetricName: string;
        readonly Dimensions: readonly { readonly Name: string; readonly Value: string }[];
        readonly AlarmActions: readonly string[];
        readonly Threshold: number;
      }>('AWS::CloudWatch::Alarm')
      .map(({ properties }) => properties)
      .filter(({ MetricName, Threshold }) => MetricName === 'FailedInvocations' && Threshold === 0)
      .filter(({ AlarmActions }) => AlarmActions[0] === alarmTopicOf(stage).arn)
      .map(({ Dimensions }) => JSON.stringify(Dimensions));

    const expected = rulesOf(stage).map(({ Name, EventBusName }) =>
      JSON.stringify([
        { Name: 'EventBusName', Value: EventBusName },
        { Name: 'RuleName', Value: Name },
      ]),
    );
    expect(expected.filter((dimensions) => !watched.includes(dimensions))).toEqual([]);
  });
});

test.each([
  ['are mailed to the address, if there is one', 'ops@example.com', ['ops@example.com']],
  ['are mailed to nobody otherwise', undefined, []],
])('notifications %s', (_, email, expected) => {
  const stack = new Stack(createApp({}), 'Stack');
  const key = new Key(stack, 'Key');
  void new Notifications(stack, 'Notifications', {
    stage: 'dev',
    bus: new EventBus(stack, 'Bus'),
    key,
    email,
    tellsOrders: true,
    chat: undefined,
    alarmTopic: new Topic(stack, 'Alarms'),
  });

  const subscriptions = Object.values(Template.fromStack(stack).findResources('AWS::SNS::Subscription'));

  expect(subscriptions.map(({ Properties }) => (Properties as { Endpoint: string }).Endpoint)).toEqual(expected);
});

test('orders are no line where a stage does not want them', () => {
  const quiet = synthesizeStage('dev', {}, (config) => ({ ...config, notifications: { orders: false } }));

  expect(linesFor(quiet, 'trade.placed', { orderId: 'ord_1' })).toEqual({});
  expect(Object.keys(linesFor(quiet, 'trade.manual', { signalId: 'p-1' }))).toEqual(['trade-manual']);
});
