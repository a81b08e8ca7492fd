import { formatUsd, parseUsd, type MicroUsd } from '../src/money.ts';
import { isAmount } from './config-parts.ts';
import { ruleNameOf } from './names.ts';

/** What has to agree with something else in a configuration. */
interface Checked {
  readonly stage: string;
  readonly purpleFlea: {
    readonly connectTimeoutMs: number;
    readonly requestTimeoutMs: number;
    readonly escrow: Named;
    readonly trading: Named & { readonly profile: string };
    readonly wallet: Named;
    readonly faucet: Named;
  };
  readonly budgets: Readonly<Record<'perDay' | 'perAgentAndDay', Readonly<Record<string, string | undefined>>>>;
  readonly escrows: {
    readonly counterparties: readonly string[];
    readonly maxAmountUsd: string;
    readonly subscriptions: readonly { readonly amountUsd: string }[];
  };
  readonly trading: {
    readonly mode: string;
    readonly markets: readonly {
      readonly asset: string;
      readonly maxExposureUsd: string;
      readonly symbols?: Readonly<Record<string, string | undefined>> | undefined;
    }[];
    readonly size: Size;
    readonly maxOrderUsd: string;
    readonly leverage: number;
    readonly minBalanceUsd: string;
    readonly paper: { readonly balanceUsd: string };
    readonly predictors: readonly { readonly asset: string }[];
    readonly inferences: readonly { readonly asset: string }[];
  };
}
interface Named {
  readonly baseUrl: string;
  readonly formerBaseUrls?: readonly string[] | undefined;
}
type Size =
  | { readonly by: 'fixed'; readonly amountUsd: string }
  | { readonly by: 'confidence'; readonly fromUsd: string; readonly toUsd: string };

/** One thing that can never work: where it stands, and what it has to be instead. */
export interface Contradiction {
  readonly path: readonly (string | number)[];
  readonly input: unknown;
  readonly message: string;
}

/** What fits the schema field by field, and together can never work. */
export function findContradictions(config: Checked): readonly Contradiction[] {
  return [
    ...checkTimeouts(config),
    ...checkFormerNames(config),
    ...checkBudgets(config),
    ...checkEscrows(config),
    ...checkMarkets(config),
    ...checkAllMarkets(config),
    ...checkAssets(config),
    ...checkSymbols(config),
    ...checkOrders(config),
  ];
}

const MAX_ASSETS = 1_800;
/** The longest name of a rule. */
const MAX_RULE_NAME = 64;

function checkTimeouts({ purpleFlea: { connectTimeoutMs, requestTimeoutMs } }: Checked): readonly Contradiction[] {
  if (connectTimeoutMs <= requestTimeoutMs) return [];
  const message = `It has to be at most requestTimeoutMs (${requestTimeoutMs}), which it is a part of.`;
  return [{ path: ['purpleFlea', 'connectTimeoutMs'], input: connectTimeoutMs, message }];
}

/** A name that is the present one would say nothing, and one twice is a mistake. */
function checkFormerNames({ purpleFlea }: Checked): readonly Contradiction[] {
  return (['escrow', 'trading', 'wallet', 'faucet'] as const).flatMap((service) => {
    const { baseUrl, formerBaseUrls = [] } = purpleFlea[service];
    return formerBaseUrls.flatMap((name, index) => {
      if (name !== baseUrl && formerBaseUrls.indexOf(name) === index) return [];
      const message = 'It has to be another than baseUrl and the other names: a name that this service had before.';
      return [{ path: ['purpleFlea', service, 'formerBaseUrls', index], input: name, message }];
    });
  });
}

function checkBudgets({ budgets: { perDay, perAgentAndDay } }: Checked): readonly Contradiction[] {
  return Object.entries(perAgentAndDay).flatMap(([kind, amount]) =>
    atMost(['budgets', 'perAgentAndDay', kind], amount, [[`budgets.perDay.${kind}`, perDay[kind]]]),
  );
}

/** A cap above what a day may lock would have requests refused that it allows. */
function checkEscrows({ budgets, escrows }: Checked): readonly Contradiction[] {
  const limits = limitsOf(budgets, 'escrow-create');
  const caps =
    escrows.counterparties.length === 0 ? [] : atMost(['escrows', 'maxAmountUsd'], escrows.maxAmountUsd, limits);
  return [
    ...repeated(escrows.counterparties).map(([index, input]) => ({
      path: ['escrows', 'counterparties', index],
      input,
      message: 'Each is there once.',
    })),
    ...caps,
    ...escrows.subscriptions.flatMap(({ amountUsd }, index) =>
      atMost(['escrows', 'subscriptions', index, 'amountUsd'], amountUsd, limits),
    ),
  ];
}

