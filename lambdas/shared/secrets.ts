import { keepSecrets } from '../../src/aws/kept-secrets.ts';
import { keepValues } from '../../src/aws/kept-values.ts';
import { aws } from './aws.ts';

/** Reads secrets' text through a cache of this process. */
export function createReadSecret() {
  return keepValues(fetchSecret);
}

/** The secrets that hold keys, as this process keeps them. */
export const keySecrets = keepSecrets(fetchSecret);

async function fetchSecret(SecretId: string): Promise<string | undefined> {
  return (await aws.secretsManager('GetSecretValue', { SecretId })).SecretString;
}
