import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createMarkets } from '../../../../lambdas/shared/market.ts';
import { SecretUnusableError } from '../../../../src/errors.ts';
import { parseUsd } from '../../../../src/money.ts';
import { PAPER_AGENT } from '../../../../src/trading/paper-market.ts';
import { answer, startScriptedServer, type ScriptedServer } from '../../../support/scripted-server.ts';

const before = { ...process.env };

let aws: ScriptedServer;
beforeEach(async () => {
  aws = await startScriptedServer();
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: aws.url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'none',
    AWS_SECRET_ACCESS_KEY: 'none',
    AWS_MAX_ATTEMPTS: '1',
  });
});
afterEach(async () => {
  process.env = { ...before };
  await aws.close();
});

const TRADER = { agentId: 'ag_trader', secretName: 'PurpleFleaApiKey' };

const markets = (trader = TRADER) =>
  createMarkets(
    {
      SECRETS: { trading: trader, wallet: trader },
      TRADING_SERVICE: { baseUrl: 'https://trading.example.com', profile: 'reference' },
      WALLET_SERVICE: { baseUrl: 'https://wallet.example.com', profile: 'reference' },
      CONNECT_TIMEOUT_MS: 2_000,
      REQUEST_TIMEOUT_MS: 10_000,
      PACE_PERCENT: 100,
      INTENT_TABLE: 'intents',
    },
    { paper: { balanceUsd: parseUsd('1000.00'), feeBasisPoints: 5 }, symbols: {} },
  );
const asked = () => aws.requests.map(({ headers }) => headers['x-amz-target']);

test('the paper market asks for its book, and for no secret', async () => {
  aws.script(answer(200, {}));

  const market = await markets().paper();

  expect(market).toMatchObject({ mode: 'paper', agentId: PAPER_AGENT });
  expect(await market.readBalance()).toBe(parseUsd('1000.00'));
  expect(asked()).toEqual(['DynamoDB_20120810.GetItem']);
});

test('the live market is the account that the secret has the key of', async () => {
  aws.script(answer(200, { SecretString: '{"apiKey":"a-key","agentId":"ag_trader"}' }));

  expect(await markets().live()).toMatchObject({ mode: 'live', agentId: 'ag_trader' });
  expect(asked()).toEqual(['secretsmanager.GetSecretValue']);
});

test('the live market is closed where the secret has no key', async () => {
  const empty = answer(200, { SecretString: '{"agentId":"","replaceThisValue":"x"}' });
  aws.script(empty, empty);

  await expect(markets({ ...TRADER, secretName: 'Empty' }).live()).rejects.toThrow(SecretUnusableError);
});
