import {
  DescribeTrainingJobCommand,
  ListTagsCommand,
  ListTrainingJobsCommand,
  SageMakerServiceException,
  type SageMakerClient,
} from '@aws-sdk/client-sagemaker';
import { UnusableEventError } from '../errors.ts';
import type { TrainingJob } from '../escrow/bonus.ts';
import type { Tags } from '../escrow/bonus-rules.ts';

/** Reads a training job. The event that announces one carries no metrics. */
export type DescribeTrainingJob = (name: string) => Promise<TrainingJob>;

export function createDescribeTrainingJob(sageMaker: SageMakerClient): DescribeTrainingJob {
  return async (name) => {
    const job = await describe(sageMaker, name);
    if (job.TrainingJobArn === undefined || job.CreationTime === undefined || job.TrainingJobStatus === undefined) {
      throw new Error(`DescribeTrainingJob of ${name} lacks TrainingJobArn, CreationTime or TrainingJobStatus`);
    }
    return {
      name,
      arn: job.TrainingJobArn,
      status: job.TrainingJobStatus,
      createdAt: job.CreationTime,
      endedAt: job.TrainingEndTime ?? job.CreationTime,
      finalMetrics: (job.FinalMetricDataList ?? []).flatMap(({ MetricName, Value }) =>
        MetricName === undefined || Value === undefined ? [] : [{ name: MetricName, value: Value }],
      ),
      parentArn: job.TuningJobArn ?? job.AutoMLJobArn ?? job.LabelingJobArn,
    };
  };
}

async function describe(sageMaker: SageMakerClient, name: string) {
  try {
    return await sageMaker.send(new DescribeTrainingJobCommand({ TrainingJobName: name }));
  } catch (error) {
    if (isRefusal(error, 'ValidationException')) {
      throw new UnusableEventError(`detail.TrainingJobName: SageMaker has no training job "${name}"`);
    }
    throw error;
  }
}

/** A completed job as the list shows it. */
export type CompletedJob = Pick<TrainingJob, 'name' | 'arn' | 'createdAt' | 'endedAt'>;

/** Lists jobs that completed within a time, oldest first; `isAll` says whether there are no more of them. */
export type ListCompletedJobs = (
  from: Date,
  to: Date,
) => Promise<{ readonly jobs: readonly CompletedJob[]; readonly isAll: boolean }>;

const PAGE = 100;

/** More jobs than one run can look at. */
const MAX_PAGES = 10;

export function createListCompletedJobs(sageMaker: SageMakerClient): ListCompletedJobs {
  return async (from, to) => {
    const jobs: CompletedJob[] = [];
    let NextToken: string | undefined;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const answer = await sageMaker.send(
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
        const { TrainingJobName: name, TrainingJobArn: arn, CreationTime: created, TrainingEndTime: ended } = job;
        if (name !== undefined && arn !== undefined && created !== undefined)
          jobs.push({ name, arn, createdAt: created, endedAt: ended ?? created });
      }
      ({ NextToken } = answer);
      if (NextToken === undefined) return { jobs, isAll: true };
    }
    return { jobs, isAll: false };
  };
}

/** Reads the tags of a training job; undefined where AWS does not let us, as with the jobs of others. */
export type ReadTags = (arn: string) => Promise<Tags | undefined>;

export function createReadTags(sageMaker: SageMakerClient): ReadTags {
  return async (arn) => {
    const tags: Record<string, string> = {};
    let NextToken: string | undefined;
    do {
      const page = await listTags(sageMaker, arn, NextToken);
      if (page === undefined) return undefined;
      for (const { Key, Value } of page.Tags ?? []) if (Key !== undefined) tags[Key] = Value ?? '';
      ({ NextToken } = page);
    } while (NextToken !== undefined);
    return tags;
  };
}

async function listTags(sageMaker: SageMakerClient, ResourceArn: string, NextToken: string | undefined) {
  try {
    return await sageMaker.send(new ListTagsCommand({ ResourceArn, NextToken }));
  } catch (error) {
    if (isRefusal(error, 'AccessDeniedException')) return undefined;
    throw error;
  }
}

/** The client has no classes for these. */
function isRefusal(error: unknown, name: string): boolean {
  return error instanceof SageMakerServiceException && error.name === name;
}
