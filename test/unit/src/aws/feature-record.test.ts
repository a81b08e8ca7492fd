import { SageMakerFeatureStoreRuntimeClient } from '@aws-sdk/client-sagemaker-featurestore-runtime';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createReadRecord } from '../../../../src/aws/feature-record.ts';
import { awsClientFor } from '../../../support/aws-clients.ts';
import { answer, startScriptedServer, type ScriptedServer } from '../../../support/scripted-server.ts';

let server: ScriptedServer;

beforeEach(async () => {
  server = await startScriptedServer();
});
afterEach(() => server.close());

const read = () =>
  createReadRecord(new SageMakerFeatureStoreRuntimeClient(awsClientFor(server.url)))('market', 'BTC/USDC', [
    'rsi_14',
    'volume_z',
  ]);

describe('a record of Feature Store', () => {
  test('is read by its id, with the features that are taken, as text', async () => {
    server.script(
      answer(200, {
        Record: [
          { FeatureName: 'rsi_14', ValueAsString: '62.0' },
          { FeatureName: 'volume_z', ValueAsString: '' },
        ],
      }),
    );

    expect(await read()).toEqual(
      new Map([
        ['rsi_14', '62.0'],
        ['volume_z', ''],
      ]),
    );
    expect(server.requests).toMatchObject([{ method: 'GET' }]);
    const url = new URL(server.requests[0]?.path ?? '', server.url);
    expect(url.pathname).toBe('/FeatureGroup/market');
    expect(url.searchParams.getAll('FeatureName')).toEqual(['rsi_14', 'volume_z']);
    expect(url.searchParams.get('RecordIdentifierValueAsString')).toBe('BTC/USDC');
  });

  test('that is not there is empty', async () => {
    server.script(answer(200, {}));

    expect(await read()).toEqual(new Map());
  });

  test('has no text for a value that is a list', async () => {
    server.script(answer(200, { Record: [{ FeatureName: 'rsi_14', ValueAsStringList: ['1', '2'] }] }));

    expect(await read()).toEqual(new Map());
  });

  test('of a group that does not exist is a fault', async () => {
    server.script(answer(404, { Message: 'no such group' }, { 'x-amzn-errortype': 'ResourceNotFound' }));

    await expect(read()).rejects.toMatchObject({ name: 'ResourceNotFound' });
  });
});
