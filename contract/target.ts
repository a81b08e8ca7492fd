import { parseArgs } from 'node:util';
import { UsageError } from '../src/command-line.ts';
import { PROFILES, type Profile } from '../src/purple-flea/service.ts';
import { createTransport, type HttpAnswer } from '../src/purple-flea/transport.ts';
import { SERVICES, type ServiceName, type Target } from './run.ts';

export const USAGE = `npm run contract -- --base-url URL [--profile reference|published] --key K1 --counterparty-key K2

Checks every operation of a Purple Flea service, by its own money, and reports each as agrees, differs or missing.
It locks $1.00 twice: one is paid to the counterparty, the other stays in dispute. It pays the counterparty $0.01, opens
a position of $2.00 that stays open, and claims from the faucet for the counterparty.

  --base-url URL             where all services are; PF_BASE_URL
  --escrow-url URL ...       where one is, if elsewhere (also --trading-url, --wallet-url, --faucet-url)
  --profile NAME             the dialect to check against, reference if left out; PF_PROFILE
  --key K1                   key of the agent that pays; PF_KEY, which no list of processes shows
  --trading-key K3           key of the agent that trades, where trading has its own registration; PF_TRADING_KEY
  --wallet-key, --faucet-key likewise, of the agent that pays; PF_WALLET_KEY, PF_FAUCET_KEY
  --counterparty-key K2      key of the agent that is paid; PF_COUNTERPARTY_KEY
  --agent A1, --counterparty A2
                             the agents' ids, for services that do not tell them by the key
  --trading-agent A3         the id of the agent that trades; A1 if left out
  --services LIST            only these, such as escrow,wallet
  --i-understand-this-moves-money
                             needed for every host but this machine`;

/** What was asked for on the command line. */
export interface Arguments {
  readonly urls: Target['urls'];
  readonly profile: Profile;
  readonly creator: {
    readonly apiKey: string;
    readonly agentId: string | undefined;
    /** By service, where another is given than the one for all. */
    readonly ownKeys: Readonly<Partial<Record<ServiceName, string>>>;
    readonly traderId: string | undefined;
  };
  readonly counterparty: { readonly apiKey: string; readonly agentId: string | undefined };
  readonly services: readonly ServiceName[];
}

/**
 * Reads the command line; what is missing there is taken from the environment.
 *
 * @throws UsageError naming the option and the fix; also for a host that is not this machine, unless it is said that
 *   real money may move.
 */
export function readArguments(args: readonly string[], env: Readonly<Record<string, string | undefined>>): Arguments {
  const { values } = parse(args);
  const baseUrl = values['base-url'] ?? env['PF_BASE_URL'];
  const urlOf = (service: ServiceName) => checkedUrl(`--${service}-url`, values[`${service}-url`] ?? baseUrl);
  const urls = {
    escrow: urlOf('escrow'),
    trading: urlOf('trading'),
    wallet: urlOf('wallet'),
    faucet: urlOf('faucet'),
  };
  const elsewhere = Object.values(urls).find((url) => !isLoopback(url));
  if (elsewhere !== undefined && values['i-understand-this-moves-money'] !== true) {
    throw new UsageError(
      `${elsewhere} is not this machine: what is checked there moves real money. Add --i-understand-this-moves-money if it may.`,
    );
  }
  return {
    urls,
    profile: oneOf('--profile', PROFILES, values.profile ?? env['PF_PROFILE'] ?? 'reference'),
    creator: {
      apiKey: required('--key', values.key ?? env['PF_KEY']),
      agentId: values.agent,
      ownKeys: readOwnKeys(values, env),
      traderId: values['trading-agent'],
    },
    counterparty: {
      apiKey: required('--counterparty-key', values['counterparty-key'] ?? env['PF_COUNTERPARTY_KEY']),
      agentId: values.counterparty,
    },
    services: (values.services?.split(',') ?? SERVICES).map((name) => oneOf('--services', SERVICES, name)),
  };
}

