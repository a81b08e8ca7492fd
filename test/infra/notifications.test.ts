import { describe, expect, test } from '@jest/globals';
import { STAGES } from '../../lib/config.ts';
import { PUBLISHED } from '../../src/events/catalogue.ts';
import { synthesizeStage, type PolicyProperties } from '../support/synthesized-stage.ts';

interface RuleProperties {
  readonly EventBusName: string;
  readonly EventPattern: { readonly 'detail-type': readonly string[]; readonly detail?: unknown };
  readonly Targets: readonly {
    readonly Arn: string;
    readonly InputTransformer?: {
      readonly InputPathsMap: Readonly<Record<string, string>>;
      readonly InputTemplate: string;
    };
  }[];
}

describe.each(STAGES)('the notifications of stage %s', (stageName) => {
  const stage = synthesizeStage(stageName);
  const { prefix } = stage;
  const topic = stage
    .resources<{ readonly TopicName: string; readonly KmsMasterKeyId: unknown }>('AWS::SNS::Topic')
    .find(({ properties }) => properties.TopicName === `${prefix}-notifications`);
  const rules = stage
    .resources<RuleProperties>('AWS::Events::Rule')
    .map(({ properties }) => properties)
    .filter(({ Targets }) => Targets.some(({ Arn }) => stage.shorten(Arn) === 'sns:notifications'));

  test('go to an encrypted topic that rules of the own bus alone may publish to, over TLS', () => {
    const policy = stage
      .resources<PolicyProperties & { readonly Topics: readonly unknown[] }>('AWS::SNS::TopicPolicy')
      .find(({ properties }) => properties.Topics.includes(topic?.arn));
    const [tls, publish, ...others] = policy?.properties.PolicyDocument.Statement ?? [];

    expect(topic?.properties.KmsMasterKeyId).toBeDefined();
    expect(others).toEqual([]);
    expect(tls).toMatchObject({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } });
    expect(publish).toMatchObject({
      Effect: 'Allow',
      Action: 'sns:Publish',
      Principal: { Service: 'events.amazonaws.com' },
      Condition: { ArnLike: { 'aws:SourceArn': expect.stringMatching(new RegExp(`:rule/${prefix}/\\*$`)) } },
    });
  });

  test('are told of what people may have to act on, from the own bus', () => {
    const told = rules.map(({ EventPattern }) => [EventPattern['detail-type'].join(), EventPattern.detail ?? {}]);

    expect(told.toSorted((one, other) => JSON.stringify(one).localeCompare(JSON.stringify(other)))).toEqual([
      ['escrow.disputed', {}],
      ['escrow.refunded', {}],
      ['escrow.reviewed', { decision: ['ask'], isLate: [false] }],
      ['escrow.reviewed', { decision: ['ask'], isLate: [true] }],
      ['escrow.reviewed', { decision: ['let-lapse'] }],
      ['intent.parked', {}],
      ['ledger.drifted', {}],
      ['trade.manual', {}],
    ]);
    const types = rules.flatMap(({ EventPattern }) => EventPattern['detail-type']);
    expect(types.filter((type) => !Object.hasOwn(PUBLISHED, type))).toEqual([]);
    expect(new Set(rules.map(({ EventBusName }) => EventBusName))).toEqual(new Set([prefix]));
  });

  test('are one line each, with what identifies it, and the command where there is one', () => {
    const lines = rules.map(({ Targets }) => Targets[0]?.InputTransformer);

    for (const line of lines) {
      expect(line?.InputTemplate).not.toMatch(/\\n|\n/);
      expect(line?.InputTemplate).not.toContain('undefined');
      for (const name of Object.keys(line?.InputPathsMap ?? {})) expect(line?.InputTemplate).toContain(`<${name}>`);
      expect(Object.values(line?.InputPathsMap ?? {}).join()).toMatch(/escrowId|reference|\.detail\.detail/);
    }
    expect(lines.filter((line) => line?.InputTemplate.includes(`--stage ${stageName}`))).toHaveLength(3);
  });
});
