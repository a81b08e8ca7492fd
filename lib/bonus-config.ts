import * as z from 'zod';
import { DIRECTIONS } from '../src/escrow/bonus-rules.ts';
import { parseUsd } from '../src/money.ts';
import { findConflicts } from './bonus-conflicts.ts';
import { agentId, escrowAmount, gate, guard, isAmount, SAFE_GUARD, timeoutHours } from './config-parts.ts';

/** SageMaker's alphabet for tags. */
const TAG = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

const jobs = z
  .strictObject({
    tag: z
      .strictObject({ key: z.string().min(1).max(128).regex(TAG), value: z.string().max(256).regex(TAG) })
      .optional()
      .meta({ description: 'Jobs with this tag. All rules by tag name one key, since a job may have several.' }),
    prefix: z
      .string()
      .regex(/^[a-zA-Z0-9][a-zA-Z0-9-]{0,62}$/)
      .optional()
      .meta({ description: 'Start of the job names.' }),
    pattern: z
      .string()
      .regex(/^(?!.*\*\*)(\*|(?=.*\*.)[a-zA-Z0-9*][a-zA-Z0-9*-]{0,62})$/)
      .optional()
      .meta({
        description: 'Job names, with * for any characters: every job is "*", and what only ends in * is a prefix.',
        examples: ['pipelines-*-TrainChurn-*'],
      }),
  })
  .refine((one) => Object.values(one).filter((value) => value !== undefined).length === 1, {
    error: 'give one of tag, prefix, pattern',
  })
  .meta({ description: 'Which training jobs it is for. The most exact rule wins: tag, longest prefix, pattern.' });

const tier = z.strictObject({
  beyond: z.number().meta({ description: 'The metric has to be strictly better than this.' }),
  amountUsd: escrowAmount,
});

const rule = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,29}$/)
      .meta({ description: 'Stands in events and logs; lower case, digits and -, up to 30.' }),
    jobs,
    metric: z.string().min(1).max(255).meta({ description: 'Final metric that the bonus goes by.' }),
    direction: z.enum(DIRECTIONS).meta({ description: 'Whether higher or lower values are better.' }),
    plausible: z
      .strictObject({ min: z.number(), max: z.number() })
      .refine(({ min, max }) => min < max, { error: 'min has to be less than max' })
      .meta({
        description:
          'Values that the metric can have, such as 0 to 1 for a share. Outside them nothing is paid and an alarm is raised: it may be in per cent.',
      }),
    tiers: z.array(tier).min(1).max(20).meta({ description: 'The best tier that is passed counts.' }),
    payee: agentId.meta({ description: 'Registered agent that is paid.' }),
    timeoutHours,
    gate: gate.default({ mode: 'person' }).meta({
      description: 'What turns a delivery into a release or a dispute; a person approves if left out.',
    }),
    guard: guard.default(SAFE_GUARD),
  })
  .superRefine(({ direction, plausible, tiers }, context) => {
    for (const { index, field, message } of findBadTiers(direction, plausible, tiers)) {
      const input = tiers[index]?.[field];
      context.addIssue({ code: 'custom', path: ['tiers', index, field], input, message });
    }
  });
type Rule = z.infer<typeof rule>;

/** Training jobs that earn a bonus escrow. A stage's `bonus`. */
export const bonus = z
  .strictObject({
    rules: z
      .array(rule)
      .max(50)
      .superRefine((rules, context) => {
        for (const { path, input, message } of findConflicts(rules)) {
          context.addIssue({ code: 'custom', path: [...path], input, message });
        }
      })
      .meta({ description: 'Which job earns what, and for whom; no rule, no bonus.' }),
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
  .superRefine(({ rules, endpoints }, context) => {
    if (rules.length > 0 || endpoints.length === 0) return;
    const message = 'No job earns a bonus that they could deliver: write a rule in bonus.rules, or leave them out.';
    context.addIssue({ code: 'custom', path: ['endpoints'], input: endpoints, message });
  })
  .meta({ description: 'Training jobs that earn a bonus escrow.' });

interface BadTier {
  readonly index: number;
  readonly field: 'beyond' | 'amountUsd';
  readonly message: string;
}

/** Tiers that can never be passed, are always passed, are there twice, or pay less than a worse one. */
function findBadTiers(
  direction: Rule['direction'],
  { min, max }: Rule['plausible'],
  tiers: Rule['tiers'],
): readonly BadTier[] {
  if (min >= max) return [];
  const sign = direction === 'higher' ? 1 : -1;
  const single = (tierOf: Rule['tiers'][number]) => sign * Math.fround(tierOf.beyond);
  return tiers.flatMap((one, index): BadTier[] => {
    const isReachable = direction === 'higher' ? one.beyond < max : one.beyond > min;
    if (one.beyond < min || one.beyond > max || !isReachable) {
      const wanted =
        direction === 'higher' ? `at least ${min} and less than ${max}` : `more than ${min} and at most ${max}`;
      return [
        { index, field: 'beyond', message: `It has to be plausible, and passed by something plausible: ${wanted}.` },
      ];
    }
    if (tiers.findIndex((other) => single(other) === single(one)) !== index) {
      return [{ index, field: 'beyond', message: 'Each tier is there once, in the single precision of SageMaker.' }];
    }
    const worse = tiers.filter((other) => single(other) < single(one));
    const paysMore = [one, ...worse].every(({ amountUsd }) => isAmount(amountUsd))
      ? worse.every(({ amountUsd }) => parseUsd(amountUsd) < parseUsd(one.amountUsd))
      : true;
    if (paysMore) return [];
    const worst = worse.map(({ beyond }) => beyond).join(', ');
    return [{ index, field: 'amountUsd', message: `A better tier has to pay more than the worse ones (${worst}).` }];
  });
}

/** Tiers of more than a day's budget, which no day could ever pay. */
export function findUnpayable(
  rules: readonly Rule[],
  budgets: {
    readonly perDay: { readonly 'escrow-create'?: string | undefined };
    readonly perAgentAndDay: { readonly 'escrow-create'?: string | undefined };
  },
): readonly { path: readonly (string | number)[]; amountUsd: string; message: string }[] {
  const limits = (['perAgentAndDay', 'perDay'] as const).flatMap((name) => {
    const limit = budgets[name]['escrow-create'];
    return limit === undefined || !isAmount(limit) || parseUsd(limit) === 0n ? [] : [{ name, limit }];
  });
  return rules.flatMap(({ tiers }, index) =>
    tiers.flatMap(({ amountUsd }, position) => {
      const beaten = limits.find(({ limit }) => isAmount(amountUsd) && parseUsd(amountUsd) > parseUsd(limit));
      if (beaten === undefined) return [];
      const message = `It has to be at most budgets.${beaten.name}.escrow-create (${beaten.limit}), or no day could pay it.`;
      return [{ path: [index, 'tiers', position, 'amountUsd'], amountUsd, message }];
    }),
  );
}
