import * as z from 'zod';
import type { Stored } from '../world/store.ts';

/** The statuses of `TrainingJobStatus` in the SageMaker API. */
export const trainingJobStatusSchema = z.enum(['InProgress', 'Completed', 'Failed', 'Stopping', 'Stopped']);

/** SageMaker's rule for training job names. */
export const trainingJobNameSchema = z
  .string()
  .regex(/^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$/, '1 to 63 letters, digits and hyphens, no hyphen first or last');

/** Metric names to final values. SageMaker keeps values as 32-bit floats, so larger ones do not fit. */
export const metricsSchema = z.record(
  z.string().min(1),
  z.number().refine((value) => Number.isFinite(Math.fround(value)), 'expected a number that fits a 32-bit float'),
);

/** Tags by key. */
export const tagsSchema = z.record(z.string().min(1).max(128), z.string().max(256));

/** ARN of the job that started it, by the field that `DescribeTrainingJob` has for it. */
export const parentSchema = z.partialRecord(
  z.enum(['TuningJobArn', 'AutoMLJobArn', 'LabelingJobArn']),
  z.string().min(1),
);

export type TrainingJobStatus = z.infer<typeof trainingJobStatusSchema>;

/** A SageMaker training job, as far as the product asks about it. Its id is its name; times are epoch milliseconds. */
export interface TrainingJob extends Stored {
  readonly name: string;
  readonly status: TrainingJobStatus;
  readonly metrics: Readonly<Record<string, number>>;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly partOf?: z.infer<typeof parentSchema> | undefined;
  readonly createdAt: number;
  /** When it last changed; also its end, if the status is a final one. */
  readonly changedAt: number;
}

const REGION = 'us-east-1';

/** The account every local resource is in. */
export const ACCOUNT = '000000000000';

/** SageMaker writes names in lower case in ARNs. */
export function trainingJobArn(name: string): string {
  return `arn:aws:sagemaker:${REGION}:${ACCOUNT}:training-job/${name.toLowerCase()}`;
}

const SECONDARY_STATUS: Record<TrainingJobStatus, string> = {
  InProgress: 'Training',
  Completed: 'Completed',
  Failed: 'Failed',
  Stopping: 'Stopping',
  Stopped: 'Stopped',
};

/** The answer of `DescribeTrainingJob`. Times are epoch seconds; a job without metrics has no metric list at all. */
export function describeTrainingJob(job: TrainingJob): Record<string, unknown> {
  const changedAt = epochSeconds(job.changedAt);
  const ended = job.status === 'Completed' || job.status === 'Failed' || job.status === 'Stopped';
  const metrics = Object.entries(job.metrics).map(([name, value]) => ({
    MetricName: name,
    Value: Math.fround(value),
    Timestamp: changedAt,
  }));
  return {
    TrainingJobName: job.name,
    TrainingJobArn: trainingJobArn(job.name),
    ...job.partOf,
    TrainingJobStatus: job.status,
    SecondaryStatus: SECONDARY_STATUS[job.status],
    CreationTime: epochSeconds(job.createdAt),
    LastModifiedTime: changedAt,
    ...(ended && { TrainingEndTime: changedAt }),
    ...(metrics.length > 0 && { FinalMetricDataList: metrics }),
  };
}

function epochSeconds(milliseconds: number): number {
  return milliseconds / 1000;
}
