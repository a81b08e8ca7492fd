import * as z from 'zod/mini';
import { AnswerUnusableError } from '../errors.ts';
import type { InferenceCompleted } from '../events/inference-completed.ts';
import { isBelow, readShare } from '../measure.ts';
import { describeProblems, shareSchema } from '../schemas.ts';
import { parseDecimal } from './decimal.ts';
import type { Format } from './write-request.ts';

export const DIRECTIONS = ['long', 'short', 'hold'] as const;
type Direction = (typeof DIRECTIONS)[number];

/** What the model says; confidence is 0 to 1. */
export type Prediction = Pick<InferenceCompleted, 'direction' | 'confidence'>;

const direction = z.enum(DIRECTIONS);
const ownFormat = z.enum(['json', 'jsonlines']);
const anyFormat = z.enum(['json', 'jsonlines', 'csv']);

/** What an answer looks like and how it is understood. Stage configuration, `answer` of predictors and inferences. */
export const answerSchema = z.discriminatedUnion('kind', [
  /** `{"direction":"long","confidence":0.71}`. */
  z.object({ kind: z.literal('direction'), format: ownFormat }),
  /** One score, the probability of long: from `longFrom` it is long, below `shortBelow` short, in between hold. */
  z.object({ kind: z.literal('probability-of-long'), format: anyFormat, shortBelow: z.number(), longFrom: z.number() }),
  /** A probability for each label; the largest decides. */
  z.object({ kind: z.literal('probabilities'), format: anyFormat, labels: z.array(direction) }),
  /** `score` and `predicted_label`, the position in `labels`, as the linear learner has them. */
  z.object({ kind: z.literal('predicted-label'), format: ownFormat, labels: z.array(direction) }),
]);
export type Answer = z.infer<typeof answerSchema>;

/** So much of an answer is quoted where it is of no use. */
const EXCERPT_CHARACTERS = 120;

/** Softmax in single precision does not sum to exactly one. */
const SUM_TOLERANCE = 0.001;

/**
 * Reads the one prediction that an answer holds.
 *
 * @throws AnswerUnusableError saying what is wrong, with the answer's beginning. A prediction is never guessed.
 */
export function readPrediction(text: string, answer: Answer): Prediction {
  try {
    return interpret(text.trim(), answer);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw new AnswerUnusableError(`${error.message}; the answer is ${quoteAnswer(text)}`);
  }
}

/** What is wrong with an answer, before the answer is quoted. */
class Problem extends Error {}

function interpret(text: string, answer: Answer): Prediction {
  switch (answer.kind) {
    case 'direction':
      return check(directionSchema, parseJson(text, answer.format));
    case 'probability-of-long': {
      const scores = readScores(text, answer.format);
      const [only] = scores;
      if (only === undefined || scores.length > 1) throw new Problem(`expected one score, got ${scores.length}`);
      return fromProbabilityOfLong(toProbability(only, 'the score'), answer);
    }
    case 'probabilities':
      return mostProbable(readScores(text, answer.format), answer.labels);
    case 'predicted-label':
      return fromLabel(onePrediction(text, answer.format, labelledSchema), answer.labels);
  }
}

const directionSchema = z.object({ direction, confidence: shareSchema });
const score = z.union([z.number(), z.array(z.number())], { error: 'expected a number or a list of numbers' });
const scoredSchema = z.object({ score });
const labelledSchema = z.object({ score, predicted_label: z.int() });

function fromProbabilityOfLong(
  probability: number,
  { shortBelow, longFrom }: { readonly shortBelow: number; readonly longFrom: number },
): Prediction {
  if (isBelow(probability, shortBelow)) return { direction: 'short', confidence: complement(probability) };
  if (!isBelow(probability, longFrom)) return { direction: 'long', confidence: probability };
  return { direction: 'hold', confidence: Math.max(probability, complement(probability)) };
}

function mostProbable(scores: readonly number[], labels: readonly Direction[]): Prediction {
  const probabilities = toProbabilities(scores, labels);
  const confidence = Math.max(...probabilities);
  const winners = labels.filter((_, index) => probabilities[index] === confidence);
  // Two that are equally probable are no reason to trade.
  const [winner = 'hold', ...tied] = winners;
  return { direction: tied.length > 0 ? 'hold' : winner, confidence };
}

