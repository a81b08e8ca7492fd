import type { PublishedType } from './catalogue.ts';

/** What each function puts on the app's bus, by its folder. Its role may put these detail types there and no others. */
export const PUBLISHERS: Readonly<Record<string, readonly PublishedType[]>> = {
  'check-status': ['escrow.refunded', 'escrow.auto-released', 'ledger.drifted'],
  'complete-delivery': ['escrow.completed'],
  'decide-intent': ['intent.settled', 'intent.retried'],
  'find-missed-jobs': ['bonus.started', 'bonus.skipped'],
  'lock-funds': ['escrow.locked', 'ledger.drifted'],
  'place-trade': ['trade.placed', 'trade.skipped'],
  'raise-dispute': ['escrow.disputed'],
  'read-inference': ['inference.completed'],
  'reconcile-ledger': ['ledger.drifted', 'ledger.reconciled'],
  'release-funds': ['escrow.released', 'ledger.drifted'],
  'request-prediction': ['inference.completed'],
  'resolve-intents': ['intent.settled', 'intent.parked', 'trade.manual', 'trade.placed', 'escrow.completed'],
  'review-delivery': ['escrow.reviewed'],
  'start-bonus': ['bonus.started', 'bonus.skipped'],
  'start-escrows': ['escrow.started', 'escrow.skipped'],
};
