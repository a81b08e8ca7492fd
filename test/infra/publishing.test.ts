import { describe, expect, test } from '@jest/globals';
import { PUBLISHERS } from '../../src/events/publishers.ts';
import { largestConfig } from '../support/largest-config.ts';
import { listed, statementsOf, synthesizeStage, type PolicyProperties } from '../support/synthesized-stage.ts';

const stage = synthesizeStage('local', {}, () => largestConfig('local'));
const functions = stage
  .resources<{ FunctionName: string; Role: string }>('AWS::Lambda::Function')
  .map(({ properties }) => ({ name: stage.shorten(properties.FunctionName), role: properties.Role }));
const isPublishing = ({ Action }: { readonly Action: string | readonly string[] }) =>
  listed(Action).includes('events:PutEvents');

/** The detail types on one side, and no source but the pipeline's own. */
const asPipeline = (types: readonly string[]) => ({
  StringEquals: { 'events:detail-type': types },
  'ForAllValues:StringEquals': { 'events:source': 'purple-flea-pipeline' },
  Null: { 'events:source': 'false' },
});

describe('who may put events on the bus', () => {
  test.each(functions)('$name: its own detail types, as the pipeline', ({ name, role }) => {
    const folder = name.replace(/^(request-prediction|read-inference)-.*/, '$1');
    const types = PUBLISHERS[folder];

    const conditions = statementsOf(stage, role)
      .filter(isPublishing)
      .map(({ Condition }) => Condition);

    expect(conditions).toEqual(types === undefined ? [] : [asPipeline(types)]);
  });

  test('the schedules of subscriptions: requests, as the pipeline', () => {
    const [schedule] = stage
      .resources<{ Target: { RoleArn: string; EventBridgeParameters?: unknown } }>('AWS::Scheduler::Schedule')
      .filter(({ properties }) => properties.Target.EventBridgeParameters !== undefined);

    const granted = statementsOf(stage, schedule?.properties.Target.RoleArn ?? '').filter(isPublishing);

    expect(granted.map(({ Condition }) => Condition)).toEqual([asPipeline(['escrow.requested'])]);
  });

  test('who has the policy for model code: predictions, and not as the pipeline', () => {
    const [policy, ...others] = stage.resources<PolicyProperties & { ManagedPolicyName: string }>(
      'AWS::IAM::ManagedPolicy',
    );

    expect(others).toEqual([]);
    expect(policy?.properties.ManagedPolicyName).toBe('purple-flea-local-send-predictions');
    expect(policy?.properties.Roles).toBeUndefined();
    expect(policy?.properties.PolicyDocument.Statement).toEqual([
      {
        Effect: 'Allow',
        Action: 'events:PutEvents',
        Resource: expect.stringMatching(/:event-bus\/purple-flea-local$/),
        Condition: {
          StringEquals: { 'events:detail-type': 'inference.completed' },
          'ForAllValues:StringNotEquals': { 'events:source': 'purple-flea-pipeline' },
          Null: { 'events:source': 'false' },
        },
      },
    ]);
    expect(stage.outputs.has('SendPredictionsPolicyArn')).toBe(true);
  });

  test('nobody else', () => {
    const statements = [
      ...stage.resources<PolicyProperties>('AWS::IAM::Policy'),
      ...stage.resources<PolicyProperties>('AWS::IAM::ManagedPolicy'),
    ].flatMap(({ properties }) => properties.PolicyDocument.Statement);
    const publishing = functions.filter(({ name }) =>
      Object.keys(PUBLISHERS).some((folder) => name === folder || /^(request|read)-/.test(name)),
    );

    expect(statements.filter(isPublishing)).toHaveLength(publishing.length + 2);
    expect(statements.filter(isPublishing).filter(({ Condition }) => Condition === undefined)).toEqual([]);
  });
});
