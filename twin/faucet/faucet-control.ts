import { Hono } from 'hono';
import * as z from 'zod';
import { checkedBody } from '../checked-body.ts';
import { bodyObject, Refusal, type TwinEnv } from '../request.ts';
import type { World } from '../world/world.ts';
import { limitsAddresses, setAddressLimit, setStanding, standingOf } from './faucet-book.ts';

const rulesSchema = z.strictObject({ limitAddresses: z.boolean() });
const standingSchema = z.strictObject({
  everyHours: z.number().positive().nullable().optional(),
  hasDeposits: z.boolean().optional(),
});

/** To whom the faucet gives, and how often. */
export function faucetControlRoutes(world: World): Hono<TwinEnv> {
  const routes = new Hono<TwinEnv>();

  routes.put('/_twin/faucet', (c) => {
    const { limitAddresses } = checkedBody(rulesSchema, bodyObject(c), '{"limitAddresses": true}');
    setAddressLimit(world, limitAddresses);
    return c.json({ limitAddresses: limitsAddresses(world) });
  });

  routes.put('/_twin/faucet/:agentId', (c) => {
    const id = c.req.param('agentId');
    if (world.agents.get(id) === undefined) throw new Refusal(404, 'NOT_FOUND', `No agent found with ID ${id}`);
    const before = standingOf(world, id);
    const { everyHours = before.everyHours, hasDeposits = before.hasDeposits } = checkedBody(
      standingSchema,
      bodyObject(c),
      '{"everyHours": 24}',
    );
    setStanding(world, { id, everyHours, hasDeposits });
    return c.json({ agent_id: id, everyHours, hasDeposits });
  });

  return routes;
}
