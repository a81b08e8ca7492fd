import * as z from 'zod/mini';
import { describeError, SecretUnusableError } from '../errors.ts';
import type { Credentials } from '../purple-flea/service.ts';

/** The JSON that the secret holds. */
const secretSchema = z.object({
  apiKey: z.string().check(z.minLength(1)),
  /** The agent whose key it is: it locks escrows and places orders. */
  agentId: z.string().check(z.minLength(3)),
  /** Keys of counterparties, by agent id, where deliveries are to be recorded on their behalf. */
  counterpartyKeys: z.optional(z.record(z.string(), z.string().check(z.minLength(1)))),
});

export interface ApiKeys {
  readonly own: Credentials;
  /** The key held for a counterparty, if any. */
  readonly forCounterparty: (agentId: string) => Credentials | undefined;
}

/** Reads the secret's text. Implementations cache it for a few minutes, so that a rotated key is picked up. */
export type ReadSecret = () => Promise<string | undefined>;

/**
 * Reads and checks the Purple Flea keys.
 *
 * @throws SecretUnusableError naming the secret and the field, never a value: a parser's own message quotes its input.
 */
export async function readApiKeys(secretName: string, readSecret: ReadSecret): Promise<ApiKeys> {
  const parsed = secretSchema.safeParse(parseSecret(secretName, await readText(secretName, readSecret)));
  if (!parsed.success) {
    const fields = [...new Set(parsed.error.issues.map((issue) => String(issue.path[0] ?? 'JSON object')))].join(', ');
    throw new SecretUnusableError(
      `secret ${secretName}: ${fields} is missing or of the wrong type; expected JSON {"apiKey": "...", "agentId": "...", "counterpartyKeys"?: {"<agent id>": "..."}}`,
    );
  }
  const { apiKey, agentId, counterpartyKeys = {} } = parsed.data;
  return {
    own: { apiKey, agentId },
    forCounterparty: (counterparty) => {
      const key = Object.hasOwn(counterpartyKeys, counterparty) ? counterpartyKeys[counterparty] : undefined;
      return key === undefined ? undefined : { apiKey: key, agentId: counterparty };
    },
  };
}

async function readText(secretName: string, readSecret: ReadSecret): Promise<string> {
  let text: string | undefined;
  try {
    text = await readSecret();
  } catch (error) {
    throw new SecretUnusableError(`secret ${secretName}: cannot be read. ${describeError(error)}`);
  }
  if (text === undefined) throw new SecretUnusableError(`secret ${secretName}: has no value`);
  return text;
}

function parseSecret(secretName: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SecretUnusableError(`secret ${secretName}: is not JSON; expected {"apiKey": "...", "agentId": "..."}`);
  }
}
