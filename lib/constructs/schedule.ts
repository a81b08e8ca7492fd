import { Duration } from 'aws-cdk-lib';
import { PolicyStatement, Role } from 'aws-cdk-lib/aws-iam';
import { Schedule, ScheduleExpression, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import type { Construct } from 'constructs';
import { ofOwnAccount } from '../grants.ts';
import type { PipelineFunction } from './pipeline-function.ts';

/**
 * Invokes a function at a fixed rate, at least once a period: Scheduler may invoke it twice, and Lambda tries a run that fails
 * up to two more times. What has to be done once a period is named by `ContextAttribute.scheduledTime` in the input.
 */
export function createSchedule(
  scope: Construct,
  id: string,
  { fn, every, input }: { readonly fn: PipelineFunction; readonly every: Duration; readonly input?: object },
): Schedule {
  const role = new Role(scope, `${id}Role`, { assumedBy: ofOwnAccount(scope, 'scheduler.amazonaws.com') });
  role.addToPolicy(new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [fn.functionArn] }));
  return new Schedule(scope, id, {
    schedule: ScheduleExpression.rate(every),
    target: new LambdaInvoke(fn, {
      role: Role.fromRoleArn(scope, `${id}FixedRole`, role.roleArn, { mutable: false }),
      retryAttempts: 0,
      maxEventAge: Duration.minutes(1),
      ...(input === undefined ? {} : { input: ScheduleTargetInput.fromObject(input) }),
    }),
  });
}
