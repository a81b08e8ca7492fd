import { Hono } from 'hono';
import { bodyObject, invalidRequest, type TwinEnv } from '../request.ts';
import { isoOf } from '../world/clock.ts';
import { readFaultRule, type FaultRule } from './fault.ts';
import type { FaultPlan } from './fault-plan.ts';
import type { LateOutcome, LateRequests } from './late-requests.ts';

const EXAMPLE = '{"route": "POST /escrow/create", "fault": "applied-answer-lost"}';

/** Asking for faults, and seeing what came of it. */
export function faultRoutes(plan: FaultPlan, late: LateRequests): Hono<TwinEnv> {
  const routes = new Hono<TwinEnv>();

  routes.post('/_twin/faults', (c) => {
    const rule = checkedRule(bodyObject(c));
    plan.add(rule);
    return c.json(shown(rule, 0), 201);
  });

  routes.get('/_twin/faults', (c) =>
    c.json({
      faults: plan.list().map(({ rule, fired }) => shown(rule, fired)),
      late_requests: late.list().map(shownLate),
    }),
  );

  routes.delete('/_twin/faults', (c) => {
    plan.clear();
    late.clear();
    return c.json({ faults: [], late_requests: [] });
  });

  return routes;
}

function checkedRule(body: Record<string, unknown>): FaultRule {
  const rule = readFaultRule(body);
  if ('route' in rule) return rule;
  throw invalidRequest(`${rule.join('; ')}. Send for example ${EXAMPLE}`);
}

function shown({ fault, ...firing }: FaultRule, fired: number): Record<string, unknown> {
  return { ...firing, ...fault, fired };
}

/** The body is left out: it is in the log of calls. The headers hold a key. */
function shownLate({ request, status }: LateOutcome): Record<string, unknown> {
  return { method: request.method, path: new URL(request.url).pathname, at: isoOf(request.at), status };
}
