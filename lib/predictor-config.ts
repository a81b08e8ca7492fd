import * as z from 'zod';
import type { Predictor } from '../src/inference/predictor.ts';
import { DIRECTIONS } from '../src/inference/read-prediction.ts';
import { isEachOnce } from './config-checks.ts';

const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,19}$/)
  .meta({ description: 'Begins the ids of predictions and ends names; lower case, digits and -, up to 20.' });
/** It goes into names of rules and groups of queues. */
export const assetName = z.string().regex(/^[A-Za-z0-9][\w.:/-]{0,39}$/);
const asset = assetName.meta({ description: 'Asset that the prediction is about; one of trading.markets.' });
const endpointName = z
  .string()
  .regex(/^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$/)
  .meta({ description: 'SageMaker endpoint that is asked.' });

const bucket = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/)
  .meta({ description: "A bucket of S3, in the stage's own region." });
/** Without the characters that IAM reads as wildcards: the grant is on this key and no other. */
const key = z
  .string()
  .regex(/^[^*?$\s/][^*?$]{0,511}$/)
  .meta({ description: 'Key of an object; without *, ? and $.' });
const kmsKeyArn = z
  .string()
  .regex(/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/)
  .optional()
  .meta({ description: 'Key that it is encrypted with, if it is one of your own.' });

/** Feature Store's rule for names of features and groups. */
const storeName = z.string().regex(/^[a-zA-Z0-9]([-_]*[a-zA-Z0-9]){0,63}$/);
const featureName = z.string().min(1).max(64);

/** In seconds: three runs of a schedule of five minutes. */
const DEFAULT_MAX_AGE = 900;
const maxAgeSeconds = z
  .union([z.int().min(1).max(31_536_000), z.literal('unlimited')])
  .default(DEFAULT_MAX_AGE)
  .meta({
    description: `Older features are an error; ${DEFAULT_MAX_AGE} if left out. unlimited: they are never too old.`,
  });
const MAX_FEATURES = 200;
const atLeastOne = <Schema extends z.ZodType>(element: Schema) =>
  z.array(element).min(1).max(MAX_FEATURES).refine(isEachOnce, { error: 'each once' });

const features = z
  .discriminatedUnion('source', [
    z.strictObject({
      source: z.literal('fixed'),
      values: z
        .record(featureName, z.number())
        .refine((values) => Object.keys(values).length >= 1 && Object.keys(values).length <= MAX_FEATURES)
        .meta({ description: `Features by name; at least one, at most ${MAX_FEATURES}.` }),
    }),
    z.strictObject({
      source: z.literal('s3'),
      bucket,
      key,
      names: atLeastOne(featureName).optional().meta({
        description: 'Which fields of the JSON object are features, one at least; without it, all of them.',
      }),
      maxAgeSeconds,
      kmsKeyArn,
    }),
    z
      .strictObject({
        source: z.literal('feature-store'),
        featureGroup: storeName.meta({ description: 'A feature group with an online store.' }),
        recordId: z.string().min(1).max(200).meta({ description: 'Value of its record identifier.' }),
        names: atLeastOne(storeName).meta({ description: 'Which of its features are taken, one at least.' }),
        eventTimeFeature: storeName.optional().meta({ description: 'Feature that holds the event time.' }),
        maxAgeSeconds,
        kmsKeyArn,
      })
      .refine(
        ({ eventTimeFeature, maxAgeSeconds: limit }) => (eventTimeFeature === undefined) === (limit === 'unlimited'),
        { error: 'give eventTimeFeature, or "maxAgeSeconds": "unlimited" if the age is not to be looked at; not both' },
      ),
  ])
  .meta({ description: 'Where the features of each run come from.' });

const order = atLeastOne(featureName).meta({
  description: 'The features in the order of the model, which knows them by position; one at least.',
});

const request = z
  .discriminatedUnion('format', [
    z.strictObject({ format: z.literal('json') }),
    z.strictObject({ format: z.literal('csv'), order }),
    z.strictObject({ format: z.literal('jsonlines'), order }),
  ])
  .default({ format: 'json' })
  .meta({ description: 'How the features are sent; as a JSON object by name if left out.' });

const unitInterval = z.number().min(0).max(1);
const labels = z
  .array(z.enum(DIRECTIONS))
  .min(2)
  .max(3)
  .refine(isEachOnce, { error: 'each once' })
  .meta({ description: "What the model's classes mean, in its order.", examples: [['short', 'hold', 'long']] });
const structured = z.enum(['json', 'jsonlines']);
const anyFormat = z.enum(['json', 'jsonlines', 'csv']);

