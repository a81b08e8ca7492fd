import { SSMProvider } from '@aws-lambda-powertools/parameters/ssm';
import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { createReadBeginning } from '../../src/aws/beginning-table.ts';
import { createIntentTable } from '../../src/aws/intent-table.ts';
import { createPlaceTable } from '../../src/aws/place-table.ts';
import { sayUnreachable } from '../../src/aws/reachable-intents.ts';
import { createStopSwitch } from '../../src/aws/stop-switch.ts';
import type { IntentStore } from '../../src/ledger/intent.ts';
import { bindPlaces, type NamedServices } from '../../src/ledger/places.ts';
import type { EffectDeps } from '../../src/ledger/perform-effect.ts';
import type { ReadStop } from '../../src/ledger/stop.ts';
import type { BudgetPolicy } from '../../src/ledger/budgets.ts';
import { serviceSchema } from '../../src/purple-flea/service.ts';
import { jsonText } from '../../src/schemas.ts';
import { documents } from './clients/documents.ts';
import { ssm } from './clients/ssm.ts';
import { readEnvironment } from './environment.ts';

/** The ledger as functions that send effects use it, but for the time they have left. */
export function createLedgerDeps<Store extends IntentStore>(
  env: { readonly INTENT_TABLE: string; readonly STOP_PARAMETER: string },
  { budgets }: { readonly budgets: BudgetPolicy },
  intents: Store,
): Omit<EffectDeps, 'remainingMs'> & { readonly intents: Store } {
  return {
    intents: sayUnreachable(intents),
    budgets,
    readStop: createReadStop(env.STOP_PARAMETER),
    readBeginning: createReadBeginning(documents, env.INTENT_TABLE, Date.now),
    now: () => new Date(),
    newId: randomUUID,
  };
}

/** The intents of a table; each says where it belongs, those of earlier releases too, by the present names of the services. */
export function createIntents(tableName: string): IntentStore {
  return bindPlaces(
    createIntentTable(documents, tableName),
    createPlaceTable(documents, tableName).read,
    readNamedServices(),
  );
}

const service = z.optional(jsonText(serviceSchema));

/** The services that this function knows, by their present names. */
export function readNamedServices(): NamedServices {
  const env = readEnvironment({
    ESCROW_SERVICE: service,
    TRADING_SERVICE: service,
    WALLET_SERVICE: service,
    FAUCET_SERVICE: service,
  });
  return {
    escrow: env.ESCROW_SERVICE,
    trading: env.TRADING_SERVICE,
    wallet: env.WALLET_SERVICE,
    faucet: env.FAUCET_SERVICE,
  };
}

/** The stop, read through a cache of this process. */
export function createReadStop(parameterName: string): ReadStop {
  const parameters = new SSMProvider({ awsSdkV3Client: ssm });
  return createStopSwitch(parameterName, (name, maxAge) => parameters.get(name, { maxAge, throwOnMissing: true }));
}
