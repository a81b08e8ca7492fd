import * as z from 'zod';

const seconds = z.number().nonnegative();
const how = z.enum(['reset', 'hang']).default('reset');
const NO_RETRY_AFTER = 'expected a number of seconds or an HTTP date';
const retryAfter = z.union(
  [z.int().nonnegative(), z.string().refine((text) => !Number.isNaN(Date.parse(text)), NO_RETRY_AFTER)],
  { error: NO_RETRY_AFTER },
);

/** What can be wrong with the answer to a request, or with what it does. */
const faults = [
  z.strictObject({ fault: z.literal('applied-answer-lost'), how }),
  z.strictObject({ fault: z.literal('answer-lost'), how }),
  z.strictObject({ fault: z.literal('applied-late'), afterSeconds: seconds.default(15) }),
  z.strictObject({ fault: z.literal('error-500-applied') }),
  z.strictObject({ fault: z.literal('error-500') }),
  z.strictObject({ fault: z.literal('error-400-applied'), code: z.string().min(1).optional() }),
  z.strictObject({ fault: z.literal('rate-limited'), retryAfter: retryAfter.optional() }),
  z.strictObject({ fault: z.literal('malformed') }),
  z.strictObject({ fault: z.literal('truncated') }),
  z.strictObject({ fault: z.literal('wrong-id') }),
  z.strictObject({ fault: z.literal('wrong-amount') }),
  z.strictObject({ fault: z.literal('slow-body'), bytesPerSecond: z.number().positive().default(10) }),
  z.strictObject({ fault: z.literal('reset') }),
  z.strictObject({ fault: z.literal('stale-list'), secondsAgo: seconds.default(60) }),
  z.strictObject({ fault: z.literal('short-list'), rows: z.int().nonnegative().default(0) }),
  z.strictObject({ fault: z.literal('stuck-funded') }),
] as const;

const faultSchema = z.discriminatedUnion('fault', faults, {
  error: `fault must be one of ${faults.map(({ shape }) => shape.fault.value).join(', ')}`,
});

/** One fault with its parameters. */
export type Fault = z.output<typeof faultSchema>;

const firingSchema = z.object({
  route: z
    .string()
    .regex(/^(?:GET|POST|PUT|DELETE) \/\S+$/, 'expected a method and a path such as "POST /escrow/release/:id"')
    .refine((route) => !/^\w+ \/(?:_twin|endpoints)\//.test(route), 'only routes of Purple Flea can have faults'),
  count: z.int().positive().nullable().default(1),
  probability: z.number().min(0).max(1).default(1),
  seed: z.int().default(1),
});

/** When a fault happens, and which. */
export type FaultRule = z.output<typeof firingSchema> & { readonly fault: Fault };

/**
 * Reads a rule as `POST /_twin/faults` takes it.
 *
 * @returns the rule, or what is wrong with it: a field and what it takes.
 */
export function readFaultRule(body: Readonly<Record<string, unknown>>): FaultRule | readonly string[] {
  const { route, count, probability, seed, ...rest } = body;
  const firing = firingSchema.safeParse({ route, count, probability, seed });
  const fault = faultSchema.safeParse(rest);
  const issues = [firing, fault].flatMap(({ error }) => error?.issues ?? []);
  if (!firing.success || !fault.success) {
    return issues.map(({ path, message }) =>
      path.length === 0 || path[0] === 'fault' ? message : `${path.join('.')}: ${message}`,
    );
  }
  const misplaced = misplacement(fault.data, firing.data.route);
  return misplaced === undefined ? { ...firing.data, fault: fault.data } : [misplaced];
}

/** Why a fault and a route do not go together, if they do not. */
function misplacement({ fault }: Fault, route: string): string | undefined {
  if (fault === 'stuck-funded' && !/^POST \/escrow\/release\/[^/]+$/.test(route)) {
    return 'fault: stuck-funded goes with the route "POST /escrow/release/:id" alone';
  }
  if ((fault === 'stale-list' || fault === 'short-list') && !route.startsWith('GET ')) {
    return `fault: ${fault} goes with a GET of a list, such as "GET /escrow/list"`;
  }
  return undefined;
}
