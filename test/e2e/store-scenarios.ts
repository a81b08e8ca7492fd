import type { Reservation } from '../../src/ledger/budgets.ts';
import type { ClaimTerms, Ending, Intent, OrderStore, NewIntent } from '../../src/ledger/intent.ts';
import type { TakeResult, TakeTerms } from '../../src/ledger/order-claim.ts';
import { parseUsd } from '../../src/money.ts';
import { afterNoon, aNewIntent, aNewSkip, MINUTE, NOON } from '../support/effects.ts';

/** Something that is done with a ledger, and all that it answers. Every scenario uses keys and budgets of its own. */
export interface StoreScenario {
  readonly title: string;
  readonly play: (intents: OrderStore) => Promise<unknown>;
}

const NOTHING: ClaimTerms = { reservations: [] };

function reserving(budget: string, limitUsd: string, amountUsd = '50.00'): Reservation {
  return { budget, amount: parseUsd(amountUsd), limit: parseUsd(limitUsd) };
}

/** Writes an intent and claims it for `owner`. */
async function claimed(
  intents: OrderStore,
  intent: NewIntent,
  terms: ClaimTerms = NOTHING,
  at = NOON,
): Promise<Pick<Intent, 'key' | 'state' | 'fence' | 'owner'>> {
  await intents.prepare(intent, at);
  const claim = { key: intent.key, owner: 'owner', fence: 1 };
  const { kind } = await intents.claim(claim, terms, at);
  if (kind !== 'claimed') throw new Error(`the claim is ${kind}`);
  return { ...claim, state: 'sending' };
}

const MARKET = { kind: 'trade-order', agentId: 'ag_sender', payee: 'BTC-USDC' } as const;

/** Takes an order of its own budget, in its own market. */
function take(
  intents: OrderStore,
  subject: string,
  { at = NOON, ...terms }: Partial<TakeTerms> & { readonly at?: Date } = {},
): Promise<TakeResult> {
  const order = aNewIntent({ kind: 'trade-order', subject, payee: 'BTC-USDC' });
  const reservations = [reserving(`${subject === 'straight' ? 'orders' : subject}/2026-03-06`, '100.00')];
  const lock = `market/ag_sender/${subject}`;
  return intents.take(order, { owner: 'owner', until: afterNoon(2 * MINUTE), reservations, lock, ...terms }, at);
}

const UNKNOWN: Ending = { state: 'unknown', note: 'the answer was lost' };
const BACK: Ending = { state: 'prepared', note: 'not sent' };

