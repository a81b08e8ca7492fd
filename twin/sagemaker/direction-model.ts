import * as z from 'zod';

const weightsSchema = z.record(z.string(), z.number());

/** The file format of a model; README.md explains the numbers. */
export const directionModelSchema = z.strictObject({
  clipAt: z.number().positive(),
  features: z.record(z.string(), z.strictObject({ mean: z.number(), deviation: z.number().positive() })),
  classes: z.strictObject({
    long: z.strictObject({ intercept: z.number(), weights: weightsSchema }),
    short: z.strictObject({ intercept: z.number(), weights: weightsSchema }),
    hold: z.strictObject({ intercept: z.number(), weights: weightsSchema }),
  }),
});

/** Multinomial logistic regression over standardised features. */
export type DirectionModel = z.infer<typeof directionModelSchema>;
export type Direction = keyof DirectionModel['classes'];

/** The most probable class with its probability, and those of all, in four decimals; or why the input cannot be scored. */
export type Prediction =
  | {
      readonly kind: 'prediction';
      readonly direction: Direction;
      readonly confidence: number;
      readonly probabilities: Readonly<Record<Direction, number>>;
    }
  | { readonly kind: 'unusable-input'; readonly reason: string };

const DIRECTIONS: readonly Direction[] = ['long', 'short', 'hold'];

/** Scores one set of features. Fields that the model does not know are ignored. */
export function predictDirection(model: DirectionModel, input: unknown): Prediction {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return { kind: 'unusable-input', reason: 'the body must be a JSON object of features' };
  }
  const standardised = new Map<string, number>();
  for (const [name, { mean, deviation }] of Object.entries(model.features)) {
    const value = (input as Record<string, unknown>)[name];
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      return { kind: 'unusable-input', reason: `feature ${name} must be a number, got ${JSON.stringify(value)}` };
    }
    standardised.set(name, Math.max(-model.clipAt, Math.min(model.clipAt, (value - mean) / deviation)));
  }
  const scores = DIRECTIONS.map((direction) => score(model.classes[direction], standardised));
  const [long = 0, short = 0, hold = 0] = softmax(scores).map((value) => Math.round(value * 10_000) / 10_000);
  const probabilities = { long, short, hold };
  const confidence = Math.max(long, short, hold);
  const direction = DIRECTIONS.find((name) => probabilities[name] === confidence) ?? 'hold';
  return { kind: 'prediction', direction, confidence, probabilities };
}

function score(
  { intercept, weights }: DirectionModel['classes'][Direction],
  features: ReadonlyMap<string, number>,
): number {
  return [...features].reduce((total, [name, value]) => total + (weights[name] ?? 0) * value, intercept);
}

/** The largest score is taken off first, so that no exponential overflows. */
function softmax(scores: readonly number[]): number[] {
  const largest = Math.max(...scores);
  const exponentials = scores.map((value) => Math.exp(value - largest));
  const total = exponentials.reduce((sum, value) => sum + value, 0);
  return exponentials.map((value) => value / total);
}
