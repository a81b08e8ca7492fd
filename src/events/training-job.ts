import * as z from 'zod/mini';

/**
 * Detail of SageMaker's `SageMaker Training Job State Change`. Real ones are untidy: times are ISO strings or epoch
 * milliseconds as strings or numbers, tags are a map, fields come and go. Only what is used is read.
 */
export const trainingJobEventSchema = z.looseObject({
  TrainingJobName: z.string().check(z.minLength(1), z.maxLength(63)),
  TrainingJobStatus: z.string().check(z.minLength(1)),
});
