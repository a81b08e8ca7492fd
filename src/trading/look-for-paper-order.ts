import { CLOCK_SKEW_MS } from '../clock-skew.ts';
import type { Intent } from '../ledger/intent.ts';
import type { Look } from '../ledger/resolve-intents.ts';
import { fillOf, KEPT_FILLS, showsAllSince, type PaperBookStore } from './paper-book.ts';
import { placedFrom } from './paper-market.ts';

/** Looks for the fill of an order on paper by its effect key: it is in the book or it is not. */
export async function lookForPaperOrder(books: Pick<PaperBookStore, 'read'>, intent: Intent): Promise<Look> {
  const stored = await books.read(intent.agentId);
  if (stored === undefined) return { kind: 'absent' };
  const { book } = stored;
  const fill = fillOf(book, intent.key);
  if (fill !== undefined) return { kind: 'found', result: placedFrom(fill) };
  const since = new Date(Date.parse(intent.createdAt) - CLOCK_SKEW_MS);
  return showsAllSince(book, since)
    ? { kind: 'absent' }
    : { kind: 'invisible', reason: `the paper book keeps ${KEPT_FILLS} fills, and has had more since` };
}
