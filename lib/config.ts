import { existsSync, readFileSync } from 'node:fs';
import * as z from 'zod';
import { formatUsd, parseUsd } from '../src/money.ts';
import { EFFECT_KINDS } from '../src/ledger/effect-key.ts';
import { EFFECT_NATURE } from '../src/ledger/stop.ts';
import { ESCROW_LIMITS } from '../src/purple-flea/escrow.ts';
import { PROFILES } from '../src/purple-flea/service.ts';
import { ORDER_LIMITS } from '../src/purple-flea/trading.ts';
import { TRADING_MODES } from '../src/trading/trade-policy.ts';
import { bonus, findUnpayable } from './bonus-config.ts';
import { rewriteFormerBonus } from './former-bonus.ts';
import { agentId, escrowAmount, gate, guard, isAmount, timeoutHours, usd } from './config-parts.ts';
import { keys, refuseKeys, refuseSharedSecrets, secretName } from './keys-config.ts';
import { isLoopback, realServices } from './loopback.ts';
import { modelPackages } from './package-config.ts';
import { assetName, inferences, predictors } from './predictor-config.ts';
import { AT_MOST_DAILY } from './cron.ts';
import { findJsonProblem } from './check-json.ts';
import { findContradictions, isEachOnce, type Contradiction } from './config-checks.ts';
import { describeIssue } from './config-problems.ts';
import { CONFIG_FOLDER, STAGE_NAME, STAGES } from './stages.ts';

/** Orders on paper have the budgets of real ones. */
const OUTFLOWS = EFFECT_KINDS.filter((kind) => EFFECT_NATURE[kind] === 'outflow' && kind !== 'paper-order');
const budget = z.partialRecord(z.enum(OUTFLOWS), usd('0.01', '999999.00'));

const unitInterval = z.number().min(0).max(1);

/** One per cent. */
const DOCUMENTED_FEE_BASIS_POINTS = 100;

/** Keys go there: in the clear to this machine alone, and nothing secret is in the address itself. */
function isBareAddress(address: string): boolean {
  const url = URL.parse(address);
  if (url === null || !url.protocol.startsWith('http')) return true;
  const { protocol, username, password, search, hash } = url;
  return (protocol === 'https:' || isLoopback(address)) && username + password + search + hash === '';
}

/** Also names that are links to others, such as America/Argentina/Buenos_Aires. */
function isTimeZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

const address = z
  .url({ protocol: /^https?$/ })
  .regex(/[^/]$/)
  .refine(isBareAddress, { error: 'https, or http on this machine; no user, no query' });

const service = z
  .strictObject({
    baseUrl: address.max(200).meta({ description: 'Where the service is; http or https, without a slash at the end.' }),
    formerBaseUrls: z.array(address.max(70)).min(1).max(2).optional().meta({
      description:
        'Names that this same service had before: what was begun under them continues at baseUrl. Never another service.',
    }),
    profile: z.enum(PROFILES).meta({ description: 'The dialect of the API spoken there.' }),
  })
  .meta({ description: 'One service of Purple Flea.' });

const subscription = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,29}$/)
    .meta({ description: 'Begins the requestId of every period; lower case, digits and -, up to 30.' }),
  counterpartyAgentId: agentId.meta({ description: 'Who is paid; one of escrows.counterparties.' }),
  amountUsd: escrowAmount,
  description: z.string().min(1).max(200).meta({ description: 'Public text for the counterparty, up to 200.' }),
  timeoutHours,
  schedule: z
    .string()
    .regex(AT_MOST_DAILY)
    .meta({
      description:
        'Once a day at most, in UTC: rate(...) in days or from 24 hours, or cron(...) of one minute and hour, with ? for one of its days.',
      examples: ['cron(0 6 ? * MON *)', 'rate(7 days)'],
    }),
});

const orderAmount = usd('1.01', ORDER_LIMITS.maxAmountUsd);
const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/);

