import * as z from 'zod';
import { DEFAULT_DECISIONS, METRIC_NAME } from '../src/escrow/gate.ts';
import { formatUsd, parseUsd } from '../src/money.ts';
import { ESCROW_LIMITS } from '../src/purple-flea/escrow.ts';

/** Whether a text can be read as an amount: checks across fields skip what its own check refuses. */
export function isAmount(text: string): boolean {
  return /^\d{1,12}(\.\d{1,6})?$/.test(text);
}

/** An amount of a stage's file. */
export const usd = (min: string, max: string) =>
  z
    .string()
    .regex(/^\d{1,6}(\.\d{1,6})?$/)
    .refine((text) => !isAmount(text) || (parseUsd(text) >= parseUsd(min) && parseUsd(text) <= parseUsd(max)), {
      error: `${min} to ${max}`,
    })
    .meta({ description: `Decimal USD as a string, ${min} to ${max}.`, examples: ['50.00'] });

/** Ids are in lines that people get: no blanks, quotes, or what they would have to be escaped for. */
export const agentId = z.string().regex(/^[\w.:@-]{3,100}$/, { error: '3 to 100 letters, digits and _ . : @ -' });

const rule = z
  .strictObject({
    metric: z.string().regex(METRIC_NAME).meta({ description: 'A value in `metrics` of escrow.delivered.' }),
    atLeast: z.number().optional().meta({ description: 'The value has to be this or more.' }),
    atMost: z.number().optional().meta({ description: 'The value has to be this or less.' }),
  })
  .refine(({ atLeast, atMost }) => (atLeast === undefined) !== (atMost === undefined), {
    error: 'give either atLeast or atMost',
  })
  .meta({ description: 'When a delivery is good enough.' });

/** What turns a delivery into a release or a dispute. */
export const gate = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('auto'), rule: rule.optional() }),
  z.strictObject({ mode: z.literal('person') }),
  z.strictObject({ mode: z.literal('auto-then-person'), rule }),
]);

const decision = z.enum(DEFAULT_DECISIONS);

/** What happens before silence moves the money. */
export const guard = z
  .strictObject({
    alertHours: z.number().min(0.25).max(72).meta({
      description: 'How long before silence moves the money people are told; a quarter of the whole time at most.',
    }),
    default: z
      .union([
        decision,
        z.strictObject({
          locked: decision.meta({ description: 'Silence refunds it.' }),
          completed: decision.meta({ description: 'Silence pays it: let-lapse is a payment.' }),
        }),
      ])
      .meta({
        description:
          'What is done if nobody decides: release, dispute or let-lapse, or one each for locked and completed. let-lapse leaves it to the service, which refunds what is locked and pays what is completed.',
      }),
  })
  .meta({ description: 'No escrow settles because nobody looked: it is decided before its deadline.' });

/** Silence pays nobody: a completed escrow is disputed, and a locked one goes back. */
export const SAFE_GUARD = {
  alertHours: 2,
  default: { locked: 'let-lapse', completed: 'dispute' },
} satisfies z.input<typeof guard>;

export const escrowAmount = usd(formatUsd(ESCROW_LIMITS.minAmount), formatUsd(ESCROW_LIMITS.maxAmount));
export const timeoutHours = z
  .int()
  .min(ESCROW_LIMITS.minTimeoutHours)
  .max(ESCROW_LIMITS.maxTimeoutHours)
  .meta({ description: 'How long the lock waits for the delivery before it is refunded.' });