export const STORE_SCENARIOS: readonly StoreScenario[] = [
  {
    title: 'an intent that is prepared twice is the first one',
    play: async (intents) => {
      const intent = aNewIntent({ subject: 'prepared twice' });
      return [
        await intents.read(intent.key),
        await intents.prepare(intent, NOON),
        await intents.prepare({ ...intent, requestBody: '{"amount_usd":1.00}' }, afterNoon(MINUTE)),
        await intents.read(intent.key),
      ];
    },
  },
  {
    title: 'what is skipped is written once, keeps what was written first, is listed and may be paid by another try',
    play: async (intents) => {
      const skip = aNewSkip({ subject: 'skipped' });
      const first = await intents.skip(skip, NOON);
      const again = await intents.skip({ ...skip, note: 'another reason' }, afterNoon(MINUTE));
      const prepared = await intents.prepare(aNewIntent({ subject: 'skipped' }), afterNoon(MINUTE));
      const known = await intents.prepare(aNewIntent({ subject: 'known before' }), NOON);
      const late = await intents.skip(aNewSkip({ subject: 'known before' }), NOON);
      const listed = await intents.listSince('skipped', NOON, 10);
      const paid: Ending = { state: 'skipped', note: 'paid by hand', retriedAs: 'the next key' };
      const moved = await intents.move(first.intent, paid, afterNoon(2 * MINUTE));
      return [first, again, prepared, known, late, listed.intents.map(({ key }) => key), moved];
    },
  },
  {
    title: 'an intent that is prepared twenty times at once is there once',
    play: async (intents) => {
      const intent = aNewIntent({ subject: 'prepared at once' });
      const written = await Promise.all(Array.from({ length: 20 }, () => intents.prepare(intent, NOON)));
      return new Set(written.map((one) => JSON.stringify(comparable(one)))).size;
    },
  },
  {
    title: 'a wait is noted once, while it is prepared, and stays through an attempt that did not go out',
    play: async (intents) => {
      const intent = await intents.prepare(aNewIntent({ subject: 'a wait' }), NOON);
      const wait = (waits: number, minutes: number) =>
        ({ notBefore: afterNoon(minutes * MINUTE).toISOString(), waits, waitsFor: 'stop' }) as const;
      const first = await intents.postpone(intent, wait(1, 1), 'halted', afterNoon(1));
      const answers = [
        comparable(first),
        comparable(await intents.postpone(intent, wait(1, 9), 'too late', afterNoon(2))),
        comparable(await intents.postpone(first, wait(2, 2), 'halted still', afterNoon(3))),
      ];
      const claim = { key: intent.key, owner: 'owner', fence: 1 };
      await intents.claim(claim, NOTHING, afterNoon(4));
      answers.push(comparable(await intents.postpone({ ...first, waits: 2 }, wait(3, 3), 'no', afterNoon(5))));
      const back = { ...BACK, wait: wait(3, 3) };
      return [...answers, comparable(await intents.move({ ...claim, state: 'sending' }, back, afterNoon(6)))];
    },
  },
  {
    title: 'of twenty claims at once one is granted',
    play: async (intents) => {
      const { key } = await intents.prepare(aNewIntent({ subject: 'a race' }), NOON);
      const claims = Array.from({ length: 20 }, (_, index) =>
        intents.claim({ key, owner: `owner-${index}`, fence: 1 }, NOTHING, NOON),
      );
      const kinds = (await Promise.all(claims)).map(({ kind }) => kind);
      const stored = await intents.read(key);
      return [kinds.toSorted(), stored?.state, stored?.fence, stored?.sentAt, stored?.history];
    },
  },
  {
    title: 'a claim with another fence is lost, and one that is made again by its owner is granted',
    play: async (intents) => {
      const { key } = await intents.prepare(aNewIntent({ subject: 'fences' }), NOON);
      const claim = (fence: number, owner = 'owner') => intents.claim({ key, owner, fence }, NOTHING, NOON);
      return [await claim(2), await claim(1), await claim(1), await claim(1, 'another'), await intents.read(key)];
    },
  },
  {
    title: 'claims take of a budget until it has too little left, and what is too large for it at once is refused',
    play: async (intents) => {
      const results = [];
      for (const [subject, amountUsd] of [
        ['first', '50.00'],
        ['second', '49.999999'],
        ['third', '0.000002'],
        ['fourth', '0.000001'],
        ['fifth', '100.000001'],
      ] as const) {
        const { key } = await intents.prepare(aNewIntent({ subject: `budget ${subject}`, amountUsd }), NOON);
        const terms = { reservations: [reserving('one/2026-03-06', '100.00', amountUsd)] };
        results.push(await intents.claim({ key, owner: 'owner', fence: 1 }, terms, NOON), await intents.read(key));
      }
      return results;
    },
  },
  {
    title: 'a claim that one of two budgets refuses takes nothing of the other',
    play: async (intents) => {
      const wide = reserving('wide/2026-03-06', '60.00');
      const { key } = await intents.prepare(aNewIntent({ subject: 'two budgets' }), NOON);
      const refused = await intents.claim(
        { key, owner: 'owner', fence: 1 },
        { reservations: [wide, reserving('narrow/2026-03-06', '49.00')] },
        NOON,
      );
      const other = await intents.prepare(aNewIntent({ subject: 'two budgets, another' }), NOON);
      const granted = await intents.claim(
        { key: other.key, owner: 'owner', fence: 1 },
        { reservations: [wide, reserving('narrow/2026-03-06', '50.00')] },
        NOON,
      );
      return [refused, await intents.read(key), granted, await intents.read(other.key)];
    },
  },
  {
    title:
      'of sixty claims at once on a budget for twenty, twenty are granted, and what they give back can be had again',
    play: async (intents) => {
      const subjects = Array.from({ length: 60 }, (_, index) => aNewIntent({ subject: `burst ${index}` }));
      const reservations = [reserving('burst/2026-03-06', '1000.00')];
      await Promise.all(subjects.map((intent) => intents.prepare(intent, NOON)));
      const results = await Promise.all(
        subjects.map(({ key }) => intents.claim({ key, owner: 'owner', fence: 1 }, { reservations }, NOON)),
      );
      const granted = subjects.filter((_, index) => results[index]?.kind === 'claimed');
      for (const { key } of granted)
        await intents.move({ key, state: 'sending', fence: 1, owner: 'owner' }, BACK, NOON);
      const again = [];
      for (const { key } of granted) {
        again.push(await intents.claim({ key, owner: 'owner', fence: 2 }, { reservations }, NOON));
      }
      return [results.map(({ kind }) => kind).toSorted(), again];
    },
  },
  {
    title: 'one intent at a time holds a lock: it is given back by what did not take place, and kept by what did',
    play: async (intents) => {
      const lock = 'settlement/esc_1';
      const release = aNewIntent({ kind: 'escrow-release', subject: 'locked' });
      const dispute = aNewIntent({ kind: 'escrow-dispute', subject: 'locked' });
      const claim = (key: string, fence: number) =>
        intents.claim({ key, owner: 'owner', fence }, { reservations: [], lock }, NOON);
      const sending = await claimed(intents, release, { reservations: [], lock });
      await intents.prepare(dispute, NOON);
      const results: unknown[] = [await claim(dispute.key, 1)];
      await intents.move(sending, BACK, NOON);
      results.push(await claim(dispute.key, 1), await claim(release.key, 2));
      await intents.move({ key: dispute.key, state: 'sending', fence: 1, owner: 'owner' }, UNKNOWN, NOON);
      results.push(await claim(release.key, 2));
      return [...results, await intents.read(release.key), await intents.read(dispute.key)];
    },
  },
  {
    title: 'an order holds the lock of its market while it is in doubt, and frees it once it is known to be filled',
    play: async (intents) => {
      const lock = 'market/ag_sender/BTC-USDC';
      const first = aNewIntent({ kind: 'trade-order', subject: 'first order' });
      const second = aNewIntent({ kind: 'trade-order', subject: 'second order' });
      const sending = await claimed(intents, first, { reservations: [], lock });
      await intents.prepare(second, NOON);
      const claim = () =>
        intents.claim({ key: second.key, owner: 'owner', fence: 1 }, { reservations: [], lock }, NOON);
      const unknown = await intents.move(sending, UNKNOWN, NOON);
      const refused = await claim();
      const applied: Ending = { state: 'applied', note: 'found', result: { orderId: 'ord_1' } };
      return [refused, await intents.move(unknown, applied, NOON), await claim(), await intents.read(second.key)];
    },
  },
  {
    title:
      'an order is taken with its budget and the lock of its market, sent with what was seen, and ended, in one write each',
    play: async (intents) => {
      const taken = await take(intents, 'straight');
      if (taken.kind !== 'claimed') return taken;
      const read = await intents.read(taken.intent.key);
      const sent = await intents.send(taken.intent, { seen: ['pos_1'] }, afterNoon(1));
      const applied: Ending = { state: 'applied', note: 'done', result: { orderId: 'ord_1' } };
      const ended = await intents.end(sent, applied, afterNoon(2));
      const again = await take(intents, 'straight, the next');
      return [
        taken,
        read,
        sent,
        ended,
        await intents.read(taken.intent.key),
        await intents.readLastOrder(MARKET),
        await intents.readUsed('orders/2026-03-06'),
        again,
      ];
    },
  },
  {
    title:
      'a claimed order is taken over with a new fence and a new part of a budget, and whoever had it can neither send nor end it',
    play: async (intents) => {
      const lock = 'market/ag_sender/taken-over';
      const first = await take(intents, 'taken over', { lock });
      if (first.kind !== 'claimed') return first;
      const tomorrow = [reserving('orders/2026-03-07', '100.00', '50.00')];
      const stranger = await take(intents, 'taken over', { lock, owner: 'another' });
      const again = await take(intents, 'taken over', {
        lock,
        owner: 'another',
        known: first.intent,
        reservations: tomorrow,
      });
      return [
        stranger,
        again,
        await take(intents, 'taken over', { lock, owner: 'another', known: first.intent, reservations: tomorrow }),
        await take(intents, 'taken over', { lock, known: first.intent }),
        await intents.send(first.intent, {}, afterNoon(1)),
        await intents.end(first.intent, BACK, afterNoon(2)),
        await intents.readUsed('taken over/2026-03-06'),
        await intents.readUsed('orders/2026-03-07'),
        await intents.read(first.intent.key),
      ];
    },
  },
  {
    title: 'an order that is taken over within a day takes no more of it than before, also where nothing is left',
    play: async (intents) => {
      const lock = 'market/ag_sender/same-day';
      const reservations = [reserving('same day/2026-03-06', '50.00')];
      const first = await take(intents, 'same day', { lock, reservations });
      const known = first.kind === 'claimed' ? first.intent : undefined;
      const again = await take(intents, 'same day', { lock, reservations, known });
      const other = await take(intents, 'same day, another', { lock: `${lock}-2`, reservations });
      return [again, other, await intents.readUsed('same day/2026-03-06')];
    },
  },
  {
    title:
      'a claimed order that is given back, freed or skipped leaves nothing taken, and is not sent by whoever had it',
    play: async (intents) => {
      const results: unknown[] = [];
      const skip = { reason: 'cool-down', rule: 'a-rule', causedAt: NOON.toISOString() };
      for (const [subject, ending] of [
        ['given back', BACK],
        ['skipped', { state: 'skipped', note: 'it rests', skip }],
      ] as const) {
        const lock = `market/ag_sender/${subject}`;
        const taken = await take(intents, subject, { lock });
        if (taken.kind !== 'claimed') return taken;
        results.push(
          await intents.move({ ...taken.intent, fence: 7 }, ending, NOON),
          await intents.end(taken.intent, ending, afterNoon(1)),
          await intents.send(taken.intent, {}, afterNoon(2)),
          await intents.move(taken.intent, BACK, afterNoon(3)),
          await intents.readUsed(`${subject}/2026-03-06`),
          (await intents.readHolder(lock)) ?? null,
        );
      }
      const freed = await take(intents, 'given back, then taken', { lock: 'market/ag_sender/given back' });
      return [...results, freed];
    },
  },
  {
    title: 'a claim of an order is refused by budget or lock as a whole, also one that is larger than its limit',
    play: async (intents) => {
      const lock = 'market/ag_sender/refused';
      const small = [reserving('small/2026-03-06', '49.99')];
      const results = [await take(intents, 'too large', { lock, reservations: small })];
      results.push(await take(intents, 'first', { lock }), await take(intents, 'second', { lock }));
      return [...results, await intents.readUsed('small/2026-03-06'), await intents.readUsed('second/2026-03-06')];
    },
  },
  {
    title: 'what is claimed is listed as that and not as prepared, and the other way round',
    play: async (intents) => {
      const day = 24 * 60 * MINUTE;
      const at = afterNoon(90 * day);
      await intents.prepare(aNewIntent({ subject: 'listed as prepared' }), at);
      await take(intents, 'listed as claimed', { lock: 'market/ag_sender/listed', at });
      const subjects = (list: readonly Intent[]) => list.map(({ cause }) => cause.subject);
      const since = async (state: 'prepared' | 'claimed') => subjects((await intents.listSince(state, at, 10)).intents);
      const before = async (state: 'prepared' | 'claimed') =>
        subjects(await intents.list(state, afterNoon(91 * day), 1000)).filter((name) => name.startsWith('listed as'));
      return [await since('prepared'), await since('claimed'), await before('prepared'), await before('claimed')];
    },
  },
  {
    title: 'of twenty claims of one order at once one is granted, and takes its part once',
    play: async (intents) => {
      const claims = Array.from({ length: 20 }, (_, index) => take(intents, 'at once', { owner: `owner-${index}` }));
      const kinds = (await Promise.all(claims)).map(({ kind }) => kind);
      return [kinds.toSorted(), await intents.readUsed('at once/2026-03-06')];
    },
  },
  {
    title: 'only who holds an intent moves it on, and from the state that it is in',
    play: async (intents) => {
      const sending = await claimed(intents, aNewIntent({ subject: 'moves' }));
      const applied: Ending = {
        state: 'applied',
        note: 'done',
        result: { escrowId: 'esc_1', nested: { fee: '0.50' } },
      };
      return [
        await intents.move({ ...sending, owner: 'another' }, applied, afterNoon(1)),
        await intents.move({ ...sending, fence: 2 }, applied, afterNoon(2)),
        await intents.move({ ...sending, state: 'unknown' }, applied, afterNoon(3)),
        await intents.move(sending, applied, afterNoon(4)),
        await intents.move(sending, UNKNOWN, afterNoon(5)),
      ];
    },
  },
  {
    title: 'what did not take place goes back whole: budget, lock and the first look, and may be claimed again',
    play: async (intents) => {
      const terms = {
        reservations: [reserving('back/2026-03-06', '50.00')],
        lock: 'settlement/esc_2',
        before: { a: 1 },
        ledgerBegan: afterNoon(1).toISOString(),
      };
      const begun = aNewIntent({ subject: 'back', ledgerBegan: NOON.toISOString() });
      const sending = await claimed(intents, begun, terms);
      const unknown = await intents.move(sending, UNKNOWN, NOON);
      const looked = await intents.noteLook(unknown, afterNoon(15 * MINUTE), true);
      const back = await intents.move(looked, BACK, afterNoon(20 * MINUTE));
      const again = await intents.claim({ key: back.key, owner: 'again', fence: 2 }, terms, afterNoon(21 * MINUTE));
      return [unknown, looked, back, again, await intents.read(back.key)];
    },
  },
  {
    title: 'what nobody claimed is rejected without an owner',
    play: async (intents) => {
      const prepared = await intents.prepare(aNewIntent({ subject: 'expired' }), NOON);
      const rejected: Ending = { state: 'rejected', note: 'expired' };
      return [await intents.move(prepared, rejected, afterNoon(1)), await intents.move(prepared, BACK, afterNoon(2))];
    },
  },
  {
    title: 'a decision is kept with who made it',
    play: async (intents) => {
      const sending = await claimed(intents, aNewIntent({ subject: 'decided' }), {
        reservations: [reserving('decided/2026-03-06', '50.00')],
      });
      const manual = await intents.move(sending, { state: 'manual', note: 'nobody can know' }, afterNoon(1));
      const decision = { operator: 'me', evidence: 'a statement', reason: 'it was not paid' };
      return [manual, await intents.move(manual, { state: 'rejected', note: 'decided', decision }, afterNoon(2))];
    },
  },
  {
    title: 'looks are noted of unknown intents alone, and the one that is said to be the first to count is kept',
    play: async (intents) => {
      const sending = await claimed(intents, aNewIntent({ subject: 'looks' }));
      const early = await intents.noteLook(sending, afterNoon(1), true);
      const unknown = await intents.move(sending, UNKNOWN, afterNoon(2));
      return [
        early,
        await intents.noteLook(unknown, afterNoon(3), false),
        await intents.noteLook(unknown, afterNoon(4), true),
        await intents.noteLook(unknown, afterNoon(5), true),
        await intents.noteLook({ ...unknown, fence: 7 }, afterNoon(6), true),
        await intents.noteLook(unknown, afterNoon(7), false),
      ];
    },
  },
  {
    title: 'lists give what is in a state, oldest or newest change first, before a moment and no more than asked for',
    play: async (intents) => {
      const day = 24 * 60 * MINUTE;
      const later = (minutes: number) => afterNoon(30 * day + minutes * MINUTE);
      for (const minute of [3, 1, 2]) {
        const sending = await claimed(intents, aNewIntent({ subject: `listed ${minute}` }), NOTHING, later(0));
        await intents.move(sending, { state: 'manual', note: 'parked' }, later(minute));
        const other = await claimed(intents, aNewIntent({ subject: `applied ${minute}` }), NOTHING, later(0));
        await intents.move(other, { state: 'applied', note: 'done', result: { minute } }, later(minute));
      }
      const subjects = (list: readonly Intent[]) => list.map(({ cause }) => cause.subject);
      return [
        subjects(await intents.list('manual', later(4), 10)),
        subjects(await intents.list('manual', later(3), 10)),
        subjects(await intents.list('manual', later(4), 2)),
        subjects((await intents.listApplied(2)).intents),
        await intents.list('rejected', new Date(0), 10),
      ];
    },
  },
  {
    title: 'what was rejected is asked for again once, and looked at while it is prepared',
    play: async (intents) => {
      const sent = await claimed(intents, aNewIntent({ subject: 'tried again' }));
      const rejected = await intents.move(sent, { state: 'rejected', note: 'refused' }, NOON);
      const again: Ending = { state: 'rejected', note: 'again', retriedAs: 'the next key' };
      const retried = await intents.move(rejected, again, afterNoon(MINUTE));
      const waiting = await intents.prepare(aNewIntent({ subject: 'the next try', retryOf: sent.key }), NOON);
      return [
        retried,
        await intents.noteLook(waiting, afterNoon(MINUTE), false),
        await intents.noteLook({ ...waiting, state: 'unknown' }, afterNoon(2 * MINUTE), false),
      ];
    },
  },
  {
    title: 'pages give all that is in a state since a moment, oldest first, each once',
    play: async (intents) => {
      const day = 24 * 60 * MINUTE;
      const later = (minutes: number) => afterNoon(60 * day + minutes * MINUTE);
      for (const minute of [4, 2, 5, 1, 3]) {
        const sending = await claimed(intents, aNewIntent({ subject: `paged ${minute}` }), NOTHING, later(0));
        await intents.move(sending, { state: 'rejected', note: 'refused' }, later(minute));
      }
      const pages = [];
      let page = await intents.listSince('rejected', later(2), 2);
      pages.push(...page.intents);
      while (page.next !== undefined) {
        page = await intents.listSince('rejected', later(2), 2, page.next);
        pages.push(...page.intents);
      }
      const empty = await intents.listSince('rejected', later(6), 2);
      return [pages.map(({ cause }) => cause.subject), pages, empty.intents, empty.next ?? null];
    },
  },
];

/** Without fields that are undefined, and numbers in one form: DynamoDB has one kind of them. */
export function comparable(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, field: unknown) => (typeof field === 'bigint' ? Number(field) : field)) ?? 'null',
  );
}
