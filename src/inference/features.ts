import * as z from 'zod/mini';
import { FeaturesUnusableError } from '../errors.ts';
import { formatUsd, parseEstimate } from '../money.ts';
import { parseDecimal } from './decimal.ts';

/** What a model is asked about: numbers by name, never none. */
export type Features = Readonly<Record<string, number>>;

const names = z.array(z.string());

/** Where the features of a run come from. Stage configuration, `trading.predictors[].features`. */
export const featureSourceSchema = z.discriminatedUnion('source', [
  z.object({ source: z.literal('fixed'), values: z.record(z.string(), z.number()) }),
  z.object({
    source: z.literal('s3'),
    bucket: z.string(),
    /** Of a JSON object: feature names to numbers. */
    key: z.string(),
    /** Which of its fields are features; all of them where nothing is given. */
    names: z.optional(names),
    /** Older ones are refused, by the object's time of writing. */
    maxAgeSeconds: z.optional(z.int()),
  }),
  z.object({
    source: z.literal('feature-store'),
    featureGroup: z.string(),
    recordId: z.string(),
    names,
    /** The feature that holds the record's event time; given where there is a maximum age. */
    eventTimeFeature: z.optional(z.string()),
    maxAgeSeconds: z.optional(z.int()),
  }),
]);
export type FeatureSource = z.infer<typeof featureSourceSchema>;

/** How far ahead of our clock the writer's may go. What lies further ahead is no time of writing. */
const CLOCK_SKEW_SECONDS = 60;

export interface FeatureReaders {
  readonly readObject: (bucket: string, key: string) => Promise<{ readonly text: string; readonly modifiedAt: Date }>;
  /** The features of a record that it has, as text. */
  readonly readRecord: (
    featureGroup: string,
    recordId: string,
    names: readonly string[],
  ) => Promise<ReadonlyMap<string, string>>;
  readonly now: () => Date;
}

/**
 * Reads the features of one run.
 *
 * @throws FeaturesUnusableError naming the field, where one is missing or no finite number, where there is none at all,
 * and where they are too old.
 */
export async function readFeatures(source: FeatureSource, readers: FeatureReaders): Promise<Features> {
  switch (source.source) {
    case 'fixed':
      return toFeatures(source.values, Object.keys(source.values), 'the configured features');
    case 's3': {
      const { bucket, key, maxAgeSeconds } = source;
      const where = `s3://${bucket}/${key}`;
      const { text, modifiedAt } = await readers.readObject(bucket, key);
      checkAge(where, modifiedAt, maxAgeSeconds, readers.now());
      const values = parseObject(text, where);
      return toFeatures(values, source.names ?? Object.keys(values), where);
    }
    case 'feature-store': {
      const { featureGroup, recordId, eventTimeFeature, maxAgeSeconds } = source;
      const where = `record ${recordId} of feature group ${featureGroup}`;
      const asked = [...new Set([...source.names, ...(eventTimeFeature === undefined ? [] : [eventTimeFeature])])];
      const record = await readers.readRecord(featureGroup, recordId, asked);
      if (record.size === 0) throw new FeaturesUnusableError(`${where}: there is no such record`);
      if (eventTimeFeature !== undefined) {
        checkAge(
          where,
          parseEventTime(record.get(eventTimeFeature), where, eventTimeFeature),
          maxAgeSeconds,
          readers.now(),
        );
      }
      const values = Object.fromEntries([...record].map(([name, text]) => [name, parseDecimal(text) ?? text]));
      return toFeatures(values, source.names, where);
    }
  }
}

/**
 * The price among the features, in decimal USD to the nearest millionth; undefined where that is nothing.
 *
 * @throws FeaturesUnusableError where it is missing, zero or negative.
 */
export function readPrice(features: Features, name: string): string | undefined {
  const value = features[name];
  if (value === undefined) {
    throw new FeaturesUnusableError(
      `priceFeature: there is no feature ${name}; there are ${Object.keys(features).join(', ')}`,
    );
  }
  if (value <= 0) throw new FeaturesUnusableError(`priceFeature: ${name} is ${value}; a price is more than nothing`);
  const price = parseEstimate(value);
  return price > 0n ? formatUsd(price) : undefined;
}

function toFeatures(values: Readonly<Record<string, unknown>>, wanted: readonly string[], where: string): Features {
  if (wanted.length === 0) throw new FeaturesUnusableError(`${where}: there must be at least one feature`);
  return Object.fromEntries(
    wanted.map((name) => {
      const value = Object.hasOwn(values, name) ? values[name] : undefined;
      if (value === undefined) throw new FeaturesUnusableError(`${where}: feature ${name} is missing`);
      if (typeof value !== 'number' || !Number.isFinite(value)) {
        throw new FeaturesUnusableError(`${where}: feature ${name} must be a finite number, got ${describe(value)}`);
      }
      return [name, value];
    }),
  );
}

function describe(value: unknown): string {
  return typeof value === 'number' ? String(value) : JSON.stringify(value).slice(0, 40);
}

function parseObject(text: string, where: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new FeaturesUnusableError(`${where}: not JSON`, { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FeaturesUnusableError(`${where}: must be a JSON object of feature names and numbers`);
  }
  return value as Record<string, unknown>;
}

/** Feature Store keeps an event time as ISO 8601 text or as seconds since 1970. */
function parseEventTime(text: string | undefined, where: string, name: string): Date {
  if (text === undefined) throw new FeaturesUnusableError(`${where}: event time ${name} is missing`);
  const seconds = parseDecimal(text);
  const time = seconds === undefined ? Date.parse(text) : seconds * 1000;
  if (seconds === undefined && !z.safeParse(z.iso.datetime({ offset: true }), text).success) {
    throw new FeaturesUnusableError(
      `${where}: event time ${name} must be ISO 8601 or seconds since 1970, got "${text}"`,
    );
  }
  return new Date(time);
}

function checkAge(where: string, writtenAt: Date, maxAgeSeconds: number | undefined, now: Date): void {
  if (maxAgeSeconds === undefined) return;
  const ageSeconds = Math.floor((now.getTime() - writtenAt.getTime()) / 1000);
  if (ageSeconds > maxAgeSeconds) {
    throw new FeaturesUnusableError(
      `${where}: the features are stale: ${ageSeconds} s old; maxAgeSeconds is ${maxAgeSeconds}`,
    );
  }
  // NaN, where the time is beyond what a date can hold, is no age either.
  if (!(ageSeconds >= -CLOCK_SKEW_SECONDS)) {
    throw new FeaturesUnusableError(`${where}: the features are from the future; their time is no time of writing`);
  }
}
