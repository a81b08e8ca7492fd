import * as z from 'zod/mini';
import { FeaturesUnusableError } from '../errors.ts';
import type { Features } from './features.ts';

/** The formats that requests and answers come in, with their content types. */
export const CONTENT_TYPES = {
  json: 'application/json',
  jsonlines: 'application/jsonlines',
  csv: 'text/csv',
} as const;
export type Format = keyof typeof CONTENT_TYPES;

const order = z.array(z.string());

/** How features are put to the model. Stage configuration, `trading.predictors[].request`. */
export const requestFormatSchema = z.discriminatedUnion('format', [
  /** All features by name. */
  z.object({ format: z.literal('json') }),
  /** The features in this order, by position alone. */
  z.object({ format: z.literal('csv'), order }),
  z.object({ format: z.literal('jsonlines'), order }),
]);
export type RequestFormat = z.infer<typeof requestFormatSchema>;

/**
 * Writes the body of a request: `{"rsi_14":62}`, `62,0.006` or `{"features":[62,0.006]}`.
 *
 * @throws FeaturesUnusableError naming a feature that the order has and the features lack.
 */
export function writeRequest(features: Features, request: RequestFormat): string {
  if (request.format === 'json') return JSON.stringify(features);
  const values = request.order.map((name) => {
    const value = Object.hasOwn(features, name) ? features[name] : undefined;
    if (value === undefined) throw new FeaturesUnusableError(`feature ${name} is in request.order and was not read`);
    return value;
  });
  return request.format === 'csv' ? values.join(',') : JSON.stringify({ features: values });
}
