import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { formatUsd, parseUsd } from '../src/money.ts';
import { EFFECT_KINDS } from '../src/ledger/effect-key.ts';
import { EFFECT_NATURE } from '../src/ledger/stop.ts';
import { ESCROW_LIMITS } from '../src/purple-flea/escrow.ts';
import { PROFILES } from '../src/purple-flea/service.ts';
import { ORDER_LIMITS } from '../src/purple-flea/trading.ts';

/** Stages that have a file in `config/`. */
export const STAGES = ['local', 'dev', 'prod'] as const;
export type Stage = (typeof STAGES)[number];

const usd = (min: string, max: string) =>
  z
    .string()
    .regex(/^\d{1,6}(\.\d{1,6})?$/)
    .refine((text) => !isAmount(text) || (parseUsd(text) >= parseUsd(min) && parseUsd(text) <= parseUsd(max)))
    .meta({ description: `Decimal USD as a string, ${min} to ${max}.`, examples: ['50.00'] });

const OUTFLOWS = EFFECT_KINDS.filter((kind) => EFFECT_NATURE[kind] === 'outflow');
const budget = z.partialRecord(z.enum(OUTFLOWS), usd('0.01', '999999.00'));

const unitInterval = z.number().min(0).max(1);
const agentId = z.string().min(3).max(100);

const service = z
  .strictObject({
    baseUrl: z
      .url({ protocol: /^https?$/ })
      .regex(/[^/]$/)
      .meta({ description: 'Where the service is; http or https, without a slash at the end.' }),
    profile: z.enum(PROFILES).meta({ description: 'The dialect of the API spoken there.' }),
  })
  .meta({ description: 'One service of Purple Flea.' });

const rule = z
  .strictObject({
    metric: z.string().min(1).max(255).meta({ description: 'A value in `metrics` of escrow.delivered.' }),
    atLeast: z.number().optional().meta({ description: 'The value has to be this or more.' }),
    atMost: z.number().optional().meta({ description: 'The value has to be this or less.' }),
  })
  .refine(({ atLeast, atMost }) => (atLeast === undefined) !== (atMost === undefined), {
    error: 'give either atLeast or atMost',
  })
  .meta({ description: 'When a delivery is good enough.' });

const gate = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('auto'), rule: rule.optional() }),
  z.strictObject({ mode: z.literal('person') }),
  z.strictObject({ mode: z.literal('auto-then-person'), rule }),
]);

const guard = z
  .strictObject({
    alertHours: z.number().min(0.25).max(72).meta({
      description: 'How long before silence moves the money people are told; a quarter of the whole time at most.',
    }),
    default: z.enum(['release', 'dispute', 'let-lapse']).meta({
      description: 'What is done if nobody decides; let-lapse leaves it to the service.',
    }),
  })
  .meta({ description: 'No escrow settles because nobody looked: it is decided before its deadline.' });

const escrowAmount = usd(formatUsd(ESCROW_LIMITS.minAmount), formatUsd(ESCROW_LIMITS.maxAmount));
const timeoutHours = z
  .int()
  .min(ESCROW_LIMITS.minTimeoutHours)
  .max(ESCROW_LIMITS.maxTimeoutHours)
  .meta({ description: 'How long the lock waits for the delivery before it is refunded.' });

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

/**
 * A stage's whole configuration. Every threshold and name the pipeline works with is in here; nothing is secret.
 * `config/schema.json` is generated from it (`npm run config:schema`), so that editors complete and check the files.
 */