function fromLabel(
  { score: scored, predicted_label: label }: z.infer<typeof labelledSchema>,
  labels: readonly Direction[],
): Prediction {
  const predicted = labels[label];
  if (predicted === undefined) throw new Problem(`predicted_label is ${label}; there are ${labels.length} labels`);
  if (Array.isArray(scored)) return { direction: predicted, confidence: toProbabilities(scored, labels)[label] ?? 0 };
  if (labels.length !== 2) throw new Problem(`one score stands for two labels; there are ${labels.length}`);
  const probability = toProbability(scored, 'score');
  return { direction: predicted, confidence: label === 1 ? probability : complement(probability) };
}

/** One score or a row of them: a line of numbers, or the `score` of one prediction. */
function readScores(text: string, format: Format): readonly number[] {
  if (format === 'csv') return parseRow(text);
  const { score: scored } = onePrediction(text, format, scoredSchema);
  return Array.isArray(scored) ? scored : [scored];
}

/** `{"predictions":[{...}]}` in JSON, `{...}` in JSON lines: what SageMaker's own algorithms answer. */
function onePrediction<Output>(text: string, format: 'json' | 'jsonlines', schema: z.core.$ZodType<Output>): Output {
  const parsed = parseJson(text, format);
  if (format === 'jsonlines') return check(schema, parsed);
  const { predictions } = check(z.looseObject({ predictions: z.array(z.unknown()) }), parsed);
  if (predictions.length !== 1) throw new Problem(`expected one prediction, got ${predictions.length}`);
  return check(schema, predictions[0], 'predictions', '0');
}

/** XGBoost puts a row of probabilities in brackets, `[0.1, 0.2, 0.7]`; others do not. */
function parseRow(text: string): readonly number[] {
  if (/[\r\n]/.test(text)) throw new Problem('expected one line of numbers, got several');
  const [, bracketed] = /^\[(.*)\]$/.exec(text) ?? [];
  return (bracketed ?? text).split(',').map((field, index) => {
    const value = parseDecimal(field.trim());
    if (value === undefined) throw new Problem(`number ${index + 1} of the line is none`);
    return value;
  });
}

function parseJson(text: string, format: 'json' | 'jsonlines'): unknown {
  if (format === 'jsonlines' && /[\r\n]/.test(text)) throw new Problem('expected one line, got several');
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem('not JSON');
  }
}

function check<Output>(schema: z.core.$ZodType<Output>, value: unknown, ...path: string[]): Output {
  const parsed = z.safeParse(schema, value);
  if (!parsed.success) throw new Problem(describeProblems(parsed.error, ...path));
  return parsed.data;
}

function toProbabilities(scores: readonly number[], labels: readonly Direction[]): readonly number[] {
  if (scores.length !== labels.length) {
    throw new Problem(`expected ${labels.length} probabilities, of ${labels.join(', ')}; got ${scores.length}`);
  }
  const probabilities = scores.map((value, index) => toProbability(value, `that of ${labels[index]}`));
  const sum = probabilities.reduce((total, value) => total + value, 0);
  if (Math.abs(sum - 1) > SUM_TOLERANCE) throw new Problem(`the probabilities sum to ${sum}, not to 1`);
  return probabilities;
}

function toProbability(value: number, what: string): number {
  const share = readShare(value);
  if (share === undefined) throw new Problem(`${what} is ${value}; a probability is 0 to 1`);
  return share;
}

/** To six decimals, which is what a score in single precision has: of 0.4 (0.4000000059604645) it is 0.6. */
function complement(probability: number): number {
  return Math.round((1 - probability) * 1_000_000) / 1_000_000;
}

/** The beginning of an answer, for reasons. */
export function quoteAnswer(text: string): string {
  const beginning = JSON.stringify(text.slice(0, EXCERPT_CHARACTERS));
  return text.length > EXCERPT_CHARACTERS ? `${beginning}... (${text.length} characters)` : beginning;
}
