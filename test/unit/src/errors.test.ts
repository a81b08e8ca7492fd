import { describe, expect, test } from '@jest/globals';
import {
  describeError,
  SecretUnusableError,
  ServiceUnreadableError,
  TryLaterError,
  UnusableEventError,
} from '../../../src/errors.ts';

describe('an error', () => {
  test.each([
    [new UnusableEventError('no'), 'UnusableEventError'],
    [new SecretUnusableError('no'), 'SecretUnusableError'],
    [new ServiceUnreadableError('no'), 'ServiceUnreadableError'],
    [new TryLaterError('no'), 'TryLaterError'],
  ])('keeps the name that workflows match on: %p', (error, name) => {
    expect(error.name).toBe(name);
    expect(error).toBeInstanceOf(Error);
  });

  test('of a read that failed carries what is known of it', () => {
    const details = { operation: 'escrow.status', httpStatus: 429, code: 'RATE_LIMITED', retryAfterSeconds: 42 };

    expect(new ServiceUnreadableError('no', details)).toMatchObject({ ...details, moneyMayHaveMoved: false });
  });

  test('of a read that failed may know nothing, but that no money was moved', () => {
    expect({ ...new ServiceUnreadableError('no') }).toEqual({
      name: 'ServiceUnreadableError',
      operation: undefined,
      httpStatus: undefined,
      code: undefined,
      retryAfterSeconds: undefined,
      moneyMayHaveMoved: false,
    });
  });

  test.each([
    [new TryLaterError('wait a minute'), 'TryLaterError: wait a minute'],
    [new TypeError('x is not a function'), 'TypeError: x is not a function'],
    ['a string', 'a string'],
    [undefined, 'undefined'],
  ])('is described in one line: %p', (thrown, line) => {
    expect(describeError(thrown)).toBe(line);
  });
});
