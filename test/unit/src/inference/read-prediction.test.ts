import { describe, expect, test } from '@jest/globals';
import { readPrediction, type Answer } from '../../../../src/inference/read-prediction.ts';

const LABELS: ('short' | 'hold' | 'long')[] = ['short', 'hold', 'long'];

const OWN: Answer = { kind: 'direction', format: 'json' };
const OWN_LINES: Answer = { kind: 'direction', format: 'jsonlines' };
const SCORE: Answer = { kind: 'probability-of-long', format: 'csv', shortBelow: 0.4, longFrom: 0.6 };
const SCORE_JSON: Answer = { ...SCORE, format: 'json' };
const SCORE_LINES: Answer = { ...SCORE, format: 'jsonlines' };
const ROW: Answer = { kind: 'probabilities', format: 'csv', labels: LABELS };
const ROW_JSON: Answer = { ...ROW, format: 'json' };
const ROW_LINES: Answer = { ...ROW, format: 'jsonlines' };
const LABEL: Answer = { kind: 'predicted-label', format: 'json', labels: ['short', 'long'] };
const LABEL_LINES: Answer = { ...LABEL, format: 'jsonlines' };
const LABEL_OF_THREE: Answer = { ...LABEL, labels: LABELS };

describe('a prediction', () => {
  test.each<[string, Answer, string, string, number]>([
    ["the project's own JSON", OWN, '{"direction":"long","confidence":0.71,"model":"v7"}', 'long', 0.71],
    ["the project's own JSON", OWN, ' {"direction":"hold","confidence":0}\n', 'hold', 0],
    ["the project's own JSON", OWN, '{"direction":"long","confidence":1.0000001192092896}', 'long', 1],
    ['a score of softmax in single precision', SCORE, '1.0000001192092896', 'long', 1],
    ['a score a hair below nothing', SCORE, '-0.00000011920929', 'short', 1],
    ["the project's own JSON line", OWN_LINES, '{"direction":"short","confidence":1}\n', 'short', 1],
    ['XGBoost binary:logistic in CSV', SCORE, '0.83', 'long', 0.83],
    ['XGBoost binary:logistic in CSV', SCORE, '0.17\n', 'short', 0.83],
    ['the linear learner in JSON', SCORE_JSON, '{"predictions":[{"score":0.9,"predicted_label":1}]}', 'long', 0.9],
    ['the linear learner in JSON lines', SCORE_LINES, '{"score":0.1,"predicted_label":0}\n', 'short', 0.9],
    ['a list of one score', SCORE_LINES, '{"score":[0.7]}', 'long', 0.7],
    ['XGBoost multi:softprob in CSV', ROW, '[0.1, 0.2, 0.7]', 'long', 0.7],
    ['a row in CSV', ROW, '0.6,0.3,0.1\r\n', 'short', 0.6],
    [
      'a row in single precision',
      ROW,
      '0.10000000149011612,0.20000000298023224,0.699999988079071',
      'long',
      0.699999988079071,
    ],
    [
      'the multiclass linear learner',
      ROW_JSON,
      '{"predictions":[{"score":[0.1,0.8,0.1],"predicted_label":1}]}',
      'hold',
      0.8,
    ],
    ['a row in JSON lines', ROW_LINES, '{"score":[0.8,0.1,0.1]}', 'short', 0.8],
    ['a label of two', LABEL, '{"predictions":[{"score":0.9,"predicted_label":1}]}', 'long', 0.9],
    [
      "a label below one half, by the model's own threshold",
      LABEL,
      '{"predictions":[{"score":0.3,"predicted_label":1.0}]}',
      'long',
      0.3,
    ],
    ['a label of two in JSON lines', LABEL_LINES, '{"score":0.25,"predicted_label":0}', 'short', 0.75],
    ['a label of three', LABEL_OF_THREE, '{"predictions":[{"score":[0.1,0.2,0.7],"predicted_label":2}]}', 'long', 0.7],
    [
      'a label that is not the largest',
      LABEL_OF_THREE,
      '{"predictions":[{"score":[0.1,0.2,0.7],"predicted_label":1}]}',
      'hold',
      0.2,
    ],
  ])('is read from %s', (_, answer, text, direction, confidence) => {
    expect(readPrediction(text, answer)).toEqual({ direction, confidence });
  });

  test.each([
    ['0.6', 'long', 0.6],
    ['0.59', 'hold', 0.59],
    ['0.5', 'hold', 0.5],
    ['0.4', 'hold', 0.6],
    ['0.39', 'short', 0.61],
    ['0', 'short', 1],
    ['1', 'long', 1],
    // In single precision, as algorithms keep it: 0.6 and 0.4 themselves.
    ['0.6000000238418579', 'long', 0.6000000238418579],
    ['0.4000000059604645', 'hold', 0.6],
    ['0.30000001192092896', 'short', 0.7],
  ])('of probability %s is %s with confidence %d between the thresholds 0.4 and 0.6', (text, direction, confidence) => {
    expect(readPrediction(text, SCORE)).toEqual({ direction, confidence });
  });

  test('of a probability that single precision puts below the threshold that it equals is long all the same', () => {
    const answer: Answer = { kind: 'probability-of-long', format: 'csv', shortBelow: 0.3, longFrom: 0.7 };

    expect(Math.fround(0.7)).toBeLessThan(0.7);
    expect(readPrediction(String(Math.fround(0.7)), answer).direction).toBe('long');
  });

  test('is hold where two classes are equally probable, whichever they are', () => {
    expect(readPrediction('0.45,0.1,0.45', ROW)).toEqual({ direction: 'hold', confidence: 0.45 });
    expect(readPrediction('0.5,0.5', { ...ROW, labels: ['short', 'long'] })).toEqual({
      direction: 'hold',
      confidence: 0.5,
    });
  });
});