/** Completes the agents' ids by asking who the keys belong to. */
export async function findTarget({ urls, profile, creator, counterparty }: Arguments): Promise<Target> {
  const complete = async (party: Arguments['counterparty'], walletKey: string, option: string) => ({
    apiKey: party.apiKey,
    agentId: party.agentId ?? (await askAgentId(urls.wallet, profile, walletKey, option)),
  });
  const payer = await complete(creator, creator.ownKeys.wallet ?? creator.apiKey, '--agent');
  const agentIdAt = (service: string) => (service === 'trading' ? (creator.traderId ?? payer.agentId) : payer.agentId);
  const own = Object.entries(creator.ownKeys).map(([service, apiKey]) => [
    service,
    { apiKey, agentId: agentIdAt(service) },
  ]);
  return {
    urls,
    profile,
    creator: { ...payer, own: Object.fromEntries(own) },
    counterparty: await complete(counterparty, counterparty.apiKey, '--counterparty'),
  };
}

/** Keys of services that do not take the one for all. */
function readOwnKeys(
  values: ReturnType<typeof parse>['values'],
  env: Readonly<Record<string, string | undefined>>,
): Arguments['creator']['ownKeys'] {
  const given = {
    trading: values['trading-key'] ?? env['PF_TRADING_KEY'],
    wallet: values['wallet-key'] ?? env['PF_WALLET_KEY'],
    faucet: values['faucet-key'] ?? env['PF_FAUCET_KEY'],
  };
  return Object.fromEntries(
    Object.entries(given).flatMap(([service, key]) =>
      key === undefined ? [] : [[service, required(`--${service}-key`, key)]],
    ),
  );
}

async function askAgentId(walletUrl: string, profile: Profile, apiKey: string, option: string): Promise<string> {
  const transport = createTransport({ connectMs: 5_000, totalMs: 10_000 });
  const path = profile === 'reference' ? '/wallet/balance' : '/api/v1/auth/balance';
  const answer = await transport({ method: 'GET', url: `${walletUrl}${path}`, apiKey });
  const agentId = agentIdIn(answer);
  if (agentId !== undefined) return agentId;
  const said = answer.kind === 'answered' ? `HTTP ${answer.status}` : answer.reason;
  throw new UsageError(
    `GET ${walletUrl}${path} does not tell whose key it is (${said}): name the agent with ${option}`,
  );
}

function agentIdIn(answer: HttpAnswer): string | undefined {
  if (answer.kind !== 'answered' || answer.status !== 200) return undefined;
  const { agent_id: agentId } = (answer.body ?? {}) as { agent_id?: unknown };
  return typeof agentId === 'string' ? agentId : undefined;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        'base-url': { type: 'string' },
        'escrow-url': { type: 'string' },
        'trading-url': { type: 'string' },
        'wallet-url': { type: 'string' },
        'faucet-url': { type: 'string' },
        profile: { type: 'string' },
        key: { type: 'string' },
        'trading-key': { type: 'string' },
        'wallet-key': { type: 'string' },
        'faucet-key': { type: 'string' },
        'trading-agent': { type: 'string' },
        'counterparty-key': { type: 'string' },
        agent: { type: 'string' },
        counterparty: { type: 'string' },
        services: { type: 'string' },
        'i-understand-this-moves-money': { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function required(option: string, value: string | undefined): string {
  if (value === undefined || value === '') throw new UsageError(`${option} is missing`);
  return value;
}

function oneOf<Choice extends string>(option: string, choices: readonly Choice[], value: string): Choice {
  const choice = choices.find((known) => known === value);
  if (choice === undefined) throw new UsageError(`${option} is "${value}"; allowed: ${choices.join(', ')}`);
  return choice;
}

function checkedUrl(option: string, value: string | undefined): string {
  const text = required(`--base-url (or ${option})`, value);
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`${option} is "${text}": expected a URL such as http://127.0.0.1:4010`);
  }
  return text.replace(/\/+$/, '');
}

/** Names are not looked up: whatever is not written as this machine is taken for another. */
function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
