import { SecretsProvider } from '@aws-lambda-powertools/parameters/secrets';
import { keepSecrets } from '../../src/aws/kept-secrets.ts';
import { secretsManager } from './clients/secrets-manager.ts';

/** Secrets through a cache of this process. */
export function openSecrets(): SecretsProvider {
  return new SecretsProvider({ awsSdkV3Client: secretsManager });
}

/** The secrets that hold keys, as this process keeps them. */
export const keySecrets = keepSecrets(openSecrets());