describe('an answer is refused, and not guessed from:', () => {
  test.each<[Answer, string, string]>([
    [OWN, '', 'not JSON'],
    [OWN, 'long,0.9', 'not JSON'],
    [OWN, 'null', 'input: Invalid input: expected object, received null'],
    [OWN, '["long",0.9]', 'input: Invalid input: expected object, received array'],
    [OWN, '{"direction":"up","confidence":0.9}', 'direction: Invalid option: expected one of "long"|"short"|"hold"'],
    [
      OWN,
      '{"direction":["long"],"confidence":0.9}',
      'direction: Invalid option: expected one of "long"|"short"|"hold"',
    ],
    [OWN, '{"direction":"long"}', 'confidence: Invalid input: expected number, received undefined'],
    [OWN, '{"direction":"long","confidence":90}', 'confidence: must be from 0 to 1'],
    [OWN, '{"direction":"long","confidence":-0.1}', 'confidence: must be from 0 to 1'],
    [OWN, '{"direction":"long","confidence":"0.9"}', 'confidence: Invalid input: expected number, received string'],
    [OWN, '{"direction":"long","confidence":NaN}', 'not JSON'],
    [OWN, '{"direction":"long","confidence":1e999}', 'confidence: Invalid input: expected number, received Infinity'],
    [
      OWN_LINES,
      '{"direction":"long","confidence":0.9}\n{"direction":"short","confidence":0.9}\n',
      'expected one line, got several',
    ],
    [SCORE, '', 'number 1 of the line is none'],
    [SCORE, '0.8,0.2', 'expected one score, got 2'],
    [SCORE, '0.8\n0.2', 'expected one line of numbers, got several'],
    [SCORE, 'NaN', 'number 1 of the line is none'],
    [SCORE, '1.2', 'the score is 1.2; a probability is 0 to 1'],
    [SCORE, '-0.1', 'the score is -0.1; a probability is 0 to 1'],
    [SCORE, '0.8;', 'number 1 of the line is none'],
    [SCORE, '[]', 'number 1 of the line is none'],
    [SCORE, '{"score":0.8}', 'number 1 of the line is none'],
    [SCORE_JSON, '0.8', 'input: Invalid input: expected object, received number'],
    [SCORE_JSON, '{"score":0.8}', 'predictions: Invalid input: expected array, received undefined'],
    [SCORE_JSON, '{"predictions":[]}', 'expected one prediction, got 0'],
    [SCORE_JSON, '{"predictions":[{"score":0.8},{"score":0.2}]}', 'expected one prediction, got 2'],
    [SCORE_JSON, '{"predictions":[{}]}', 'predictions.0.score: expected a number or a list of numbers'],
    [SCORE_JSON, '{"predictions":[{"score":"0.8"}]}', 'predictions.0.score: expected a number or a list of numbers'],
    [SCORE_JSON, '{"predictions":[{"score":null}]}', 'predictions.0.score: expected a number or a list of numbers'],
    [SCORE_JSON, '{"predictions":[{"score":[]}]}', 'expected one score, got 0'],
    [SCORE_LINES, '{"score":0.8}\n{"score":0.8}', 'expected one line, got several'],
    [SCORE_LINES, '{"score":[0.1,0.9]}', 'expected one score, got 2'],
    [ROW, '0.3,0.7', 'expected 3 probabilities, of short, hold, long; got 2'],
    [ROW, '2.0', 'expected 3 probabilities, of short, hold, long; got 1'],
    [ROW, '0.1,0.2,0.3,0.4', 'expected 3 probabilities, of short, hold, long; got 4'],
    [ROW, '0.1,0.2,', 'number 3 of the line is none'],
    [ROW, '0.1,0.2,x', 'number 3 of the line is none'],
    [ROW, '-0.1,0.2,0.9', 'that of short is -0.1; a probability is 0 to 1'],
    [ROW, '0.1,0.2,0.2', 'the probabilities sum to 0.5, not to 1'],
    [ROW, '0.5,0.5,0.5', 'the probabilities sum to 1.5, not to 1'],
    [ROW, '[0.1,0.2,0.7],[0.1,0.2,0.7]', 'number 3 of the line is none'],
    [ROW_JSON, '{"predictions":[{"score":0.9}]}', 'expected 3 probabilities, of short, hold, long; got 1'],
    [
      LABEL,
      '{"predictions":[{"score":0.9}]}',
      'predictions.0.predicted_label: Invalid input: expected number, received undefined',
    ],
    [
      LABEL,
      '{"predictions":[{"score":0.9,"predicted_label":0.5}]}',
      'predictions.0.predicted_label: Invalid input: expected int, received number',
    ],
    [LABEL, '{"predictions":[{"score":0.9,"predicted_label":2}]}', 'predicted_label is 2; there are 2 labels'],
    [LABEL, '{"predictions":[{"score":0.9,"predicted_label":-1}]}', 'predicted_label is -1; there are 2 labels'],
    [LABEL, '{"predictions":[{"score":3.7,"predicted_label":1}]}', 'score is 3.7; a probability is 0 to 1'],
    [
      LABEL_OF_THREE,
      '{"predictions":[{"score":0.9,"predicted_label":2}]}',
      'one score stands for two labels; there are 3',
    ],
    [
      LABEL_OF_THREE,
      '{"predictions":[{"score":[0.1,0.9],"predicted_label":1}]}',
      'expected 3 probabilities, of short, hold, long; got 2',
    ],
  ])('%j and %j', (answer, text, problem) => {
    expect(() => readPrediction(text, answer)).toThrow(
      expect.objectContaining({
        name: 'AnswerUnusableError',
        message: `${problem}; the answer is ${JSON.stringify(text)}`,
      }),
    );
  });

  test('a long one, of which only the beginning is quoted', () => {
    expect(() => readPrediction('x'.repeat(5000), OWN)).toThrow(
      `not JSON; the answer is "${'x'.repeat(120)}"... (5000 characters)`,
    );
  });
});
