import { keepValues } from '../../src/aws/kept-values.ts';
import { aws } from './aws.ts';

/** Reads secrets' text through a cache of this process. */
export function createReadSecret() {
  return keepValues(async (SecretId) => (await aws.secretsManager('GetSecretValue', { SecretId })).SecretString);
}
