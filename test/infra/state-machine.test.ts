import { describe, expect, test } from '@jest/globals';
import { STAGES } from '../../lib/stages.ts';
import {
  ACCOUNT,
  alarmTopicOf,
  listed,
  REGION,
  synthesizeStage,
  type PolicyProperties,
} from '../support/synthesized-stage.ts';

interface StateMachineProperties {
  readonly StateMachineName: string;
  readonly StateMachineType: string;
  readonly DefinitionSubstitutions: Readonly<Record<string, string>>;
  readonly LoggingConfiguration: {
    readonly Level: string;
    readonly IncludeExecutionData: boolean;
    readonly Destinations: readonly { readonly CloudWatchLogsLogGroup: { readonly LogGroupArn: string } }[];
  };
  readonly TracingConfiguration: { readonly Enabled: boolean };
}

interface AlarmProperties {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: readonly unknown[];
  readonly Threshold: number;
  readonly AlarmActions?: readonly string[];
}

/** A definition is uploaded as a file; CDK does not write properties such as a timeout into it. */
const IN_THE_FILE_ONLY = ['DefinitionString', 'Definition'];

describe.each(STAGES)('the state machine of stage %s', (stageName) => {
  const stage = synthesizeStage(stageName);
  const { prefix } = stage;
  const machines = stage.resources<StateMachineProperties>('AWS::StepFunctions::StateMachine');
  const [machine] = machines;
  const arn = `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:${prefix}-escrow-lifecycle`;
  const topic = alarmTopicOf(stage);

  test('is one Standard machine with the name of the workflow', () => {
    expect(machines).toHaveLength(1);
    expect(machine?.properties).toMatchObject({
      StateMachineName: `${prefix}-escrow-lifecycle`,
      StateMachineType: 'STANDARD',
    });
    for (const property of IN_THE_FILE_ONLY) expect(machine?.properties).not.toHaveProperty(property);
  });

  test('logs everything to a group of its own for a year, and traces', () => {
    const { LoggingConfiguration, TracingConfiguration } = machine?.properties ?? {};
    const groups = stage.resources<{ LogGroupName: string; RetentionInDays: number }>('AWS::Logs::LogGroup');
    const [group] = groups.filter(
      (candidate) => candidate.arn === LoggingConfiguration?.Destinations[0]?.CloudWatchLogsLogGroup.LogGroupArn,
    );

    expect(LoggingConfiguration).toMatchObject({ Level: 'ALL', IncludeExecutionData: true });
    expect(LoggingConfiguration?.Destinations).toHaveLength(1);
    expect(group?.properties).toMatchObject({
      LogGroupName: `/aws/vendedlogs/states/${prefix}-escrow-lifecycle`,
      RetentionInDays: 365,
    });
    expect(TracingConfiguration).toEqual({ Enabled: true });
  });

  test('is the one that the functions are told of and may start and resume: the ARN built from its name is its own', () => {
    const onStates = stage
      .resources<PolicyProperties>('AWS::IAM::Policy')
      .flatMap(({ properties }) => properties.PolicyDocument.Statement)
      .filter(({ Action }) => listed(Action).some((action) => action.startsWith('states:')));
    const told = stage
      .resources<{ Environment: { Variables: Record<string, string> } }>('AWS::Lambda::Function')
      .flatMap(({ properties }) => properties.Environment.Variables['STATE_MACHINE_ARN'] ?? []);

    expect(machine?.arn).toBe(arn);
    const executions = `${arn.replace(':stateMachine:', ':execution:')}:*`;
    expect(new Set(onStates.map(({ Resource }) => Resource))).toEqual(new Set([arn, executions]));
    expect(told).toEqual([arn, arn, arn, arn]);
  });

  test('invokes the deployed functions, each under the name of its placeholder', () => {
    const { DefinitionSubstitutions = {} } = machine?.properties ?? {};

    expect(DefinitionSubstitutions).toEqual(
      Object.fromEntries(
        Object.keys(DefinitionSubstitutions).map((name) => [
          name,
          `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${prefix}${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
        ]),
      ),
    );
  });

  test.each(['ExecutionsFailed', 'ExecutionsTimedOut'])('raises an alarm at the first of %s', (metric) => {
    const alarms = stage
      .resources<AlarmProperties>('AWS::CloudWatch::Alarm')
      .map(({ properties }) => properties)
      .filter(({ Namespace, MetricName }) => Namespace === 'AWS/States' && MetricName === metric);

    expect(alarms).toEqual([
      expect.objectContaining({
        Dimensions: [{ Name: 'StateMachineArn', Value: arn }],
        Threshold: 0,
        AlarmActions: [topic.arn],
      }),
    ]);
  });

  test('raises an alarm where Lambda has started no functions for 15 minutes', () => {
    const alarms = stage
      .resources<AlarmProperties>('AWS::CloudWatch::Alarm')
      .map(({ properties }) => properties)
      .filter(({ Namespace, MetricName }) => Namespace === 'AWS/Lambda' && MetricName === 'Throttles');

    expect(alarms).toEqual([
      expect.objectContaining({ Period: 300, EvaluationPeriods: 3, Threshold: 0, AlarmActions: [topic.arn] }),
    ]);
  });
});