const market = z.strictObject({
  asset: assetName.meta({ description: 'As predictions and alerts name it: letters, digits and . _ : / -, up to 40.' }),
  maxExposureUsd: usd('1.01', '999999.00').meta({
    description:
      'The most that its open positions may come to with the next order, longs less shorts, on either side, notional. What makes them smaller may always go out.',
  }),
  hours: z
    .strictObject({
      days: z
        .array(z.int().min(1).max(7))
        .min(1)
        .max(7)
        .refine(isEachOnce, { error: 'each once' })
        .meta({ description: 'ISO weekdays: Monday is 1.' }),
      from: clock.meta({ description: 'HH:MM.' }),
      until: clock.meta({ description: 'HH:MM, later on the same day; at it the market is closed.' }),
      timeZone: z
        .string()
        .max(64)
        .refine(isTimeZone)
        .meta({ description: 'IANA name.', examples: ['America/New_York', 'UTC'] }),
    })
    .refine(({ from, until }) => from < until, { error: 'until has to be later than from' })
    .optional()
    .meta({ description: 'When it may be traded; at any time if left out. Public holidays are not known.' }),
  symbols: z.partialRecord(z.enum(PROFILES), z.string().min(1).max(40)).optional().meta({
    description:
      'What the trading service calls it, by dialect; if left out, the same in reference, and without -USDC in published.',
  }),
});

/**
 * A stage's whole configuration. Every threshold and name the pipeline works with is in here; nothing is secret.
 * `config/schema.json` is generated from it (`npm run config:schema`), so that editors complete and check the files.
 */
