import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { InvalidConfigError, loadConfig, parseConfig, type Config } from '../../../lib/config.ts';
import { refuseOverlaps } from '../../../lib/stage-files.ts';

const RULE = {
  name: 'churn',
  jobs: { prefix: 'churn-' },
  metric: 'validation:accuracy',
  direction: 'higher',
  plausible: { min: 0, max: 1 },
  tiers: [{ beyond: 0.9, amountUsd: '50.00' }],
  payee: 'ag_model_owner',
  timeoutHours: 168,
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stages-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Writes a stage's file with one bonus rule, and what else is given. */
function write(stage: 'local' | 'dev' | 'prod', change: object = {}, jobs: object = RULE.jobs): void {
  const file = JSON.parse(readFileSync(`config/${stage}.json`, 'utf8')) as Record<string, unknown>;
  const bonus = { rules: [{ ...RULE, name: `churn-of-${stage}`, jobs }] };
  writeFileSync(join(folder, `${stage}.json`), JSON.stringify({ ...file, bonus, ...change }));
}

const read = (stage: string): Config =>
  parseConfig(JSON.parse(readFileSync(join(folder, `${stage}.json`), 'utf8')), `config/${stage}.json`);
const compare = (stage: string) => refuseOverlaps(read(stage), pathToFileURL(`${folder}/`));

describe('a stage beside another', () => {
  test.each(['dev', 'prod'])('is refused where both would pay one job, whichever is deployed (%s)', (stage) => {
    write('dev');
    write('prod');

    expect(() => compare(stage)).toThrow(InvalidConfigError);
    for (const named of ['config/dev.json', 'config/prod.json', '"churn-of-dev"', '"churn-of-prod"']) {
      expect(() => compare(stage)).toThrow(named);
    }
  });

  test('is refused where both make one secret', () => {
    write('dev', { secretName: 'PurpleFleaApiKey' }, { prefix: 'dev-' });
    write('prod', { secretName: 'PurpleFleaApiKey' });

    expect(() => compare('dev')).toThrow('both make the secret "PurpleFleaApiKey"');
  });

  test.each<[string, object, object]>([
    ['its jobs bear another value of a tag', {}, { tag: { key: 'stage', value: 'dev' } }],
    ['it is deployed to another account', { deployTo: { account: '111111111111' } }, RULE.jobs],
    ['it is deployed to another region', { deployTo: { region: 'eu-west-1' } }, RULE.jobs],
  ])('is taken where %s', (_case, change, jobs) => {
    write('dev', change, jobs);
    const elsewhere = { account: '222222222222', region: 'us-east-1' };
    write('prod', { deployTo: elsewhere }, 'tag' in jobs ? { tag: { key: 'stage', value: 'prod' } } : RULE.jobs);

    expect(() => compare('dev')).not.toThrow();
  });

  test('is taken whatever a stage on this machine does, and the other way round', () => {
    write('local');
    write('dev');

    expect(() => compare('dev')).not.toThrow();
    expect(() => compare('local')).not.toThrow();
  });

  test('is refused beside a file that cannot be compared', () => {
    write('dev');
    write('prod', { secretName: 'no secret' });

    expect(() => compare('dev')).toThrow('config/prod.json is not a valid configuration');
  });
});

test.each(['local', 'dev', 'prod'])('the files of this project may be deployed side by side (%s)', (stage) => {
  expect(() => refuseOverlaps(loadConfig(stage))).not.toThrow();
});

describe('data may go with the stacks', () => {
  test.each(['escrow', 'trading', 'wallet', 'faucet'])('only where %s is on this machine too', (service) => {
    const local = JSON.parse(readFileSync('config/local.json', 'utf8')) as { purpleFlea: Record<string, object> };
    const real = { ...local.purpleFlea[service], baseUrl: 'https://real.example.com' };
    const change = (retainData: boolean) => ({
      ...local,
      retainData,
      purpleFlea: { ...local.purpleFlea, [service]: real },
    });

    expect(() => parseConfig(local, 'config/local.json')).not.toThrow();
    expect(() => parseConfig(change(true), 'config/local.json')).not.toThrow();
    expect(() => parseConfig(change(false), 'config/local.json')).toThrow(
      'retainData: got false; allowed: Whether tables',
    );
    expect(() => parseConfig(change(false), 'config/local.json')).toThrow('https://real.example.com');
  });
});
