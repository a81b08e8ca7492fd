import { EndpointCache } from '@aws-sdk/endpoint-cache';
import { expect, test } from '@jest/globals';
import { defaultProvider } from '../../../../lambdas/shared/bundled/default-credentials.ts';
import EndpointMap from '../../../../lambdas/shared/bundled/endpoint-map.ts';
import { EventStreamSerde, resolveEventStreamSerdeConfig } from '../../../../lambdas/shared/bundled/event-streams.ts';

test('a function has the credentials of its environment', async () => {
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: 'AKIDROLE',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_SESSION_TOKEN: 'session',
  });

  expect(await defaultProvider()()).toMatchObject({
    accessKeyId: 'AKIDROLE',
    secretAccessKey: 'secret',
    sessionToken: 'session',
  });
});

test('endpoints are kept as the SDK keeps them', () => {
  const cache = new EndpointCache(10);
  Object.assign(cache, { cache: new EndpointMap(10) });

  expect(cache.getEndpoint('key')).toBeUndefined();
  cache.set('key', [{ Address: 'ddb.example.com', CachePeriodInMinutes: 1 }]);
  expect(cache.getEndpoint('key')).toBe('ddb.example.com');
  cache.delete('key');
  expect(cache.getEndpoint('key')).toBeUndefined();
});

test('events are not streamed', () => {
  const config = { region: 'eu-west-1' };

  expect(resolveEventStreamSerdeConfig(config)).toBe(config);
  expect(EventStreamSerde).toThrow('without event streams');
});
