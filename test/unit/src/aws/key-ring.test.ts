import { describe, expect, test } from '@jest/globals';
import { createKeyRing, type KeySources } from '../../../../src/aws/key-ring.ts';
import { OwnerUnavailableError, SecretUnusableError } from '../../../../src/errors.ts';
import { allTextOf, CANARY } from '../../../support/secrecy.ts';

const own = { agentId: 'ag_treasury', secretName: 'Main' };
const SECRETS: Readonly<Record<string, string>> = {
  Main: '{"apiKey":"pf_treasury","agentId":"ag_treasury","counterpartyKeys":{"ag_worker":"pf_worker"}}',
  Trading: '{"apiKey":"sk_trade","agentId":"ag_trader"}',
  Before: '{"apiKey":"pf_before","agentId":"ag_before"}',
  Others: '{"counterpartyKeys":{"ag_other":"pf_other"}}',
};

function aRing(sources: KeySources, secrets = SECRETS) {
  const read: string[] = [];
  const ring = createKeyRing(sources, async (name) => {
    read.push(name);
    return secrets[name];
  });
  return { ring, read };
}

describe('keys by role', () => {
  test('are all in one secret where the stage names no other', async () => {
    const { ring } = aRing({ treasury: own, trading: own, wallet: own, counterparties: own });
    const treasury = { agentId: 'ag_treasury', apiKey: 'pf_treasury' };

    expect(await ring.get('ag_treasury', ['treasury'])).toEqual(treasury);
    expect(await ring.get('ag_treasury', ['trading'])).toEqual(treasury);
    expect(await ring.get('ag_worker', ['counterparties'])).toEqual({ agentId: 'ag_worker', apiKey: 'pf_worker' });
  });

  test('are looked for in the secret of their role alone', async () => {
    const trading = { agentId: 'ag_trader', secretName: 'Trading' };
    const { ring, read } = aRing({ treasury: own, trading, counterparties: { secretName: 'Others' } });

    expect(await ring.get('ag_trader', ['trading'])).toEqual({ agentId: 'ag_trader', apiKey: 'sk_trade' });
    expect(await ring.find('ag_worker', ['counterparties'])).toBeUndefined();
    expect(await ring.get('ag_other', ['counterparties'])).toMatchObject({ apiKey: 'pf_other' });
    expect(read).toEqual(['Trading', 'Others', 'Others']);
  });

  test('of one role are of no use to another: a counterparty settles nothing, a predecessor begins nothing', async () => {
    const { ring, read } = aRing({
      treasury: own,
      counterparties: own,
      predecessor: { agentId: 'ag_before', secretName: 'Before' },
    });

    await expect(ring.get('ag_worker', ['treasury', 'predecessor'])).rejects.toThrow(
      new OwnerUnavailableError(
        'no key of ag_worker is held for it (treasury is ag_treasury, predecessor is ag_before)',
      ),
    );
    await expect(ring.get('ag_before', ['treasury'])).rejects.toThrow(OwnerUnavailableError);
    expect(read).toEqual([]);
    expect(await ring.get('ag_before', ['treasury', 'predecessor'])).toMatchObject({ apiKey: 'pf_before' });
  });
});

describe('a secret', () => {
  const replaced = JSON.stringify({
    apiKey: CANARY,
    agentId: 'ag_next',
    counterpartyKeys: { ag_treasury: 'pf_treasury', ag_worker: 'pf_worker' },
  });

  test.each([
    ['ag_treasury', 'treasury'],
    ['ag_worker', 'counterparties'],
  ] as const)(
    'of another agent is of no use, and the message names both fields and no value: %s',
    async (agentId, role) => {
      const { ring } = aRing({ treasury: own, counterparties: own }, { Main: replaced });
      const error = await ring.get(agentId, [role]).catch((thrown: unknown) => thrown);

      expect(error).toBeInstanceOf(SecretUnusableError);
      expect(error).toMatchObject({
        message: expect.stringContaining('agentId is another than the agentId in the configuration, ag_treasury'),
      });
      expect(allTextOf(error)).not.toMatch(new RegExp(`${CANARY}|ag_next|pf_`));
    },
  );

  test.each([
    ['a line break behind the key', { apiKey: `${CANARY}\n`, agentId: 'ag_treasury' }, 'apiKey'],
    ['a blank before the key', { apiKey: ` ${CANARY}`, agentId: 'ag_treasury' }, 'apiKey'],
    ['a tab in the key', { apiKey: `${CANARY}\t${CANARY}`, agentId: 'ag_treasury' }, 'apiKey'],
    ['a character that no header takes', { apiKey: `${CANARY}\u00a0`, agentId: 'ag_treasury' }, 'apiKey'],
    [
      'a line break behind a counterparty key',
      { apiKey: 'pf', agentId: 'ag_treasury', counterpartyKeys: { ag_worker: `${CANARY}\r\n` } },
      'counterpartyKeys',
    ],
  ])('with %s is refused by the name of the field', async (_case, content, field) => {
    const { ring } = aRing({ treasury: own }, { Main: JSON.stringify(content) });
    const error = await ring.get('ag_treasury', ['treasury']).catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({
      message: expect.stringContaining(`secret Main: ${field} has white space or other characters that no key has`),
    });
    expect(allTextOf(error)).not.toContain(CANARY);
  });
});
