import { describeError } from '../errors.ts';
import type { EffectKind } from './effect-key.ts';
import type { Intent, IntentPage, IntentStore, OrderStore } from './intent.ts';
import { isAt, placeOf, underPresentName, type NamedService, type ServicePlace } from './owner.ts';
import type { Look, LookFor } from './resolve-intents.ts';

/** Where each service is, or was at some moment. */
export type Places = Readonly<Record<'escrow' | 'trading' | 'wallet' | 'faucet', ServicePlace>>;

/** The services that a function knows, each with the names that it had before. */
export type NamedServices = Readonly<Partial<Record<keyof Places, NamedService | undefined>>>;

/** Where the services are, by the variables that functions are told them in. */
export function placesOf(services: {
  readonly ESCROW_SERVICE: ServicePlace;
  readonly TRADING_SERVICE: ServicePlace;
  readonly WALLET_SERVICE: ServicePlace;
  readonly FAUCET_SERVICE: ServicePlace;
}): Places {
  return {
    escrow: placeOf(services.ESCROW_SERVICE),
    trading: placeOf(services.TRADING_SERVICE),
    wallet: placeOf(services.WALLET_SERVICE),
    faucet: placeOf(services.FAUCET_SERVICE),
  };
}

/** Where the services were when this ledger first ran a version that records them with each intent. */
export interface PlaceStore {
  /** Undefined where nothing was recorded yet. */
  readonly read: () => Promise<Places | undefined>;
  /** Records them unless that was done before; returns what is recorded. */
  readonly record: (places: Places) => Promise<Places>;
}

/** Which service an effect is sent to; undefined on paper. */
export function serviceOf(kind: EffectKind): keyof Places | undefined {
  switch (kind) {
    case 'escrow-create':
    case 'escrow-complete':
    case 'escrow-release':
    case 'escrow-dispute':
      return 'escrow';
    case 'trade-order':
      return 'trading';
    case 'transfer':
      return 'wallet';
    case 'faucet-claim':
      return 'faucet';
    case 'paper-order':
      return undefined;
  }
}

/** Whether an intent belongs to its service as it is configured now. */
export function isConfigured({ kind, service }: Pick<Intent, 'kind' | 'service'>, places: Places): boolean {
  const name = serviceOf(kind);
  return name === undefined || isAt({ service }, places[name]);
}

/**
 * Looks of which only what was seen counts, where an effect was sent to an address or in a dialect that is not configured any
 * more: that nothing is there, or that there is no clear answer, is no evidence there, however often.
 */
export function unreadElsewhere(lookFor: LookFor, places: Places): LookFor {
  return async (intent) => {
    if (isConfigured(intent, places)) return lookFor(intent);
    try {
      const look = await lookFor(intent);
      if (look.kind === 'absent') return unread('it is not there');
      return look.kind === 'unclear' ? unread(look.reason) : look;
    } catch (error) {
      return unread(describeError(error));
    }
  };
}

function unread(why: string): Look {
  return { kind: 'unreadable', reason: `${why}; it was sent to a place that is not configured any more` };
}

/**
 * A ledger whose intents all say where they belong. Those of 0.1.0 name no service: they belong where the services were when
 * this version first ran, wherever these are configured since. A service that has another name now is meant by that.
 */
export function bindPlaces<Store extends IntentStore>(
  store: Store,
  readPlaces: PlaceStore['read'],
  services: NamedServices = {},
): Store {
  const bind = createBind(readPlaces, services);
  const bindAll = (intents: readonly Intent[]) => Promise.all(intents.map(bind));
  const bindPage = async (page: IntentPage) => ({ ...page, intents: await bindAll(page.intents) });
  return {
    ...store,
    prepare: async (...args) => bind(await store.prepare(...args)),
    skip: async (...args) => {
      const { intent, isNew } = await store.skip(...args);
      return { intent: await bind(intent), isNew };
    },
    move: async (from, ending, at) => bind(await store.move(from, { ...ending, sentTo: services.escrow }, at)),
    postpone: async (...args) => bind(await store.postpone(...args)),
    noteLook: async (...args) => bind(await store.noteLook(...args)),
    read: async (key) => {
      const intent = await store.read(key);
      return intent === undefined ? undefined : bind(intent);
    },
    list: async (...args) => bindAll(await store.list(...args)),
    listApplied: async (...args) => bindPage(await store.listApplied(...args)),
    listSince: async (...args) => bindPage(await store.listSince(...args)),
  };
}

/** Does the same for a store of orders. */
export function bindOrders(
  store: OrderStore,
  readPlaces: PlaceStore['read'],
  services: NamedServices = {},
): OrderStore {
  const bind = createBind(readPlaces, services);
  return {
    ...bindPlaces(store, readPlaces, services),
    take: async (...args) => {
      const taken = await store.take(...args);
      return taken.kind === 'known' ? { ...taken, intent: await bind(taken.intent) } : taken;
    },
  };
}

function createBind(readPlaces: PlaceStore['read'], services: NamedServices): (intent: Intent) => Promise<Intent> {
  const place = async (intent: Intent): Promise<Intent> => {
    const service = intent.state === 'skipped' ? undefined : serviceOf(intent.kind);
    if (service === undefined || isPlaced(intent)) return intent;
    const places = await readPlaces();
    if (places === undefined) return intent;
    const wallet = intent.kind === 'escrow-create' ? { wallet: intent.wallet ?? places.wallet } : {};
    return { ...intent, service: intent.service ?? places[service], ...wallet };
  };
  return async (intent) => renamed(await place(intent), services);
}

/** An intent whose places have the names of today. */
function renamed(intent: Intent, services: NamedServices): Intent {
  const name = serviceOf(intent.kind);
  const service = name === undefined ? intent.service : underPresentName(intent.service, services[name]);
  const wallet = underPresentName(intent.wallet, services.wallet);
  if (service === intent.service && wallet === intent.wallet) return intent;
  return { ...intent, service, recordedAt: intent.service, ...(wallet === undefined ? {} : { wallet }) };
}

function isPlaced({ kind, service, wallet }: Intent): boolean {
  return service !== undefined && (kind !== 'escrow-create' || wallet !== undefined);
}