/** Each market is a rule of the bus, which is named after it. */
function checkMarkets({ stage, trading: { markets } }: Checked): readonly Contradiction[] {
  const names = markets.map(({ asset }) => ruleNameOf(stage, asset));
  return markets.flatMap(({ asset }, index): Contradiction[] => {
    const path = ['trading', 'markets', index, 'asset'];
    const name = names[index] ?? '';
    const twin = markets[names.indexOf(name)]?.asset ?? asset;
    if (name.length > MAX_RULE_NAME) {
      const most = asset.length - (name.length - MAX_RULE_NAME);
      return [
        { path, input: asset, message: `At most ${most} characters in stage ${stage}: a rule is named after it.` },
      ];
    }
    if (twin === asset) return [];
    return [
      { path, input: asset, message: `It and "${twin}" would have one rule: they differ in signs or case alone.` },
    ];
  });
}

/** One rule names all of them, for what may not be traded; its pattern takes 2,048 characters. */
function checkAllMarkets({ trading: { markets } }: Checked): readonly Contradiction[] {
  const assets = markets.map(({ asset }) => asset);
  if (JSON.stringify(assets).length <= MAX_ASSETS) return [];
  const message = `Their names are too long together: at most ${MAX_ASSETS} characters as a list of JSON, or have fewer.`;
  return [{ path: ['trading', 'markets'], input: `${markets.length} markets`, message }];
}

function checkAssets({ trading: { markets, predictors, inferences } }: Checked): readonly Contradiction[] {
  const assets = markets.map(({ asset }) => asset);
  const known = assets.join(', ') || 'none yet';
  return Object.entries({ predictors, inferences }).flatMap(([list, all]) =>
    all.flatMap(({ asset }, index) =>
      assets.includes(asset)
        ? []
        : [
            {
              path: ['trading', list, index, 'asset'],
              input: asset,
              message: `It has to be one of trading.markets (${known}): what it says would never be traded.`,
            },
          ],
    ),
  );
}

/** The published server makes a pair of every coin that it answers: an asset that is none has to name its symbol. */
function checkSymbols({ purpleFlea, trading: { mode, markets } }: Checked): readonly Contradiction[] {
  const { profile } = purpleFlea.trading;
  if (profile !== 'published' || mode !== 'live') return [];
  return markets.flatMap(({ asset, symbols }, index) =>
    asset.endsWith('-USDC') || symbols?.[profile] !== undefined
      ? []
      : [
          {
            path: ['trading', 'markets', index, 'symbols'],
            input: symbols,
            message: `${asset} is no pair with USDC: say what the service calls it, such as {"published": "${asset}"}.`,
          },
        ],
  );
}

/** The largest order that a signal can ask for has to pass every limit that it meets. */
function checkOrders({ budgets, trading }: Checked): readonly Contradiction[] {
  const { mode, markets, size, maxOrderUsd, leverage, minBalanceUsd, paper } = trading;
  const field = size.by === 'fixed' ? 'amountUsd' : 'toUsd';
  const largest = size.by === 'fixed' ? size.amountUsd : size.toUsd;
  const sizes = atMost(['trading', 'size', field], largest, [
    ['trading.maxOrderUsd', maxOrderUsd],
    ...limitsOf(budgets, 'trade-order'),
    ...markets.map(({ asset, maxExposureUsd }) => [`maxExposureUsd of ${asset}`, maxExposureUsd] as const),
    ...(mode === 'paper' && isAmount(paper.balanceUsd)
      ? [
          [
            'what trading.paper.balanceUsd pays for',
            formatUsd((parseUsd(paper.balanceUsd) * BigInt(leverage)) as MicroUsd),
          ] as const,
        ]
      : []),
  ]);
  const balance =
    mode === 'paper'
      ? atMost(['trading', 'minBalanceUsd'], minBalanceUsd, [['trading.paper.balanceUsd', paper.balanceUsd]])
      : [];
  return [...sizes, ...balance];
}

type Limit = readonly [name: string, amount: string | undefined];

function limitsOf(budgets: Checked['budgets'], kind: string): readonly Limit[] {
  return (['perAgentAndDay', 'perDay'] as const).map((name) => [`budgets.${name}.${kind}`, budgets[name][kind]]);
}

/** Names the first limit that an amount is above. What is no amount has its own check. */
function atMost(
  path: readonly (string | number)[],
  amount: string | undefined,
  limits: readonly Limit[],
): readonly Contradiction[] {
  const asked = read(amount);
  const beaten = limits.find(([, limit]) => {
    const most = read(limit);
    return asked !== undefined && most !== undefined && asked > most;
  });
  if (beaten === undefined) return [];
  return [{ path, input: amount, message: `It has to be at most ${beaten[0]} (${beaten[1]}).` }];
}

function read(amount: string | undefined): MicroUsd | undefined {
  return amount !== undefined && isAmount(amount) ? parseUsd(amount) : undefined;
}

/** Whether nothing is there twice. */
export function isEachOnce(items: readonly unknown[]): boolean {
  return new Set(items).size === items.length;
}

/** The second and every further place of what is there more than once. */
function repeated<Item>(items: readonly Item[]): [index: number, item: Item][] {
  return [...items.entries()].filter(([index, item]) => items.indexOf(item) !== index);
}
