import { readFileSync } from 'node:fs';
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
import { realServices } from './loopback.ts';
import { modelPackages } from './package-config.ts';
import { inferences, predictors } from './predictor-config.ts';

/** Stages that have a file in `config/`. */
export const STAGES = ['local', 'dev', 'prod'] as const;
export type Stage = (typeof STAGES)[number];

/** Orders on paper have the budgets of real ones. */
const OUTFLOWS = EFFECT_KINDS.filter((kind) => EFFECT_NATURE[kind] === 'outflow' && kind !== 'paper-order');
const budget = z.partialRecord(z.enum(OUTFLOWS), usd('0.01', '999999.00'));

const unitInterval = z.number().min(0).max(1);

/** One per cent. */
const DOCUMENTED_FEE_BASIS_POINTS = 100;

const service = z
  .strictObject({
    baseUrl: z
      .url({ protocol: /^https?$/ })
      .regex(/[^/]$/)
      .max(200)
      .meta({ description: 'Where the service is; http or https, without a slash at the end.' }),
    profile: z.enum(PROFILES).meta({ description: 'The dialect of the API spoken there.' }),
  })
  .meta({ description: 'One service of Purple Flea.' });

/** `rate` of a day or more, or `cron` at one minute of one hour: a period is one escrow, and a slip is not a hundred. */
const AT_MOST_DAILY =
  /^(rate\((1 day|([2-9]|[1-9]\d{1,2}) days|(2[4-9]|[3-9]\d|[1-9]\d{2}) hours)\)|cron\(([0-5]?\d) ([01]?\d|2[0-3]) \S+ \S+ \S+ \S+\))$/;

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
        'Once a day at most, in UTC: rate(...) in days or from 24 hours, or cron(...) of one minute and hour.',
      examples: ['cron(0 6 ? * MON *)', 'rate(7 days)'],
    }),
});

const orderAmount = usd('1.01', ORDER_LIMITS.maxAmountUsd);
const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/);

const market = z.strictObject({
  asset: z
    .string()
    .regex(/^[\w./:-]{1,40}$/)
    .meta({ description: 'As predictions and alerts name it.' }),
  maxExposureUsd: usd('1.01', '999999.00').meta({
    description:
      'The most that its open positions may come to with the next order, longs less shorts, on either side, notional. What makes them smaller may always go out.',
  }),
  hours: z
    .strictObject({
      days: z.array(z.int().min(1).max(7)).min(1).max(7).meta({ description: 'ISO weekdays: Monday is 1.' }),
      from: clock.meta({ description: 'HH:MM.' }),
      until: clock.meta({ description: 'HH:MM, later on the same day; at it the market is closed.' }),
      timeZone: z
        .string()
        .refine((zone) => Intl.supportedValuesOf('timeZone').includes(zone) || zone === 'UTC')
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
    stage: z.enum(STAGES).meta({ description: 'Goes into the names of stacks and functions.' }),
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
    secretName: z
      .string()
      .regex(/^[\w/+=.@-]{1,200}$/)
      .meta({ description: 'Name of the secret with the Purple Flea key. Each stage of one account needs its own.' }),
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
        pacePercent: z.int().min(25).max(100).default(100).meta({
          description:
            "The part of the service's limits that this stage's calls may take, where others call with the same key or from the same address.",
        }),
      })
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
 * @throws InvalidConfigError where the stage has no file or the file does not fit the schema.
 */
export function loadConfig(stage: string): Config {
  if (!isStage(stage)) {
    throw new InvalidConfigError(`-c stage=${stage}: there is no such stage; allowed: ${STAGES.join(', ')}`);
  }
  const file = `config/${stage}.json`;
  return parseConfig(JSON.parse(readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')), file);
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
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.flatMap((issue) => describeIssue(issue, value));
  throw new InvalidConfigError([`${file} is not a valid configuration:`, ...lines].join('\n'));
}

/** The JSON Schema of a stage's file, for editors. */
export function configJsonSchema(): object {
  return z.toJSONSchema(configSchema, { io: 'input' });
}

function isStage(stage: string): stage is Stage {
  return (STAGES as readonly string[]).includes(stage);
}

function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
}

function describeIssue(issue: z.core.$ZodIssue, config: unknown): string[] {
  const path = formatPath(issue.path);
  const schema = schemaAt(issue.path, config);
  if (issue.code === 'unrecognized_keys') {
    const known = schema === undefined ? 'none' : knownKeys(schema).join(', ');
    return issue.keys.map((key) => `  ${formatPath([...issue.path, key])}: unknown; allowed here: ${known}`);
  }
  const got = issue.input === undefined ? 'is missing' : `got ${JSON.stringify(issue.input)}`;
  const description = schema === undefined ? undefined : z.globalRegistry.get(schema)?.description;
  return [`  ${path}: ${got}; allowed: ${[description, issue.message].filter(Boolean).join(' ')}`];
}

function knownKeys(schema: z.core.$ZodType): readonly string[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return knownKeys(schema.unwrap());
  if (schema instanceof z.ZodObject) return Object.keys(schema.shape);
  if (schema instanceof z.ZodRecord && schema.keyType instanceof z.ZodEnum) return schema.keyType.options.map(String);
  return [];
}

/** The schema of what is at a path; where it depends on the value, as with a gate's mode, that of the value there. */
function schemaAt(path: readonly PropertyKey[], config: unknown): z.core.$ZodType | undefined {
  let current: z.core.$ZodType | undefined = configSchema;
  let value = config;
  for (const part of path) {
    current = current === undefined ? undefined : childOf(optionFor(current, value), part);
    value = fieldOf(value, part);
  }
  return current === undefined || path.length === 0 ? current : optionFor(current, value);
}

/** Of a discriminated union, the option that a value is of; the schema itself where it is none, or the value is of no option. */
function optionFor(schema: z.core.$ZodType, value: unknown): z.core.$ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) {
    const inner = optionFor(schema.unwrap(), value);
    return inner === schema.unwrap() ? schema : inner;
  }
  if (!(schema instanceof z.ZodDiscriminatedUnion)) return schema;
  const { discriminator } = schema.def;
  const kind = fieldOf(value, discriminator);
  const fits = (option: z.core.$ZodType) => {
    const literal = childOf(option, discriminator);
    return literal instanceof z.ZodLiteral && literal.values.has(kind as string);
  };
  return schema.options.find(fits) ?? schema;
}

function childOf(schema: z.core.$ZodType, part: PropertyKey): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return childOf(schema.unwrap(), part);
  if (schema instanceof z.ZodObject) return (schema.shape as Record<PropertyKey, z.core.$ZodType>)[part];
  if (schema instanceof z.ZodArray) return schema.element;
  if (schema instanceof z.ZodRecord) return schema.valueType;
  return undefined;
}

function fieldOf(value: unknown, part: PropertyKey): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[part] : undefined;
}
