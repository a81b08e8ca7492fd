import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { DescribeTrainingJobCommand, SageMakerClient } from '@aws-sdk/client-sagemaker';
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import type { SQSEvent } from 'aws-lambda';

/**
 * A completed training job becomes an execution, as one writes it in an afternoon: the AWS SDK and no more. The execution
 * has the name of the job, and nothing is checked.
 */

const { STATE_MACHINE_ARN = '', EVENT_BUS = '', POLICIES = '{}' } = process.env;
const {
  bonus: { rules },
} = JSON.parse(POLICIES) as {
  bonus: { rules: readonly { metric: string; tiers: readonly { beyond: number; amountUsd: string }[] }[] };
};
const [policy = { metric: '', tiers: [] }] = rules;
const sageMaker = new SageMakerClient({});
const executions = new SFNClient({});
const events = new EventBridgeClient({});

async function startBonus(TrainingJobName: string): Promise<void> {
  const { FinalMetricDataList = [] } = await sageMaker.send(new DescribeTrainingJobCommand({ TrainingJobName }));
  const value = FinalMetricDataList.find(({ MetricName }) => MetricName === policy.metric)?.Value ?? 0;
  const amountUsd = policy.tiers.find(({ beyond }) => value > beyond)?.amountUsd;
  if (amountUsd === undefined) return;
  await executions.send(
    new StartExecutionCommand({
      stateMachineArn: STATE_MACHINE_ARN,
      name: TrainingJobName,
      input: JSON.stringify({ request: { amountUsd } }),
    }),
  );
  await events.send(
    new PutEventsCommand({
      Entries: [
        {
          EventBusName: EVENT_BUS,
          Source: 'plain',
          DetailType: 'bonus.started',
          Detail: JSON.stringify({ trainingJobName: TrainingJobName, amountUsd }),
        },
      ],
    }),
  );
}

export async function handler({ Records }: SQSEvent): Promise<void> {
  for (const { body } of Records) {
    const { detail } = JSON.parse(body) as { detail: { TrainingJobName: string } };
    await startBonus(detail.TrainingJobName);
  }
}
