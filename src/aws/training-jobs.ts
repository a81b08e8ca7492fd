import { DescribeTrainingJobCommand, ListTrainingJobsCommand, type SageMakerClient } from '@aws-sdk/client-sagemaker';
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

/** A completed job as the list shows it. */
export type CompletedJob = Pick<TrainingJob, 'name' | 'arn' | 'createdAt'>;

/** Lists jobs that completed within a time, oldest first; `isAll` says whether there are no more of them. */
export type ListCompletedJobs = (
  from: Date,
  to: Date,
) => Promise<{ readonly jobs: readonly CompletedJob[]; readonly isAll: boolean }>;

const PAGE = 100;

/** More jobs than one run can look at. */
const MAX_PAGES = 10;

export function createListCompletedJobs(client: SageMakerClient): ListCompletedJobs {
  return async (from, to) => {
    const jobs: CompletedJob[] = [];
    let NextToken: string | undefined;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const answer = await client.send(
        new ListTrainingJobsCommand({
          StatusEquals: 'Completed',
          LastModifiedTimeAfter: from,
          LastModifiedTimeBefore: to,
          SortBy: 'CreationTime',
          SortOrder: 'Ascending',
          MaxResults: PAGE,
          NextToken,
        }),
      );
      for (const job of answer.TrainingJobSummaries ?? []) {
        const { TrainingJobName: name, TrainingJobArn: arn, CreationTime: createdAt } = job;
        if (name !== undefined && arn !== undefined && createdAt !== undefined) jobs.push({ name, arn, createdAt });
      }
      ({ NextToken } = answer);
      if (NextToken === undefined) return { jobs, isAll: true };
    }
    return { jobs, isAll: false };
  };
}
