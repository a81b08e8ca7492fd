import { describe, expect, test } from '@jest/globals';
import { readFeatures, type FeatureReaders, type FeatureSource } from '../../../../src/inference/features.ts';
import { inert } from '../../../support/inert.ts';

const NOW = new Date('2026-03-06T09:00:00Z');
const secondsAgo = (seconds: number) => new Date(NOW.getTime() - seconds * 1000);

function readers(overrides: Partial<FeatureReaders> = {}): FeatureReaders {
  return { readObject: inert('readObject'), readRecord: inert('readRecord'), now: () => NOW, ...overrides };
}

const unusable = (message: string | RegExp) => ({
  name: 'FeaturesUnusableError',
  message: typeof message === 'string' ? message : expect.stringMatching(message),
});

describe('fixed features', () => {
  test('are those of the configuration', async () => {
    const values = { rsi_14: 62, momentum_5m: -0.006 };

    expect(await readFeatures({ source: 'fixed', values }, readers())).toEqual(values);
  });

  test('are never none: no model is asked with {}', async () => {
    await expect(readFeatures({ source: 'fixed', values: {} }, readers())).rejects.toMatchObject(
      unusable('the configured features: there must be at least one feature'),
    );
  });
});

describe('features of an object of S3', () => {
  const source = { source: 's3', bucket: 'features', key: 'btc/latest.json' } as const;
  const read = (text: string, overrides: Partial<Extract<FeatureSource, { source: 's3' }>> = {}, age = 0) =>
    readFeatures(
      { ...source, ...overrides },
      readers({ readObject: async () => ({ text, modifiedAt: secondsAgo(age) }) }),
    );

  test('are all of its fields, read at each run', async () => {
    const asked: string[] = [];
    const readObject: FeatureReaders['readObject'] = async (bucket, key) => {
      asked.push(`${bucket} ${key}`);
      return { text: `{"rsi_14":${60 + asked.length}}`, modifiedAt: NOW };
    };

    expect(await readFeatures(source, readers({ readObject }))).toEqual({ rsi_14: 61 });
    expect(await readFeatures(source, readers({ readObject }))).toEqual({ rsi_14: 62 });
    expect(asked).toEqual(['features btc/latest.json', 'features btc/latest.json']);
  });

  test('are the named ones of its fields, where names are given', async () => {
    const text = '{"rsi_14":62,"writtenBy":"job 7","volume_z":1}';

    expect(await read(text, { names: ['volume_z', 'rsi_14'] })).toEqual({ volume_z: 1, rsi_14: 62 });
  });

  test.each<[string, readonly string[] | undefined, string]>([
    ['{}', undefined, 'there must be at least one feature'],
    ['', undefined, 'not JSON'],
    ['{"rsi_14":62', undefined, 'not JSON'],
    ['[62]', undefined, 'must be a JSON object of feature names and numbers'],
    ['null', undefined, 'must be a JSON object of feature names and numbers'],
    ['62', undefined, 'must be a JSON object of feature names and numbers'],
    ['{"rsi_14":"62"}', undefined, 'feature rsi_14 must be a finite number, got "62"'],
    ['{"rsi_14":null}', undefined, 'feature rsi_14 must be a finite number, got null'],
    ['{"rsi_14":1e999}', undefined, 'feature rsi_14 must be a finite number, got Infinity'],
    ['{"rsi_14":[62]}', undefined, 'feature rsi_14 must be a finite number, got [62]'],
    ['{"rsi_14":true}', undefined, 'feature rsi_14 must be a finite number, got true'],
    ['{"volume_z":1}', ['rsi_14'], 'feature rsi_14 is missing'],
    ['{"volume_z":1}', ['toString'], 'feature toString is missing'],
  ])('are refused in %s', async (text, names, problem) => {
    await expect(read(text, names === undefined ? {} : { names: [...names] })).rejects.toMatchObject(
      unusable(`s3://features/btc/latest.json: ${problem}`),
    );
  });

  test('may be as old as the limit, and no older', async () => {
    expect(await read('{"rsi_14":62}', { maxAgeSeconds: 600 }, 600)).toEqual({ rsi_14: 62 });
    await expect(read('{"rsi_14":62}', { maxAgeSeconds: 600 }, 601)).rejects.toMatchObject(
      unusable('s3://features/btc/latest.json: the features are stale: 601 s old; maxAgeSeconds is 600'),
    );
  });

  test('may be of any age where there is no limit', async () => {
    expect(await read('{"rsi_14":62}', {}, 10_000_000)).toEqual({ rsi_14: 62 });
  });

  test("may be a minute ahead of our clock, the writer's being another, and no further", async () => {
    expect(await read('{"rsi_14":62}', { maxAgeSeconds: 600 }, -60)).toEqual({ rsi_14: 62 });
    await expect(read('{"rsi_14":62}', { maxAgeSeconds: 600 }, -61)).rejects.toMatchObject(unusable(/from the future/));
  });
});

