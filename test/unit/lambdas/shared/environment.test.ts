import { afterEach, describe, expect, test } from '@jest/globals';
import {
  escrowEnvironment,
  ledgerEnvironment,
  queueEnvironment,
  readEnvironment,
} from '../../../../lambdas/shared/environment.ts';

const GOOD = {
  CONNECT_TIMEOUT_MS: '5000',
  INTENT_TABLE: 'intents',
  PACE_PERCENT: '100',
  REQUEST_TIMEOUT_MS: '10000',
  ESCROW_SERVICE: '{"baseUrl":"https://escrow.example.com","profile":"reference","feeBasisPoints":100}',
};

const before = { ...process.env };

function setEnvironment(values: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}

afterEach(() => {
  process.env = { ...before };
});

describe('the settings of a function', () => {
  test('are read from its environment', () => {
    setEnvironment(GOOD);

    expect(readEnvironment(escrowEnvironment)).toEqual({
      CONNECT_TIMEOUT_MS: 5000,
      INTENT_TABLE: 'intents',
      PACE_PERCENT: 100,
      REQUEST_TIMEOUT_MS: 10_000,
      ESCROW_SERVICE: { baseUrl: 'https://escrow.example.com', profile: 'reference', feeBasisPoints: 100 },
    });
  });

  test.each([
    ['CONNECT_TIMEOUT_MS', undefined],
    ['CONNECT_TIMEOUT_MS', 'five seconds'],
    ['REQUEST_TIMEOUT_MS', '-1'],
    ['ESCROW_SERVICE', 'https://user:password@escrow.example.com'],
    ['ESCROW_SERVICE', '{"baseUrl":"https://user:password@escrow.example.com","profile":"v2"}'],
  ])('are refused by the name of %s, and no value is quoted', (name, value) => {
    setEnvironment({ ...GOOD, [name]: value });

    expect(() => readEnvironment(escrowEnvironment)).toThrow(`environment: ${name}: `);
    expect(() => readEnvironment(escrowEnvironment)).not.toThrow(/five seconds|password|-1/);
  });

  test('are refused with every name that is missing', () => {
    setEnvironment({
      INTENT_TABLE: undefined,
      EVENT_BUS: undefined,
      STOP_PARAMETER: undefined,
      DEAD_LETTER_QUEUE_URL: undefined,
      MAX_RECEIVES: '5',
    });

    expect(() => readEnvironment({ ...ledgerEnvironment, ...queueEnvironment })).toThrow(
      /^environment: INTENT_TABLE: .*; EVENT_BUS: .*; STOP_PARAMETER: .*; DEAD_LETTER_QUEUE_URL: [^;]*$/,
    );
  });
});
