import * as z from 'zod/mini';
import { catch as orElse } from 'zod/mini';
import { tagsSchema } from './tags.ts';

/** Under these names a model package's customer metadata, or an endpoint's tags, say whose bonus or escrow they are about. */
export const TRAINING_JOB_LABEL = 'purple-flea:training-job';
export const ESCROW_LABEL = 'purple-flea:escrow';

const labels = z
  .looseObject({
    [TRAINING_JOB_LABEL]: z.optional(z.string().check(z.minLength(1), z.maxLength(63))),
    [ESCROW_LABEL]: z.optional(z.string().check(z.minLength(1), z.maxLength(100))),
  })
  .check(
    z.refine(
      (map) => map[TRAINING_JOB_LABEL] === undefined || map[ESCROW_LABEL] === undefined,
      `name either ${TRAINING_JOB_LABEL} or ${ESCROW_LABEL}`,
    ),
  );
const labelTags = z.nullish(z.pipe(tagsSchema, labels));
export type Labels = z.infer<typeof labelTags>;

/** For the record only: whatever is untidy in it must not keep a decision from being taken. */
const forTheRecord = <Schema extends z.ZodMiniType>(schema: Schema) => orElse(z.optional(schema), undefined);
const text = z.string().check(z.minLength(1));

/** Detail of SageMaker's `SageMaker Model Package State Change`; only what is used is read. */
export const modelPackageEventSchema = z.looseObject({
  ModelPackageArn: text.check(z.maxLength(2048)),
  ModelApprovalStatus: forTheRecord(text),
  ModelLifeCycle: forTheRecord(z.looseObject({ Stage: text, StageStatus: text })),
  /** What the update changed; left out by SageMaker in some events, such as those of a creation. */
  UpdatedModelPackageFields: forTheRecord(z.array(z.string())),
  ModelPackageStatus: forTheRecord(text),
  CustomerMetadataProperties: labelTags,
  ApprovalDescription: forTheRecord(text),
  LastModifiedBy: forTheRecord(z.looseObject({ UserProfileName: z.optional(text) })),
});
export type ModelPackageDetail = z.infer<typeof modelPackageEventSchema>;

/** Detail of SageMaker's `SageMaker Endpoint State Change`; only what is used is read. Events write IN_SERVICE, the API InService. */
export const endpointEventSchema = z.looseObject({
  EndpointName: text.check(z.maxLength(63)),
  EndpointArn: text.check(z.maxLength(200)),
  EndpointStatus: z.enum(['IN_SERVICE', 'InService']),
  Tags: labelTags,
});