export const configSchema = z
  .strictObject({
    $schema: z.literal('./schema.json'),
    stage: z.enum(STAGES).meta({ description: 'Goes into the names of stacks and functions.' }),
    retainData: z.boolean().meta({
      description: 'Whether tables, keys and the secret outlive the stacks. True wherever the money is real.',
    }),
    secretName: z
      .string()
      .regex(/^[\w/+=.@-]{1,200}$/)
      .meta({ description: 'Name of the secret with the Purple Flea key. One account needs one name a stage.' }),
    alarmEmail: z
      .email()
      .optional()
      .meta({ description: 'Where alarms are mailed; without it, subscribe to the topic yourself.' }),
    purpleFlea: z
      .strictObject({
        escrow: service,
        trading: service,
        wallet: service,
        faucet: service,
        connectTimeoutMs: z.int().min(500).max(10_000).meta({ description: 'From the start to a connection.' }),
        requestTimeoutMs: z
          .int()
          .min(1_000)
          .max(15_000)
          .meta({ description: 'From the start to the last byte; what is late is treated as unknown.' }),
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
    bonus: z
      .strictObject({
        metric: z.string().min(1).max(255).meta({ description: 'Final metric that the bonus goes by.' }),
        tiers: z
          .array(
            z.strictObject({
              above: z.number().meta({ description: 'The metric has to be strictly above this.' }),
              amountUsd: escrowAmount,
            }),
          )
          .min(1)
          .max(20)
          .meta({ description: 'The highest tier passed counts.' }),
        timeoutHours,
        gate: gate.meta({ description: 'What turns a delivery into a release or a dispute.' }),
        guard,
        payees: z
          .array(
            z.strictObject({
              jobNamePrefix: z
                .string()
                .regex(/^[a-zA-Z0-9-]{0,63}$/)
                .meta({ description: 'Start of a training job name; empty matches every job.' }),
              agentId: agentId.meta({ description: 'Registered agent that is paid.' }),
            }),
          )
          .meta({ description: 'Who is paid for which job; the longest matching prefix wins.' }),
        endpoints: z
          .array(
            z
              .string()
              .regex(/^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$/)
              .meta({ description: 'Name of a SageMaker endpoint.' }),
          )
          .max(50)
          .default([])
          .meta({
            description:
              'Endpoints whose going into service delivers the bonus of the training job that their tag purple-flea:training-job names; none if left out.',
          }),
      })
      .meta({ description: 'Training jobs that earn a bonus escrow.' }),
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
        confidenceThreshold: unitInterval.meta({ description: 'Predictions below it are skipped; at it they trade.' }),
        orderSizeUsd: usd('1.01', ORDER_LIMITS.maxAmountUsd),
        leverage: z.int().min(ORDER_LIMITS.minLeverage).max(ORDER_LIMITS.maxLeverage),
        assets: z.array(z.string().min(1).max(40)).meta({ description: 'Assets that may be traded.' }),
        maxAgeSeconds: z.int().min(1).max(86_400).meta({ description: 'Older predictions are skipped as stale.' }),
        predictor: z
          .strictObject({
            endpointName: z
              .string()
              .regex(/^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$/)
              .meta({ description: 'SageMaker endpoint that answers {direction, confidence}.' }),
            asset: z.string().min(1).max(40).meta({ description: 'Asset that the prediction is about.' }),
            features: z
              .record(z.string(), z.number())
              .refine((features) => Object.keys(features).length > 0)
              .meta({ description: 'Features sent to the endpoint, by name; at least one.' }),
            everyMinutes: z
              .int()
              .min(1)
              .max(1440)
              .optional()
              .meta({ description: 'How often the scheduler asks; without it, the function is only invoked by hand.' }),
          })
          .meta({ description: 'The function that asks the model.' }),
      })
      .meta({ description: 'Predictions that become orders.' }),
    webhooks: z
      .strictObject({
        enabled: z.boolean().meta({ description: 'Whether there is a public address that takes webhooks.' }),
      })
      .default({ enabled: false })
      .meta({
        description: 'Webhooks of Purple Flea, which have an escrow looked at before its next look is due.',
      }),
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
  const parsed = configSchema.safeParse(value, { reportInput: true });
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.flatMap((issue) => describeIssue(issue));
  throw new InvalidConfigError([`${file} is not a valid configuration:`, ...lines].join('\n'));
}

/** The JSON Schema of a stage's file, for editors. */
export function configJsonSchema(): object {
  return z.toJSONSchema(configSchema, { io: 'input' });
}

function isStage(stage: string): stage is Stage {
  return (STAGES as readonly string[]).includes(stage);
}

function isAmount(text: string): boolean {
  return /^\d{1,12}(\.\d{1,6})?$/.test(text);
}

function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
}

function describeIssue(issue: z.core.$ZodIssue): string[] {
  const path = formatPath(issue.path);
  if (issue.code === 'unrecognized_keys') {
    const schema = schemaAt(issue.path);
    const known = schema === undefined ? 'none' : knownKeys(schema).join(', ');
    return issue.keys.map((key) => `  ${formatPath([...issue.path, key])}: unknown; allowed here: ${known}`);
  }
  const got = issue.input === undefined ? 'is missing' : `got ${JSON.stringify(issue.input)}`;
  const schema = schemaAt(issue.path);
  const description = schema === undefined ? undefined : z.globalRegistry.get(schema)?.description;
  return [`  ${path}: ${got}; allowed: ${[description, issue.message].filter(Boolean).join(' ')}`];
}

function knownKeys(schema: z.core.$ZodType): readonly string[] {
  if (schema instanceof z.ZodDefault) return knownKeys(schema.unwrap());
  if (schema instanceof z.ZodObject) return Object.keys(schema.shape);
  if (schema instanceof z.ZodRecord && schema.keyType instanceof z.ZodEnum) return schema.keyType.options.map(String);
  return [];
}

function schemaAt(path: readonly PropertyKey[]): z.core.$ZodType | undefined {
  let current: z.core.$ZodType | undefined = configSchema;
  for (const part of path) current = current === undefined ? undefined : childOf(current, part);
  return current;
}

function childOf(schema: z.core.$ZodType, part: PropertyKey): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return childOf(schema.unwrap(), part);
  if (schema instanceof z.ZodObject) return (schema.shape as Record<PropertyKey, z.core.$ZodType>)[part];
  if (schema instanceof z.ZodArray) return schema.element;
  if (schema instanceof z.ZodRecord) return schema.valueType;
  return undefined;
}
