import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createJsonSplitter, type JsonPart } from '../../../../src/what-if/split-json.ts';

function split(text: string, pieceLength = Math.max(1, text.length)): JsonPart[] {
  const splitter = createJsonSplitter();
  const parts: JsonPart[] = [];
  for (let start = 0; start < text.length; start += pieceLength) {
    parts.push(...splitter.push(text.slice(start, start + pieceLength)));
  }
  return [...parts, ...splitter.end()];
}

const value = (line: number, found: unknown): JsonPart => ({ kind: 'value', line, value: found });
const broken = (line: number, reason: string): JsonPart => ({ kind: 'broken', line, reason });
const NO_OBJECT = 'not a JSON object; expected EventBridge events, one a line, one after another, or in an array';

describe('objects are found', () => {
  test.each([
    ['one a line', '{"a":1}\n{"a":2}\n', [value(1, { a: 1 }), value(2, { a: 2 })]],
    ['without an end of the last line', '{"a":1}\n{"a":2}', [value(1, { a: 1 }), value(2, { a: 2 })]],
    ['with the line ends of Windows', '{"a":1}\r\n\r\n{"a":2}\r\n', [value(1, { a: 1 }), value(3, { a: 2 })]],
    ['behind a byte order mark', '\uFEFF{"a":1}', [value(1, { a: 1 })]],
    [
      'one right after another, as Firehose writes them',
      '{"a":1}{"a":2} {"a":3}',
      [1, 2, 3].map((a) => value(1, { a })),
    ],
    ['in an array', '[{"a":1},{"a":2}]', [value(1, { a: 1 }), value(1, { a: 2 })]],
    ['in an array over lines', '[\n{"a":1},\n{"a":2}\n]\n', [value(2, { a: 1 }), value(3, { a: 2 })]],
    [
      'in an array that is indented',
      JSON.stringify([{ a: { b: [{ c: 1 }] } }], null, 2),
      [value(2, { a: { b: [{ c: 1 }] } })],
    ],
    [
      'indented',
      `${JSON.stringify({ a: [{ b: 1 }] }, null, 2)}\n{"a":2}`,
      [value(1, { a: [{ b: 1 }] }), value(8, { a: 2 })],
    ],
    [
      'with brackets and quotes in their texts',
      '{"a":"}{[\\"\\\\"}\n{"b":"]"}',
      [value(1, { a: '}{["\\' }), value(2, { b: ']' })],
    ],
    ['in nothing', '', []],
    ['in an empty array', '[]', []],
  ])('%s', (_, text, expected) => {
    expect(split(text)).toEqual(expected);
  });

  test('however the text is cut into pieces', () => {
    const text = '\uFEFF{"a":"x\\"}"}\r\n[{"b":[1,{"c":null}]},\n{"d":"é"}]{"e":1}\nnonsense\n{"f":2}';
    const whole = split(text);

    fc.assert(
      fc.property(fc.integer({ min: 1, max: text.length }), (length) => {
        expect(split(text, length)).toEqual(whole);
      }),
    );
  });

  test('whatever is in them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(fc.string(), fc.jsonValue())),
        fc.integer({ min: 1, max: 50 }),
        (all, length) => {
          const expected = all.map((one) => JSON.parse(JSON.stringify(one)) as unknown);
          const valuesIn = (text: string) => split(text, length).map((part) => part.kind === 'value' && part.value);

          expect(valuesIn(all.map((one) => `${JSON.stringify(one)}\n`).join(''))).toEqual(expected);
          expect(valuesIn(all.map((one) => JSON.stringify(one)).join(''))).toEqual(expected);
          expect(valuesIn(JSON.stringify(all, null, 2))).toEqual(expected);
        },
      ),
    );
  });
});

describe('what is no object costs itself alone', () => {
  test.each([
    ['text', '{"a":1}\nhello\n{"a":2}', [value(1, { a: 1 }), broken(2, NO_OBJECT), value(3, { a: 2 })]],
    ['a number', '17\n{"a":2}', [broken(1, NO_OBJECT), value(2, { a: 2 })]],
    ['JSON with a word too many', '{"a":1 b}\n{"a":2}', [broken(1, 'not JSON'), value(2, { a: 2 })]],
    [
      'an object without its end',
      '{"a":1\n{"a":2}',
      [broken(1, 'not JSON: it has no end before the next one in line 2'), value(2, { a: 2 })],
    ],
    [
      'a text without its end',
      '{"a":"1}\n{"a":2}',
      [broken(1, 'not JSON: its line ends within a text'), value(2, { a: 2 })],
    ],
    [
      'an object with an end too many',
      '{"a":1}}\n{"a":2}',
      [value(1, { a: 1 }), broken(1, NO_OBJECT), value(2, { a: 2 })],
    ],
    [
      'the last of a file that was cut off',
      '{"a":1}\n{"a":',
      [value(1, { a: 1 }), broken(2, 'not JSON: the file ends before it does')],
    ],
    [
      'the end of an array that was cut off',
      '[{"a":1},\n',
      [value(1, { a: 1 }), broken(2, 'the file ends before its array does')],
    ],
  ])('%s', (_, text, expected) => {
    expect(split(text)).toEqual(expected);
    expect(split(text, 1)).toEqual(expected);
  });

  test('an object longer than any event', () => {
    const endless = `{"a":"${'x'.repeat(3_000_000)}"}\n{"a":2}`;

    expect(split(endless, 65_536)).toEqual([
      broken(1, 'not JSON: it has no end within 2097152 characters'),
      value(2, { a: 2 }),
    ]);
  });
});
