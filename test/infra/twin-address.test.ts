import { describe, expect, test } from '@jest/globals';
import { InvalidConfigError, loadConfig } from '../../lib/config.ts';
import { STAGES } from '../../lib/stages.ts';
import { buildPipeline, type PipelineOptions } from '../../lib/pipeline.ts';
import { createApp, synthesizeStage, type SynthesizedStage } from '../support/synthesized-stage.ts';

const TWIN_URL = 'http://127.0.0.1:34567';
const SAGEMAKER_VARIABLES = ['AWS_ENDPOINT_URL_SAGEMAKER', 'AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME'];

function environments(stage: SynthesizedStage): Readonly<Record<string, Readonly<Record<string, string>>>> {
  return Object.fromEntries(
    stage
      .resources<{ FunctionName: string; Environment: { Variables: Record<string, string> } }>('AWS::Lambda::Function')
      .map(({ properties }) => [stage.shorten(properties.FunctionName), properties.Environment.Variables]),
  );
}

/** Every service address that functions are told. */
function serviceUrls(stage: SynthesizedStage): string[] {
  return Object.values(environments(stage)).flatMap((variables) =>
    ['ESCROW_SERVICE', 'TRADING_SERVICE', 'WALLET_SERVICE', 'FAUCET_SERVICE'].flatMap((name) => {
      const value = variables[name];
      return value === undefined ? [] : [(JSON.parse(value) as { baseUrl: string }).baseUrl];
    }),
  );
}

describe.each(['dev', 'prod'] as const)('stage %s', (stageName) => {
  test('refuses to be pointed at a twin', () => {
    const build = () => buildPipeline(createApp({}), loadConfig(stageName), { twinUrl: TWIN_URL });

    expect(build).toThrow(InvalidConfigError);
    expect(build).toThrow(`-c twin=${TWIN_URL}: only stage local talks to a twin, not ${stageName}`);
  });

  test('talks to Purple Flea over TLS and to the SageMaker of its region', () => {
    const stage = synthesizeStage(stageName);

    expect(stage.text).not.toMatch(/127\.0\.0\.1|localhost|http:\/\//);
    expect(new Set(serviceUrls(stage))).toEqual(
      new Set(['https://escrow.purpleflea.com', 'https://api.purpleflea.com', 'https://faucet.purpleflea.com']),
    );
    expect(stage.text).not.toContain('AWS_ENDPOINT_URL');
  });
});

describe('stage local', () => {
  const ownTwin = loadConfig('local').purpleFlea.escrow.baseUrl;

  test.each([
    ['as configured', {}, ownTwin],
    ['pointed at a twin', { twinUrl: TWIN_URL }, TWIN_URL],
  ])('%s has all functions talk to that twin, as Purple Flea and as SageMaker', (_, options, url) => {
    const stage = synthesizeStage('local', options);
    const told = environments(stage);

    expect(serviceUrls(stage)).toHaveLength(26);
    expect(new Set(serviceUrls(stage))).toEqual(new Set([url]));
    for (const [name, variables] of Object.entries(told)) {
      const callsSageMaker = ['start-bonus', 'find-missed-jobs', 'request-prediction-btc'].includes(name);
      expect(SAGEMAKER_VARIABLES.map((variable) => variables[variable])).toEqual(
        callsSageMaker ? [url, url] : [undefined, undefined],
      );
    }
    expect(stage.text).not.toContain('purpleflea.com');
  });
});

test('where the twin limits nothing, all functions that call it are told another pace', () => {
  const paces = (options: PipelineOptions) =>
    Object.values(environments(synthesizeStage('local', options))).flatMap(({ PACE_PERCENT = [] }) => PACE_PERCENT);
  const calling = paces({ twinUrl: TWIN_URL });

  expect(new Set(calling)).toEqual(new Set(['100']));
  expect(paces({ twinUrl: TWIN_URL, pacePercent: 10_000 })).toEqual(calling.map(() => '10000'));
});

describe('the dialect of the escrow API', () => {
  const profiles = (stage: SynthesizedStage, name: string) =>
    new Set(
      Object.values(environments(stage)).flatMap((variables) =>
        variables[name] === undefined ? [] : [(JSON.parse(variables[name]) as { profile: string }).profile],
      ),
    );

  test.each(['reference', 'published'])(
    'is %s where a twin speaks it, and so is that of the ledger rows; the other services keep theirs',
    (profile) => {
      const stage = synthesizeStage('local', { twinUrl: TWIN_URL, escrowProfile: profile });

      expect(profiles(stage, 'ESCROW_SERVICE')).toEqual(new Set([profile]));
      expect(profiles(stage, 'WALLET_SERVICE')).toEqual(new Set([profile]));
      expect(profiles(stage, 'TRADING_SERVICE')).toEqual(new Set(['reference']));
      expect(profiles(stage, 'FAUCET_SERVICE')).toEqual(new Set(['reference']));
    },
  );

  test.each([
    [{ twinUrl: TWIN_URL, escrowProfile: 'puplished' }, 'allowed: reference, published'],
    [{ escrowProfile: 'published' }, 'goes with -c twin'],
    [{ pacePercent: 200 }, 'goes with -c twin'],
    [{ twinUrl: TWIN_URL, pacePercent: Number('fast') }, 'give a whole number above 0'],
  ])('%j is refused', (options, message) => {
    const build = () => buildPipeline(createApp({}), loadConfig('local'), options);

    expect(build).toThrow(InvalidConfigError);
    expect(build).toThrow(message);
  });
});

test('only the local stage is configured to talk to this machine', () => {
  const local = STAGES.filter((stageName) => JSON.stringify(loadConfig(stageName)).includes('127.0.0.1'));

  expect(local).toEqual(['local']);
});
