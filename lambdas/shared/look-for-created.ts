import { lookForCreated } from '../../src/escrow/look-for-escrow.ts';
import type { Intent, IntentCursor, IntentStore } from '../../src/ledger/intent.ts';
import type { Canary } from '../../src/ledger/latest.ts';
import { isAt, type IntentOwner } from '../../src/ledger/owner.ts';
import type { LookFor } from '../../src/ledger/resolve-intents.ts';
import type { EscrowClient } from '../../src/purple-flea/escrow.ts';
import type { OpenClient } from '../../src/purple-flea/open-client.ts';
import type { WalletClient } from '../../src/purple-flea/wallet.ts';

/** What looking for created escrows needs. */
export interface LookForCreatedDeps {
  readonly intents: IntentStore;
  readonly openEscrow: OpenClient<EscrowClient>;
  /** @param owner names the wallet's own place as its service, or none where that was not recorded. */
  readonly openWallet: OpenClient<WalletClient>;
}

/** How many applied intents are read at a time. */
const PAGE = 200;

/** Looks for the escrows of creations. One list serves all that are looked for with what is returned. */
export function createLookForCreated(deps: LookForCreatedDeps): LookFor {
  const escrowClients = new Map<string, EscrowClient>();
  const escrowOf = async (owner: IntentOwner): Promise<EscrowClient> => {
    const { agentId, service } = owner;
    const name = JSON.stringify([agentId, service?.baseUrl, service?.profile]);
    const client = escrowClients.get(name) ?? readingOnce(await deps.openEscrow(owner));
    escrowClients.set(name, client);
    return client;
  };
  return async (intent) =>
    lookForCreated(
      {
        escrow: await escrowOf(intent),
        wallet: await deps.openWallet({ agentId: intent.agentId, service: intent.wallet }),
        findCanary: () => findCanary(deps.intents, intent),
        findWitness: () => findWitness(deps.intents, intent),
      },
      intent,
    );
}

/** Pages and escrows are asked for once, however many effects are looked for in them. */
function readingOnce(client: EscrowClient): EscrowClient {
  const pages = new Map<string, ReturnType<EscrowClient['list']>>();
  const views = new Map<string, ReturnType<EscrowClient['readStatus']>>();
  return {
    ...client,
    list(query = {}) {
      const name = JSON.stringify(query);
      const page = pages.get(name) ?? client.list(query);
      pages.set(name, page);
      return page;
    },
    readStatus(escrowId) {
      const view = views.get(escrowId) ?? client.readStatus(escrowId);
      views.set(escrowId, view);
      return view;
    },
  };
}

/**
 * The escrow that the agent created last at the same address. Ledgers of earlier releases keep none: then the applied intents are searched,
 * to their end. None of any agent means that no escrow was ever created.
 */
async function findCanary(intents: IntentStore, owner: Intent): Promise<Canary | 'unnamed' | undefined> {
  const { agentId, service } = owner;
  const kept = service === undefined ? undefined : await intents.readCanary({ agentId, service });
  if (kept !== undefined) return kept;
  let created = false;
  for await (const intent of newestApplied(intents)) {
    if (intent.kind !== 'escrow-create') continue;
    created = true;
    if (intent.agentId !== agentId) continue;
    if (service !== undefined && intent.service !== undefined && !isAt(intent, service)) continue;
    return { reference: intent.reference, createdAt: intent.sentAt ?? intent.createdAt };
  }
  return created ? 'unnamed' : undefined;
}

/** What the agent created last under the name that an intent was recorded with, if that is a former one. */
async function findWitness(
  intents: IntentStore,
  { agentId, recordedAt }: Intent,
): Promise<Canary | 'unnamed' | undefined> {
  if (recordedAt === undefined) return undefined;
  return (await intents.readCanary({ agentId, service: recordedAt })) ?? 'unnamed';
}

/** All applied intents, newest first, page by page. */
export async function* newestApplied(intents: IntentStore): AsyncGenerator<Intent> {
  let after: IntentCursor | undefined;
  do {
    const page = await intents.listApplied(PAGE, after);
    yield* page.intents;
    after = page.next;
  } while (after !== undefined);
}
