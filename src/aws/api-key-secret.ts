import * as z from 'zod/mini';
import type { Credentials } from '../purple-flea/service.ts';
import { readSecretJson, type ReadSecret } from './secret-json.ts';

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

const EXPECTED = '{"apiKey": "...", "agentId": "...", "counterpartyKeys"?: {"<agent id>": "..."}}';

/**
 * Reads and checks the Purple Flea keys.
 *
 * @throws SecretUnusableError naming the secret and the field, never a value: a parser's own message quotes its input.
 */
export async function readApiKeys(secretName: string, readSecret: ReadSecret): Promise<ApiKeys> {
  const {
    apiKey,
    agentId,
    counterpartyKeys = {},
  } = await readSecretJson({ name: secretName, schema: secretSchema, expected: EXPECTED }, readSecret);
  return {
    own: { apiKey, agentId },
    forCounterparty: (counterparty) => {
      const key = Object.hasOwn(counterpartyKeys, counterparty) ? counterpartyKeys[counterparty] : undefined;
      return key === undefined ? undefined : { apiKey: key, agentId: counterparty };
    },
  };
}
