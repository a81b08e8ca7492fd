import { DescribeTrainingJobCommand, type SageMakerClient } from '@aws-sdk/client-sagemaker';
import { UnusableEventError } from '../errors.ts';
import type { TrainingJob } from '../escrow/bonus.ts';

/** Reads a training job. The event that announces one carries no metrics. */
export type DescribeTrainingJob = (name: string) => Promise<TrainingJob>;

export function createDescribeTrainingJob(client: SageMakerClient): DescribeTrainingJob {
  return async (name) => {
    const job = await describe(client, name);
    if (job.TrainingJobArn === undefined || job.CreationTime === undefined || job.TrainingJobStatus === undefined) {
      throw new Error(`DescribeTrainingJob of ${name} lacks TrainingJobArn, CreationTime or TrainingJobStatus`);
    }
    return {
      name,
      arn: job.TrainingJobArn,
      status: job.TrainingJobStatus,
      createdAt: job.CreationTime,
      finalMetrics: (job.FinalMetricDataList ?? []).flatMap(({ MetricName, Value }) =>
        MetricName === undefined || Value === undefined ? [] : [{ name: MetricName, value: Value }],
      ),
    };
  };
}

async function describe(client: SageMakerClient, name: string) {
  try {
    return await client.send(new DescribeTrainingJobCommand({ TrainingJobName: name }));
  } catch (error) {
    if (error instanceof Error && error.name === 'ValidationException') {
      throw new UnusableEventError(`detail.TrainingJobName: SageMaker has no training job "${name}"`);
    }
    throw error;
  }
}