describe('features of a record of Feature Store', () => {
  const source = {
    source: 'feature-store',
    featureGroup: 'market',
    recordId: 'BTC-USDC',
    names: ['rsi_14', 'volume_z'],
  } as const;
  const read = (
    record: Readonly<Record<string, string>>,
    overrides: Partial<Extract<FeatureSource, { source: 'feature-store' }>> = {},
  ) =>
    readFeatures(
      { ...source, names: [...source.names], ...overrides },
      readers({ readRecord: async () => new Map(Object.entries(record)) }),
    );
  const LIMITED = { eventTimeFeature: 'as_of', maxAgeSeconds: 600 };
  const VALUES = { rsi_14: '62', volume_z: '-1.5e-1' };

  test('are read as numbers from the text that the store keeps, and only those are asked for that are taken', async () => {
    const asked: unknown[] = [];
    const readRecord: FeatureReaders['readRecord'] = async (...question) => {
      asked.push(question);
      return new Map(Object.entries({ ...VALUES, as_of: '2026-03-06T08:59:00Z' }));
    };
    const limited = { ...source, names: [...source.names], ...LIMITED };

    expect(await readFeatures(limited, readers({ readRecord }))).toEqual({ rsi_14: 62, volume_z: -0.15 });
    expect(asked).toEqual([['market', 'BTC-USDC', ['rsi_14', 'volume_z', 'as_of']]]);
  });

  test.each([
    [{}, 'there is no such record'],
    [{ rsi_14: '62' }, 'feature volume_z is missing'],
    [{ ...VALUES, volume_z: '' }, 'feature volume_z must be a finite number, got ""'],
    [{ ...VALUES, volume_z: 'NaN' }, 'feature volume_z must be a finite number, got "NaN"'],
    [{ ...VALUES, volume_z: '1,5' }, 'feature volume_z must be a finite number, got "1,5"'],
    [{ ...VALUES, volume_z: '0x10' }, 'feature volume_z must be a finite number, got "0x10"'],
    [{ ...VALUES, volume_z: '1e999' }, 'feature volume_z must be a finite number, got "1e999"'],
    [{ ...VALUES, volume_z: 'x'.repeat(1000) }, `feature volume_z must be a finite number, got "${'x'.repeat(39)}`],
  ])('are refused in %j', async (record, problem) => {
    await expect(read(record)).rejects.toMatchObject(unusable(`record BTC-USDC of feature group market: ${problem}`));
  });

  test.each(['2026-03-06T08:50:00Z', '2026-03-06T08:50:00.000Z', '1772787000', '1772787000.0', '1.772787E9'])(
    'may be as old as the limit by the event time %s',
    async (time) => {
      expect(await read({ ...VALUES, as_of: time }, LIMITED)).toEqual({ rsi_14: 62, volume_z: -0.15 });
    },
  );

  test.each([
    ['2026-03-06T08:49:59Z', 'the features are stale: 601 s old; maxAgeSeconds is 600'],
    ['1772786999', 'the features are stale: 601 s old; maxAgeSeconds is 600'],
    ['1772787000000', 'the features are from the future; their time is no time of writing'],
    ['1e300', 'the features are from the future; their time is no time of writing'],
    ['yesterday', 'event time as_of must be ISO 8601 or seconds since 1970, got "yesterday"'],
    ['2026-03-06', 'event time as_of must be ISO 8601 or seconds since 1970, got "2026-03-06"'],
    ['', 'event time as_of must be ISO 8601 or seconds since 1970, got ""'],
  ])('are refused by the event time %s', async (time, problem) => {
    await expect(read({ ...VALUES, as_of: time }, LIMITED)).rejects.toMatchObject(
      unusable(`record BTC-USDC of feature group market: ${problem}`),
    );
  });

  test('are refused without an event time, where there is a limit', async () => {
    await expect(read(VALUES, LIMITED)).rejects.toMatchObject(unusable(/event time as_of is missing$/));
  });
});
