import * as z from 'zod/mini';
import { catch as orElse } from 'zod/mini';
import { tagsSchema } from './tags.ts';

const text = z.string().check(z.minLength(1));

/**
 * Detail of SageMaker's `SageMaker Training Job State Change`. Real ones are untidy: times are ISO strings or epoch
 * milliseconds as strings or numbers, tags are a map or a list, fields come and go. Only what is used is read.
 */
export const trainingJobEventSchema = z.looseObject({
  TrainingJobName: text.check(z.maxLength(63)),
  TrainingJobArn: text.check(z.maxLength(256)),
  TrainingJobStatus: text,
  /** Undefined where they are left out or cannot be read: then SageMaker has to be asked. */
  Tags: orElse(z.optional(tagsSchema), undefined),
});
