import { expect, test } from '@jest/globals';
import { keepValues } from '../../../../src/aws/kept-values.ts';

function reading(...values: (string | undefined | Error)[]) {
  const asked: string[] = [];
  const read = keepValues(async (name) => {
    asked.push(name);
    const value = values.shift();
    if (value instanceof Error) throw value;
    return value;
  });
  return { read, asked };
}

test('a value is fetched once while it is young, and for each name', async () => {
  const { read, asked } = reading('1', '2');

  expect(await read('a', { maxAge: 60 })).toBe('1');
  expect(await read('a', { maxAge: 60 })).toBe('1');
  expect(await read('b', { maxAge: 60 })).toBe('2');
  expect(asked).toEqual(['a', 'b']);
});

test('a value is fetched again where it has to be', async () => {
  const { read } = reading('1', '2');

  expect(await read('a', { maxAge: 60 })).toBe('1');
  expect(await read('a', { maxAge: 60, forceFetch: true })).toBe('2');
  expect(await read('a', { maxAge: 60 })).toBe('2');
});

test('neither what is not there nor a failure is kept', async () => {
  const { read } = reading(undefined, new Error('throttled'), 'at last');

  expect(await read('a', { maxAge: 60 })).toBeUndefined();
  await expect(read('a', { maxAge: 60 })).rejects.toThrow('throttled');
  expect(await read('a', { maxAge: 60 })).toBe('at last');
});
