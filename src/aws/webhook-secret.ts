import * as z from 'zod/mini';
import { readSecretJson, type ReadSecret } from './secret-json.ts';

/**
 * Shorter ones can be guessed from a webhook that somebody saw. White space around it, such as the line break that a shell
 * adds, would be part of it, and no signature would ever agree.
 */
const signingSecret = z.string().check(z.minLength(16), z.regex(/^\S(.*\S)?$/s));

/** The JSON that the secret holds. `previous` is taken as well, while one is replaced by the next. */
const schema = z.object({ current: signingSecret, previous: z.optional(signingSecret) });

/**
 * Reads the secrets that webhooks are signed with: one, or two during rotation.
 *
 * @throws SecretUnusableError naming the secret and the field, never a value.
 */
export async function readSigningSecrets(secretName: string, readSecret: ReadSecret): Promise<readonly string[]> {
  const expected = '{"current": "...", "previous"?: "..."}, of at least 16 characters each';
  const { current, previous } = await readSecretJson({ name: secretName, schema, expected }, readSecret);
  return previous === undefined ? [current] : [current, previous];
}
