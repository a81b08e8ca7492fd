import * as z from 'zod/mini';
import type { AwsAccess } from '../../src/aws/call.ts';
import { openAws } from '../../src/aws/services.ts';
import { readEnvironment } from './environment.ts';

/**
 * AWS as a function calls it: in its own region, with the credentials of its role, which Lambda puts into the environment.
 * `AWS_ENDPOINT_URL`, and `AWS_ENDPOINT_URL_<service>` before it, lead somewhere else, as with the SDK.
 */
export const access: AwsAccess = {
  region: async () => readEnvironment({ AWS_REGION: z.string() }).AWS_REGION,
  credentials: async () => {
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = readEnvironment({
      AWS_ACCESS_KEY_ID: z.string(),
      AWS_SECRET_ACCESS_KEY: z.string(),
      AWS_SESSION_TOKEN: z.optional(z.string()),
    });
    return {
      accessKeyId: AWS_ACCESS_KEY_ID,
      secretAccessKey: AWS_SECRET_ACCESS_KEY,
      ...(AWS_SESSION_TOKEN === undefined ? {} : { sessionToken: AWS_SESSION_TOKEN }),
    };
  },
  endpointOf: (serviceId) => process.env[`AWS_ENDPOINT_URL_${serviceId}`] ?? process.env['AWS_ENDPOINT_URL'],
};

export const aws = openAws(access);
