import type { Direction, DirectionModel, Prediction } from './direction-model.ts';

/** What the classes of a row of probabilities mean, in the order of their names. */
const CLASSES: readonly Direction[] = ['short', 'hold', 'long'];

/** The features in a request's body, by name; what is no such body stays what it is, and is refused by the model. */
export function readRequest(model: DirectionModel, contentType: string, text: string): unknown {
  const names = Object.keys(model.features);
  const byPosition = (values: unknown): unknown =>
    Array.isArray(values) && values.length === names.length
      ? Object.fromEntries(names.map((name, index) => [name, values[index] as unknown]))
      : undefined;
  switch (mediaType(contentType)) {
    case 'text/csv':
      return byPosition(
        text
          .trim()
          .split(',')
          .map((field) => (field === '' ? undefined : Number(field))),
      );
    case 'application/jsonlines': {
      const record = parseJson(text.trim());
      return byPosition(isObject(record) ? record['features'] : undefined);
    }
    default:
      return parseJson(text);
  }
}

/** The answer in the format that was asked for: the model's own JSON, or as SageMaker's built-in algorithms write theirs. */
export function writeAnswer(
  accept: string,
  { direction, confidence, probabilities }: Extract<Prediction, { kind: 'prediction' }>,
): { readonly contentType: string; readonly body: string } {
  const row = CLASSES.map((name) => probabilities[name]);
  switch (mediaType(accept)) {
    case 'text/csv':
      return { contentType: 'text/csv', body: `${row.join(',')}\n` };
    case 'application/jsonlines': {
      const record = { score: row, predicted_label: CLASSES.indexOf(direction) };
      return { contentType: 'application/jsonlines', body: `${JSON.stringify(record)}\n` };
    }
    default:
      return { contentType: 'application/json', body: JSON.stringify({ direction, confidence }) };
  }
}

function mediaType(header: string): string {
  return header.split(';')[0]?.trim().toLowerCase() ?? '';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
