import { openAws } from '../../src/aws/services.ts';

/** Settings of an AWS client that talks to a server of this machine, once. */
export function awsClientFor(endpoint: string) {
  return {
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'none', secretAccessKey: 'none' },
    maxAttempts: 1,
  };
}

/** AWS on a server of this machine. Calls are made once, unless said otherwise. */
export function awsAt(endpoint: string, maxAttempts = 1) {
  const { region, credentials } = awsClientFor(endpoint);
  return openAws({ region, credentials, endpointOf: () => endpoint, maxAttempts });
}
