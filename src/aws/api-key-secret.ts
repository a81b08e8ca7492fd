import * as z from 'zod/mini';
import { SecretUnusableError } from '../errors.ts';
import type { Credentials } from '../purple-flea/service.ts';
import { readSecretJson, type ReadSecret } from './secret-json.ts';

/** Printable, without white space: it goes into a header. A line break that a shell added would be part of it. */
const key = z.string().check(z.minLength(1), z.regex(/^[\x21-\x7e]*$/));
const counterpartyKeys = z.record(z.string(), key);

/** The JSON that a secret with an agent's own key holds. */
const ownSchema = z.object({
  apiKey: key,
  /** The agent whose key it is; the same as the configuration names. */
  agentId: z.string().check(z.minLength(3)),
  /** Keys of counterparties, by agent id, where deliveries are to be recorded on their behalf. */
  counterpartyKeys: z.optional(counterpartyKeys),
});

/** The JSON of a secret that holds nothing but keys of counterparties. */
const counterpartiesSchema = z.object({ counterpartyKeys });

/** The key held for a counterparty, if any. */
export type ForCounterparty = (agentId: string) => Credentials | undefined;

export interface CounterpartyKeys {
  readonly forCounterparty: ForCounterparty;
  readonly counterparties: readonly Credentials[];
}

export interface ApiKeys extends CounterpartyKeys {
  readonly own: Credentials;
}

const EXPECTED = '{"apiKey": "...", "agentId": "...", "counterpartyKeys"?: {"<agent id>": "..."}}';

/**
 * Reads and checks the key of an agent, and those of counterparties beside it.
 *
 * @param agentId whose key it has to be, by the configuration.
 * @throws SecretUnusableError naming the secret and the field, never a value: a parser's own message quotes its input.
 */
export async function readApiKeys(
  { secretName, agentId }: { readonly secretName: string; readonly agentId: string },
  readSecret: ReadSecret,
): Promise<ApiKeys> {
  const shape = { name: secretName, schema: ownSchema, expected: EXPECTED };
  const { apiKey, agentId: held, counterpartyKeys: others = {} } = await readSecretJson(shape, readSecret);
  if (held !== agentId) {
    throw new SecretUnusableError(
      `secret ${secretName}: agentId is another than the agentId in the configuration, ${agentId}. Put the key of ${agentId} there, or replace the agent as docs/workflows/money-once.md says`,
    );
  }
  return { own: { apiKey, agentId }, ...keysIn(others) };
}

/**
 * Reads and checks a secret that holds keys of counterparties alone.
 *
 * @throws SecretUnusableError as above.
 */
export async function readCounterpartyKeys(secretName: string, readSecret: ReadSecret): Promise<CounterpartyKeys> {
  const shape = {
    name: secretName,
    schema: counterpartiesSchema,
    expected: '{"counterpartyKeys": {"<agent id>": "..."}}',
  };
  const { counterpartyKeys: keys } = await readSecretJson(shape, readSecret);
  return keysIn(keys);
}

function keysIn(keys: Readonly<Record<string, string>>): CounterpartyKeys {
  const counterparties = Object.entries(keys).map(([agentId, apiKey]) => ({ agentId, apiKey }));
  return { forCounterparty: (counterparty) => keyIn(keys, counterparty), counterparties };
}

function keyIn(keys: Readonly<Record<string, string>>, agentId: string): Credentials | undefined {
  const apiKey = Object.hasOwn(keys, agentId) ? keys[agentId] : undefined;
  return apiKey === undefined ? undefined : { apiKey, agentId };
}
