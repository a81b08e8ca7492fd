import * as z from 'zod/mini';
import { guardSchema, requestedGateSchema } from '../escrow/gate.ts';
import { escrowAmountSchema, timeoutHoursSchema } from '../escrow/lifecycle-input.ts';

/**
 * What names a request. A slash is only taken before the time of a subscription's period, and a colon not in a milestone's
 * name: so `id/name` and `id` are never the same text for two different escrows.
 */
export const requestIdSchema = z.string().check(
  z.regex(/^[A-Za-z0-9][\w.:-]{0,99}(\/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)?$/, {
    error: 'expected 1 to 100 of A-Z a-z 0-9 _ . : -, the first a letter or digit',
  }),
);

/** What names a milestone within its request. */
export const milestoneNameSchema = z.string().check(
  z.regex(/^[A-Za-z0-9][\w.-]{0,39}$/, {
    error: 'expected 1 to 40 of A-Z a-z 0-9 _ . -, the first a letter or digit',
  }),
);

/** So much fits before the service's own limit, behind the client reference. */
const description = z.string().check(z.minLength(1), z.maxLength(200));
const text = z.string({ error: 'expected decimal USD as text, such as "50.00"' });
const amountUsd = z.pipe(
  z.pipe(
    text,
    z.transform((amount): string | number => amount),
  ),
  escrowAmountSchema,
);

/** Nothing else is taken: a field that is misspelt would be a wish that nobody reads. */
function only<Shape extends z.core.$ZodShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `unknown: ${issue.keys.join(', ')}; allowed: ${Object.keys(shape).join(', ')}`
        : undefined,
  });
}

const milestone = only({
  name: milestoneNameSchema,
  amountUsd,
  /** What is to be delivered; that of the request and the name if left out. */
  description: z.optional(description),
  /** That of the request if left out. */
  timeoutHours: z.optional(timeoutHoursSchema),
});

/** Detail of `escrow.requested` on the app's bus: somebody is to be paid for something, at once or by milestones. */
export const escrowRequestedSchema = only({
  /** The same id is the same request, however often it is sent. */
  requestId: requestIdSchema,
  /** When it was asked for (ISO 8601). Signals said before it are about something older. */
  requestedAt: z.iso.datetime({ offset: true }),
  /** Who is paid. */
  counterpartyAgentId: z.string().check(z.minLength(3), z.maxLength(100)),
  /** Public text for the counterparty. */
  description,
  /** How long a lock waits for its delivery. */
  timeoutHours: timeoutHoursSchema,
  /** Decimal USD, 1.00 to 10,000.00. */
  amountUsd: z.optional(amountUsd),
  /** One escrow each. */
  milestones: z.optional(
    z.array(milestone).check(
      z.minLength(1),
      z.maxLength(20),
      z.refine((all) => new Set(all.map(({ name }) => name)).size === all.length, {
        error: 'each needs a name of its own',
      }),
    ),
  ),
  /** The stage's if left out. */
  gate: z.optional(requestedGateSchema),
  guard: z.optional(guardSchema),
}).check(
  z.refine((detail) => (detail.amountUsd === undefined) !== (detail.milestones === undefined), {
    message: 'give either amountUsd or milestones',
    path: ['amountUsd'],
  }),
);
export type EscrowRequested = z.infer<typeof escrowRequestedSchema>;

/** The same as it is sent. */
export type EscrowRequestedDetail = z.input<typeof escrowRequestedSchema>;
