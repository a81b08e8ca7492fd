import { describe, expect, test } from '@jest/globals';
import { readApiKeys } from '../../../../src/aws/api-key-secret.ts';
import { SecretUnusableError } from '../../../../src/errors.ts';
import { allTextOf, CANARY } from '../../../support/secrecy.ts';

const NAME = 'PurpleFleaApiKey';

const SOURCE = { secretName: NAME, agentId: 'agent_1' };

function read(text: string | undefined) {
  return readApiKeys(SOURCE, async () => text);
}

describe('the secret', () => {
  test('holds the own key and agent, and no other keys where none are given', async () => {
    const { own, forCounterparty } = await read('{"apiKey":"pf_1","agentId":"agent_1","rotatedBy":"ops"}');

    expect(own).toEqual({ apiKey: 'pf_1', agentId: 'agent_1' });
    expect(forCounterparty('agent_2')).toBeUndefined();
  });

  test('may hold keys of counterparties, found by agent id alone', async () => {
    const keys = '{"agent_2":"pf_2","__proto__":"pf_3","constructor":"pf_4"}';
    const { forCounterparty } = await read(`{"apiKey":"pf_1","agentId":"agent_1","counterpartyKeys":${keys}}`);

    expect(forCounterparty('agent_2')).toEqual({ apiKey: 'pf_2', agentId: 'agent_2' });
    expect(forCounterparty('constructor')).toEqual({ apiKey: 'pf_4', agentId: 'constructor' });
    expect(['agent_1', 'agent', 'AGENT_2', '', '__proto__', 'toString', 'hasOwnProperty'].map(forCounterparty)).toEqual(
      Array.from({ length: 7 }),
    );
  });

  test('holds nothing under the names that every object has', async () => {
    const { forCounterparty } = await read('{"apiKey":"pf_1","agentId":"agent_1","counterpartyKeys":{}}');

    expect(['__proto__', 'constructor', 'toString', 'valueOf'].map(forCounterparty)).toEqual(Array.from({ length: 4 }));
  });

  test.each<[string, string | undefined, string]>([
    ['has no value', undefined, `secret ${NAME}: has no value`],
    ['is the bare key', CANARY, `secret ${NAME}: is not JSON; expected {"apiKey": "...", "agentId": "..."`],
    ['is empty', '', `secret ${NAME}: is not JSON`],
    ['is broken off', `{"apiKey":"${CANARY}`, `secret ${NAME}: is not JSON`],
    ['is JSON text', JSON.stringify(CANARY), `secret ${NAME}: JSON object is missing or of the wrong type`],
    ['is an array', JSON.stringify([CANARY]), `secret ${NAME}: JSON object is missing or of the wrong type`],
    ['lacks the key', `{"agentId":"${CANARY}"}`, `secret ${NAME}: apiKey is missing or of the wrong type`],
    ['has an empty key', `{"apiKey":"","agentId":"${CANARY}"}`, `secret ${NAME}: apiKey is missing`],
    [
      'has a key that is no text',
      `{"apiKey":{"value":"${CANARY}"},"agentId":"agent_1"}`,
      `secret ${NAME}: apiKey is missing`,
    ],
    ['lacks the agent', `{"apiKey":"${CANARY}"}`, `secret ${NAME}: agentId is missing`],
    ['lacks both', `{"key":"${CANARY}"}`, `secret ${NAME}: apiKey, agentId is missing`],
    [
      'has a list of keys',
      `{"apiKey":"${CANARY}","agentId":"agent_1","counterpartyKeys":["${CANARY}"]}`,
      `secret ${NAME}: counterpartyKeys is missing`,
    ],
    [
      'has an empty counterparty key',
      `{"apiKey":"${CANARY}","agentId":"agent_1","counterpartyKeys":{"a":"","b":7}}`,
      `secret ${NAME}: counterpartyKeys is missing`,
    ],
  ])('that %s is named with the field, and never quoted', async (_case, text, message) => {
    const error = await read(text).catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(SecretUnusableError);
    expect(error).toMatchObject({ message: expect.stringContaining(message) });
    expect(allTextOf(error)).not.toContain(CANARY);
  });

  test('that cannot be read is named with the cause', async () => {
    const denied = Object.assign(new Error('not authorized'), { name: 'AccessDeniedException' });

    await expect(readApiKeys(SOURCE, () => Promise.reject(denied))).rejects.toThrow(
      new SecretUnusableError(`secret ${NAME}: cannot be read. AccessDeniedException: not authorized`),
    );
  });
});
