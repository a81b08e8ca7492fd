import { createBeginningTable } from '../../src/aws/beginning-table.ts';
import type { BeginningStore } from '../../src/ledger/beginnings.ts';
import { documents } from './clients/documents.ts';
import { readPolicies, termsPolicies } from './policies.ts';

/** When the ledger and its rules began, kept in the table of the intents. */
export function createBeginnings(intentTable: string): BeginningStore {
  const { terms } = readPolicies(termsPolicies);
  return createBeginningTable(documents, intentTable, terms, () => new Date());
}
