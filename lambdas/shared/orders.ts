import { createOrderTable } from '../../src/aws/order-table.ts';
import { createPlaceTable } from '../../src/aws/place-table.ts';
import type { OrderStore } from '../../src/ledger/intent.ts';
import { bindOrders } from '../../src/ledger/places.ts';
import { documents } from './clients/documents.ts';
import { readNamedServices } from './ledger.ts';

/** The intents of a table, with the steps of an order: apart, as no other function needs them. */
export function createOrders(tableName: string): OrderStore {
  const places = createPlaceTable(documents, tableName);
  return bindOrders(createOrderTable(documents, tableName), places.read, readNamedServices());
}
