import { Hono } from 'hono';
import * as z from 'zod';
import { formatUsd } from '../../src/money.ts';
import { checkedBody } from '../checked-body.ts';
import { bodyObject, invalidRequest, type TwinEnv } from '../request.ts';
import { isoOf } from '../world/clock.ts';
import type { World } from '../world/world.ts';
import { changePrice } from './order-book.ts';
import { pathPointsSchema, priceAt, pricePath, priceSchema, type PricePath } from './prices.ts';

const priceControlSchema = z
  .strictObject({ price: priceSchema.optional(), path: pathPointsSchema.optional() })
  .refine(({ price, path }) => (price === undefined) !== (path === undefined), {
    error: 'expected either price or path',
  });
const EXAMPLE = '{"price": "65000.00"} or {"path": [{"afterSeconds": 0, "price": "65000.00"}]}';

/** Looking at the prices, and setting them. */
export function priceControlRoutes(world: World): Hono<TwinEnv> {
  const routes = new Hono<TwinEnv>();

  routes.get('/_twin/prices', (c) => {
    const prices = [...world.prices.values()].map((path) => showPath(path, c.get('now')));
    return c.json({ prices });
  });

  routes.put('/_twin/prices/:asset', (c) => {
    const now = c.get('now');
    const asset = c.req.param('asset');
    if (!/^[A-Z0-9]{1,12}-USDC$/.test(asset)) throw invalidRequest('asset must be a name such as BTC-USDC.');
    const points = readPoints(bodyObject(c));
    const path = pricePath(asset, points, now);
    changePrice(world, path, now);
    return c.json(showPath(path, now));
  });

  return routes;
}

function readPoints(body: unknown): z.output<typeof pathPointsSchema> {
  const { price, path } = checkedBody(priceControlSchema, body, EXAMPLE);
  return path ?? (price === undefined ? [] : [{ afterSeconds: 0, price }]);
}

function showPath(path: PricePath, now: Date): Record<string, unknown> {
  return {
    asset: path.id,
    price: formatUsd(priceAt(path, now.getTime())),
    since: isoOf(path.since),
    path: path.points.map(({ at, price }) => ({ at: isoOf(at), price: formatUsd(price) })),
  };
}
