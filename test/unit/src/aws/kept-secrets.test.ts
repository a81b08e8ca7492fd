import { expect, test } from '@jest/globals';
import { keepSecrets } from '../../../../src/aws/kept-secrets.ts';

/** A secret that can be set, or fail to be read, by a clock that a test moves (minutes). */
function aSecret() {
  const world = { text: 'first' as string | undefined | Error, minute: 0, fetched: 0 };
  const secrets = keepSecrets(
    async () => {
      world.fetched += 1;
      if (world.text instanceof Error) throw world.text;
      return world.text;
    },
    () => world.minute * 60_000,
  );
  return { world, secrets, read: (forceFetch = false) => secrets.read('keys', { maxAge: 300, forceFetch }) };
}

const throttled = new Error('ThrottlingException');

test('a text is kept for its age, and read anew then or where that is asked for', async () => {
  const { world, read } = aSecret();
  await read();
  world.text = 'second';
  world.minute = 4;

  expect([await read(), world.fetched]).toEqual(['first', 1]);
  expect([await read(true), world.fetched]).toEqual(['second', 2]);
  world.text = 'third';
  world.minute = 10;
  expect(await read()).toBe('third');
});

test('a text is used for an hour while no newer one can be read', async () => {
  const { world, read } = aSecret();
  await read();
  world.text = throttled;

  world.minute = 59;
  expect([await read(), await read(true)]).toEqual(['first', 'first']);
  world.minute = 60;
  await expect(read()).rejects.toThrow(throttled);
});

test('a text that was dropped is read anew, and is no last resort', async () => {
  const { world, secrets, read } = aSecret();
  await read();
  secrets.drop();
  world.text = throttled;

  await expect(read()).rejects.toThrow(throttled);
  world.text = 'second';
  expect(await read()).toBe('second');
});

test('a secret without a text has none, and is asked for each time', async () => {
  const { world, read } = aSecret();
  world.text = undefined;

  expect([await read(), await read(), world.fetched]).toEqual([undefined, undefined, 2]);
});