export const configSchema = z
  .strictObject({
    $schema: z.literal('./schema.json'),
    stage: z.string().regex(STAGE_NAME).meta({
      description:
        'Name of the file, and part of all names: lower case, digits and -, up to 12. local is the stage that talks to the twin.',
    }),
    retainData: z.boolean().meta({
      description:
        'Whether tables, keys and the secret outlive the stacks. False only where every service is on this machine.',
    }),
    deployTo: z
      .strictObject({
        account: z
          .string()
          .regex(/^\d{12}$/)
          .optional()
          .meta({ description: 'Twelve digits.' }),
        region: z
          .string()
          .regex(/^[a-z]{2}(-[a-z]+)+-\d$/)
          .optional()
          .meta({ description: 'Such as eu-west-1.' }),
      })
      .optional()
      .meta({
        description:
          'Where the stage is deployed, and nowhere else; wherever your AWS credentials are for, if left out. Two stages of one account and region hear the same events: their rules have to be for different jobs.',
      }),
    secretName: secretName.meta({
      description: 'Name of the secret with the Purple Flea key. Each stage of one account needs its own.',
    }),
    alarmEmail: z
      .email()
      .optional()
      .meta({ description: 'Where alarms are mailed; without it, subscribe to the topic yourself.' }),
    notifications: z
      .strictObject({
        orders: z.boolean().meta({ description: 'Whether every order that is placed is a line; skips never are.' }),
      })
      .default({ orders: true })
      .meta({ description: 'What people are told of beyond what they have to act on.' }),
    chat: z
      .strictObject({
        slackWorkspaceId: z
          .string()
          .regex(/^[0-9A-Z]{1,255}$/)
          .meta({ description: 'As the console of Amazon Q Developer in chat applications shows it.' }),
        slackChannelId: z
          .string()
          .regex(/^[0-9A-Z]{1,255}$/)
          .meta({ description: "The end of the channel's link." }),
      })
      .optional()
      .meta({ description: 'The Slack channel that gets alarms and notifications; none if left out.' }),
    purpleFlea: z
      .strictObject({
        agentId: agentId.meta({
          description: 'The agent that locks escrows and places orders; its key is in the secret secretName.',
        }),
        keys: keys.optional(),
        escrow: service.extend({
          feeBasisPoints: z.int().min(0).max(10_000).default(DOCUMENTED_FEE_BASIS_POINTS).meta({
            description:
              'What the service keeps of an escrow; 100 is one per cent. Another fee is a drift, with an alarm.',
          }),
        }),
        trading: service,
        wallet: service,
        faucet: service,
        connectTimeoutMs: z.int().min(500).max(10_000).meta({ description: 'From the start to a connection.' }),
        requestTimeoutMs: z
          .int()
          .min(1_000)
          .max(15_000)
          .meta({ description: 'From the start to the last byte; what is late is treated as unknown.' }),
        pacePercent: z.int().min(25).max(10_000).default(100).meta({
          description:
            "The part of the service's documented limits that this stage's calls may take: less than 100 where others call with the same key or from the same address, more only where the service has agreed to more.",
        }),
      })
      .superRefine(refuseKeys)
      .superRefine(({ escrow, wallet }, context) => {
        if (escrow.profile !== 'published' || wallet.profile === 'published') return;
        context.addIssue({
          code: 'custom',
          path: ['wallet', 'profile'],
          input: wallet.profile,
          message:
            'It has to be "published" where purpleFlea.escrow.profile is: the ledger rows take the place of the list of escrows, which that dialect does not have.',
        });
      })
      .meta({ description: 'Where Purple Flea is, and how long it may take.' }),
    budgets: z
      .strictObject({
        perDay: budget.meta({
          description: 'The most of each kind in one UTC day, decimal USD; no entry is no limit.',
        }),
        perAgentAndDay: budget.meta({
          description: 'The same to any one agent, or in any one market.',
        }),
      })
      .meta({ description: 'What may go out. Taken before a call, given back if it certainly had no effect.' }),
    bonus,
    modelPackages,
    escrows: z
      .strictObject({
        counterparties: z
          .array(agentId)
          .max(200)
          .meta({ description: 'Agents that escrow.requested may have paid; nobody else. Empty: nobody.' }),
        maxAmountUsd: usd(formatUsd(ESCROW_LIMITS.minAmount), '200000.00').meta({
          description: 'The most that one request may lock, decimal USD, all its milestones together.',
        }),
        gate: gate.meta({
          description: 'What turns a delivery into a release or a dispute, if the request is silent.',
        }),
        guard,
        subscriptions: z
          .array(subscription)
          .max(50)
          .default([])
          .meta({ description: 'What is requested by a schedule, one escrow a period; none if left out.' }),
      })
      .superRefine(({ counterparties, maxAmountUsd, subscriptions }, context) => {
        const refuse = (index: number, field: string, input: string, message: string) =>
          context.addIssue({ code: 'custom', path: ['subscriptions', index, field], input, message });
        for (const [index, { name, counterpartyAgentId, amountUsd }] of subscriptions.entries()) {
          if (subscriptions.findIndex((other) => other.name === name) !== index) {
            refuse(index, 'name', name, 'Each needs a name of its own.');
          }
          if (!counterparties.includes(counterpartyAgentId)) {
            refuse(index, 'counterpartyAgentId', counterpartyAgentId, 'It has to be in escrows.counterparties.');
          }
          if ([amountUsd, maxAmountUsd].every(isAmount) && parseUsd(amountUsd) > parseUsd(maxAmountUsd)) {
            refuse(index, 'amountUsd', amountUsd, 'It has to be at most escrows.maxAmountUsd.');
          }
        }
      })
      .meta({ description: 'Escrows that are requested by events and schedules.' }),
    trading: z
      .strictObject({
        mode: z.enum(TRADING_MODES).meta({
          description: 'paper: orders go to a book of our own and move no money. live: they go to Purple Flea.',
        }),
        markets: z.array(market).max(50).meta({ description: 'What may be traded; nothing else is.' }),
        confidenceThreshold: unitInterval.meta({ description: 'Predictions below it are skipped; at it they trade.' }),
        size: z
          .discriminatedUnion('by', [
            z.strictObject({ by: z.literal('fixed'), amountUsd: orderAmount }),
            z.strictObject({ by: z.literal('confidence'), fromUsd: orderAmount, toUsd: orderAmount }),
          ])
          .meta({
            description:
              'Notional of an order: always the same, or from the one at the threshold to the other at confidence 1.',
          }),
        maxOrderUsd: orderAmount.meta({ description: 'No order is larger, whatever its size comes to.' }),
        leverage: z.int().min(ORDER_LIMITS.minLeverage).max(ORDER_LIMITS.maxLeverage),
        minBalanceUsd: usd('0.00', '999999.00').meta({ description: 'With less in the account there is no order.' }),
        dailyLossUsd: usd('0.01', '999999.00').meta({
          description: 'With this much lost in a UTC day, realised and open, there is no further order that day.',
        }),
        coolDownSeconds: z.int().min(0).max(86_400).meta({ description: 'How long a market rests after an order.' }),
        maxAgeSeconds: z.int().min(1).max(86_400).meta({ description: 'Older signals are skipped as stale.' }),
        paper: z
          .strictObject({
            balanceUsd: usd('0.01', '999999.00').meta({ description: 'What the paper account begins with.' }),
            feeBasisPoints: z.int().min(0).max(1000).meta({ description: 'Of the notional; 100 is one per cent.' }),
          })
          .meta({ description: 'The paper book.' }),
        predictors,
        inferences,
      })
      .superRefine(({ markets, size }, context) => {
        for (const [index, { asset }] of markets.entries()) {
          if (markets.findIndex((other) => other.asset === asset) === index) continue;
          context.addIssue({
            code: 'custom',
            path: ['markets', index, 'asset'],
            input: asset,
            message: 'Each market is there once.',
          });
        }
        if (size.by === 'fixed' || ![size.fromUsd, size.toUsd].every(isAmount)) return;
        if (parseUsd(size.fromUsd) > parseUsd(size.toUsd)) {
          context.addIssue({
            code: 'custom',
            path: ['size', 'toUsd'],
            input: size.toUsd,
            message: 'It has to be at least size.fromUsd.',
          });
        }
      })
      .meta({ description: 'Predictions and price alerts that become orders.' }),
    webhooks: z
      .strictObject({
        enabled: z.boolean().meta({ description: 'Whether there is a public address that takes webhooks.' }),
      })
      .default({ enabled: false })
      .meta({
        description: 'Webhooks of Purple Flea, which have an escrow looked at before its next look is due.',
      }),
  })
  .superRefine(refuseSharedSecrets)
  .superRefine(({ bonus: { rules }, budgets }, context) => {
    for (const { path, amountUsd, message } of findUnpayable(rules, budgets)) {
      context.addIssue({ code: 'custom', path: ['bonus', 'rules', ...path], input: amountUsd, message });
    }
    if (budgets.perDay['trade-order'] !== undefined) return;
    context.addIssue({
      code: 'custom',
      path: ['budgets', 'perDay', 'trade-order'],
      input: undefined,
      message: 'It has to be set: no trading without a limit on what the orders of a day come to.',
    });
  })
  .superRefine(({ retainData, purpleFlea }, context) => {
    const real = realServices(purpleFlea);
    if (retainData || real.length === 0) return;
    context.addIssue({
      code: 'custom',
      path: ['retainData'],
      input: retainData,
      message: `It has to be true where money is real (${real.join(', ')}): a ledger that goes with its stacks takes along what was paid.`,
    });
  })
  .meta({ title: 'Stage configuration of purple-flea-pipeline' });