const answer = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('direction'), format: structured }),
    z
      .strictObject({
        kind: z.literal('probability-of-long'),
        format: anyFormat,
        shortBelow: unitInterval.meta({ description: 'Below it the model says short.' }),
        longFrom: unitInterval.meta({ description: 'At it and above the model says long.' }),
      })
      .refine(({ shortBelow, longFrom }) => shortBelow <= longFrom, {
        error: 'shortBelow is at most longFrom',
      }),
    z.strictObject({ kind: z.literal('probabilities'), format: anyFormat, labels }),
    z.strictObject({ kind: z.literal('predicted-label'), format: structured, labels }),
  ])
  .default({ kind: 'direction', format: 'json' })
  .meta({ description: 'What the answer looks like; {direction, confidence} in JSON if left out.' });

const predictor = z
  .strictObject({
    name,
    asset,
    endpointName,
    features,
    priceFeature: featureName.optional().meta({
      description:
        "The feature that is the asset's price in USD: predictions say it, and paper orders are filled at it.",
    }),
    request,
    answer,
    everyMinutes: z
      .int()
      .min(1)
      .max(1440)
      .optional()
      .meta({ description: 'How often the scheduler asks; without it, the function is only invoked by hand.' }),
  })
  .superRefine((value, context) => {
    if (value.features.source === 'fixed' && value.everyMinutes !== undefined && value.everyMinutes >= 1) {
      context.addIssue({
        code: 'custom',
        path: ['everyMinutes'],
        input: value.everyMinutes,
        message:
          'Fixed features are never news, and a schedule would trade on them: read features from s3 or feature-store, or leave it out and ask by hand.',
      });
    }
    const known = value.features.source === 'fixed' ? Object.keys(value.features.values) : value.features.names;
    const missing =
      value.request.format === 'json' ? [] : value.request.order.filter((one) => known?.includes(one) === false);
    if (value.priceFeature !== undefined && known?.includes(value.priceFeature) === false) {
      context.addIssue({
        code: 'custom',
        path: ['priceFeature'],
        input: value.priceFeature,
        message: 'It has to be one of the features.',
      });
    }
    if (missing.length > 0) {
      context.addIssue({
        code: 'custom',
        path: ['request', 'order'],
        input: missing,
        message: 'Each has to be one of the features.',
      });
    }
  })
  .meta({ description: 'A function that asks one model about one asset.' });

const prefix = key.meta({
  description: 'How the keys of the answers begin: the path of S3OutputPath, with a slash at the end.',
});

const inference = z
  .strictObject({
    name,
    asset,
    bucket,
    prefix,
    failurePrefix: key
      .optional()
      .meta({ description: 'How the keys of what failed begin: the path of S3FailurePath.' }),
    answer,
    kmsKeyArn,
  })
  .meta({ description: "Where an asynchronous endpoint's answers appear." });

export const predictors = z.array(predictor).max(20).superRefine(refuseSharedNames).meta({
  description: 'Functions that ask models; one for each asset and model. Empty: predictions come from elsewhere.',
});

/** Each is 14 of the 500 resources that a stack may have. */
const MAX_INFERENCES = 10;

export const inferences = z
  .array(inference)
  .max(MAX_INFERENCES)
  .superRefine(refuseSharedNames)
  .superRefine(refuseSharedObjects)
  .default([])
  .meta({ description: 'Answers of asynchronous endpoints, taken from S3 as they are written; none if left out.' });

export type PredictorConfig = z.infer<typeof predictors>[number];
/** What a predictor's function is told: no schedule, and no limit on the age where there is to be none. */
export function predictorPolicy({ everyMinutes: _every, features: given, ...others }: PredictorConfig): Predictor {
  if (given.source === 'fixed') return { ...others, features: given };
  const { maxAgeSeconds: limit, kmsKeyArn: _key, ...source } = given;
  return { ...others, features: limit === 'unlimited' ? source : { ...source, maxAgeSeconds: limit } };
}

export type InferenceConfig = z.infer<typeof inferences>[number];

function refuseSharedNames(all: readonly { readonly name: string }[], context: z.core.$RefinementCtx): void {
  for (const [index, one] of all.entries()) {
    if (all.findIndex((other) => other.name === one.name) === index) continue;
    const message = 'Each needs a name of its own.';
    context.addIssue({ code: 'custom', path: [index, 'name'], input: one.name, message });
  }
}

/** An object that two prefixes begin would be two predictions. */
function refuseSharedObjects(all: readonly z.infer<typeof inference>[], context: z.core.$RefinementCtx): void {
  const places = all.flatMap((one, index) =>
    (['prefix', 'failurePrefix'] as const).flatMap((field) => {
      const begin = one[field];
      return begin === undefined || begin === '' ? [] : [{ bucket: one.bucket, begin, path: [index, field] }];
    }),
  );
  for (const place of places) {
    const isShared = places.some(
      (other) => other !== place && other.bucket === place.bucket && place.begin.startsWith(other.begin),
    );
    const message = 'It may not begin with another prefix of the same bucket.';
    if (isShared) context.addIssue({ code: 'custom', path: place.path, input: place.begin, message });
  }
}
