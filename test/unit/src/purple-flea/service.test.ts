import { expect, test } from '@jest/globals';
import { PROFILES, serviceSchema } from '../../../../src/purple-flea/service.ts';

test.each(PROFILES)('a service may speak the dialect %s', (profile) => {
  const service = { baseUrl: 'https://escrow.example.com', profile };

  expect(serviceSchema.parse(service)).toEqual(service);
});

test.each([
  [{ baseUrl: 'https://escrow.example.com', profile: 'Reference' }, 'profile'],
  [{ baseUrl: 'https://escrow.example.com' }, 'profile'],
  [{ profile: 'reference' }, 'baseUrl'],
])('a service cannot be %j', (service, field) => {
  expect(serviceSchema.safeParse(service).error?.issues.map(({ path }) => path.join('.'))).toEqual([field]);
});
