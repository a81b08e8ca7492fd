import { readSecretText } from '../../src/aws/kept-secrets.ts';
import { readSigningSecrets } from '../../src/aws/webhook-secret.ts';
import { openSecrets } from './secrets.ts';

/** How long a value is used before it is read again. Usable or not: who sends rubbish must not cost a read each time. */
const SECRET_MAX_AGE_SECONDS = 60;

/** Reads the secrets that webhooks are signed with at run time, through a cache of this process. */
export function createSigningSecretSource(secretName: string): () => Promise<readonly string[]> {
  const secrets = openSecrets();
  return () =>
    readSigningSecrets(secretName, () => readSecretText(secrets, secretName, { maxAge: SECRET_MAX_AGE_SECONDS }));
}
