import { describe, expect, test } from '@jest/globals';
import {
  ACCOUNT,
  alarmTopicOf,
  REGION,
  statementsOf,
  synthesizeStage,
  topicOf,
  type PolicyProperties,
} from '../support/synthesized-stage.ts';

const SLACK = { slackWorkspaceId: 'T01ABCDEF', slackChannelId: 'C02ABCDEF' };
const CHANNEL = 'AWS::Chatbot::SlackChannelConfiguration';

interface RuleProperties {
  readonly Name: string;
  readonly Targets: readonly {
    readonly Arn: string;
    readonly InputTransformer: { readonly InputPathsMap: unknown; readonly InputTemplate: string };
  }[];
}

describe('a stage with a Slack channel', () => {
  const stage = synthesizeStage('dev', {}, (config) => ({ ...config, chat: SLACK }));
  const { prefix } = stage;
  const lines = topicOf(stage, 'notifications');
  const chat = topicOf(stage, 'chat');
  const [channel, ...others] = stage
    .resources<{ IamRoleArn: string; SnsTopicArns: readonly string[] }>(CHANNEL)
    .map(({ properties }) => properties);
  const rules = stage
    .resources<RuleProperties>('AWS::Events::Rule')
    .map(({ properties }) => properties)
    .filter(({ Name }) => Name.startsWith(`${prefix}-notify-`));

  test('has the alarms as they are go there, and the lines by a topic of their own', () => {
    expect(others).toEqual([]);
    expect(channel).toMatchObject({
      ConfigurationName: prefix,
      SlackWorkspaceId: SLACK.slackWorkspaceId,
      SlackChannelId: SLACK.slackChannelId,
    });
    expect(channel?.SnsTopicArns).toEqual([alarmTopicOf(stage).arn, chat.arn]);
  });

  test('lets nobody do anything by it', () => {
    const role = stage
      .resources<Record<string, unknown>>('AWS::IAM::Role')
      .find(({ arn }) => arn === channel?.IamRoleArn);

    expect(channel).toMatchObject({
      GuardrailPolicies: ['arn:aws:iam::aws:policy/AWSDenyAll'],
      UserRoleRequired: true,
    });
    expect(statementsOf(stage, channel?.IamRoleArn ?? '')).toEqual([]);
    expect(role?.properties).not.toHaveProperty('ManagedPolicyArns');
    expect(role?.properties).not.toHaveProperty('Policies');
    expect(role?.properties['AssumeRolePolicyDocument']).toMatchObject({
      Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'chatbot.amazonaws.com' } }],
    });
  });

  test('has that topic encrypted, and only the rules publish to it, over TLS alone, as to the one of the lines', () => {
    const policyOf = (arn: string | undefined) =>
      stage
        .resources<PolicyProperties>('AWS::SNS::TopicPolicy')
        .map(({ properties }) => properties)
        .find(({ Topics }) => Topics?.[0] === arn)?.PolicyDocument.Statement;
    const sourceArn = `arn:aws:events:${REGION}:${ACCOUNT}:rule/${prefix}/${prefix}-notify-*`;

    expect(chat.properties).toMatchObject({ KmsMasterKeyId: stage.resources('AWS::KMS::Key')[0]?.arn });
    expect(policyOf(chat.arn)).toEqual([
      expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
      expect.objectContaining({
        Effect: 'Allow',
        Action: 'sns:Publish',
        Principal: { Service: 'events.amazonaws.com' },
        Resource: chat.arn,
        Condition: {
          ArnLike: { 'aws:SourceArn': sourceArn },
          StringEquals: { 'aws:SourceAccount': ACCOUNT },
        },
      }),
    ]);
    expect(JSON.stringify(policyOf(chat.arn)).replaceAll(String(chat.arn), 'topic')).toBe(
      JSON.stringify(policyOf(lines.arn)).replaceAll(String(lines.arn), 'topic'),
    );
  });

  test.each(rules.map((rule) => [rule.Name.replace(`${prefix}-notify-`, ''), rule] as const))(
    'says of %s in the chat what it says in the line, as a custom notification',
    (name, { Targets }) => {
      const [line, message, ...more] = Targets;
      const text = JSON.parse(line?.InputTransformer.InputTemplate ?? '') as string;

      expect([line?.Arn, message?.Arn, more]).toEqual([lines.arn, chat.arn, []]);
      expect(JSON.parse(message?.InputTransformer.InputTemplate ?? '')).toEqual({
        version: '1.0',
        source: 'custom',
        content: { textType: 'client-markdown', title: `${prefix}: ${name.replaceAll('-', ' ')}`, description: text },
      });
      expect(message?.InputTransformer.InputPathsMap).toEqual(line?.InputTransformer.InputPathsMap);
      // As long as the chat takes them, with room for values.
      expect(text.length).toBeLessThan(4_000);
    },
  );

  test('is told of everything that there is a line of', () => {
    expect(rules.length).toBeGreaterThan(8);
  });
});

test('stage local leaves the channel out, which the local AWS cannot create, and says so', () => {
  const stage = synthesizeStage('local', {}, (config) => ({ ...config, chat: SLACK }));

  expect(stage.resources(CHANNEL)).toEqual([]);
  expect(stage.said).toContain(`local: left out ${CHANNEL} `);
});