export type Config = z.infer<typeof configSchema>;

/** Configuration that does not fit; the message has one line a problem: path, value, and what is allowed. */
export class InvalidConfigError extends Error {
  override readonly name = 'InvalidConfigError';
}

/**
 * Reads and checks `config/<stage>.json`.
 *
 * @throws InvalidConfigError where the stage has no file, the file does not fit the schema, or it is about another stage.
 */
export function loadConfig(stage: string, folder: URL = CONFIG_FOLDER): Config {
  const path = new URL(`${stage}.json`, folder);
  if (stage === 'schema' || !STAGE_NAME.test(stage) || !existsSync(path)) {
    const fix = STAGE_NAME.test(stage) ? `copy one to config/${stage}.json and set its "stage"` : 'check the spelling';
    throw new InvalidConfigError(`-c stage=${stage}: there is no such stage; there are ${STAGES.join(', ')}; ${fix}`);
  }
  const file = `config/${stage}.json`;
  const config = parseConfigText(readFileSync(path, 'utf8'), file);
  if (config.stage !== stage) throw new InvalidConfigError(describeOtherStage(file, config.stage, stage));
  return config;
}

/** Checks the text of one configuration; `file` names it in messages. */
export function parseConfigText(text: string, file: string): Config {
  const problem = findJsonProblem(text);
  if (problem !== undefined) throw new InvalidConfigError(`${file} is not JSON: ${problem}`);
  return parseConfig(JSON.parse(text), file);
}

/** A copy that still has the name of what it was copied from would be deployed over it. */
function describeOtherStage(file: string, found: string, expected: string): string {
  return `${file} is not a valid configuration:\n  stage: got "${found}"; allowed: the name of the file. Set it to "${expected}"; as it is, this would be deployed over stage ${found}.`;
}

/** Checks one configuration; `file` names it in messages. */
export function parseConfig(value: unknown, file: string): Config {
  const rewritten = rewriteFormerBonus(value);
  if (rewritten !== undefined) {
    const advice =
      'bonus has the form of version 0.1. Put this in its place, with its own values; check direction and plausible, which are guesses. Without gate and guard a person approves, and silence pays nobody';
    throw new InvalidConfigError(`${file} is not a valid configuration: ${advice}:\n  ${rewritten}`);
  }
  const parsed = configSchema.safeParse(value, { reportInput: true });
  const issues = parsed.success ? findContradictions(parsed.data).map(toIssue) : parsed.error.issues;
  if (parsed.success && issues.length === 0) return parsed.data;
  const lines = issues.flatMap((issue) => describeIssue(issue, value, configSchema));
  throw new InvalidConfigError([`${file} is not a valid configuration:`, ...lines].join('\n'));
}

function toIssue({ path, input, message }: Contradiction): z.core.$ZodIssue {
  return { code: 'custom', path: [...path], input, message };
}

/** The JSON Schema of a stage's file, for editors. */
export function configJsonSchema(): object {
  return z.toJSONSchema(configSchema, { io: 'input' });
}
