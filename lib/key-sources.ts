import { Validations, type RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Secret, type ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import type { KeyRole, KeySources } from '../src/aws/key-ring.ts';
import type { Config } from './config.ts';
import { allowReadingSecret } from './grants.ts';

/** Which secret holds the key of each role in a stage, and whose it is. One secret serves all that the stage does not name. */
export function keySourcesOf({ secretName, purpleFlea: { agentId, keys = {} } }: Config): KeySources {
  const own = { agentId, secretName };
  const { trading = own, wallet = own, counterparties = own, predecessor } = keys;
  return { treasury: own, trading, wallet, counterparties, ...(predecessor === undefined ? {} : { predecessor }) };
}

/** The secrets of a stage's keys, and which role's is in which. */
export interface StageKeys {
  readonly sources: KeySources;
  /** By name. */
  readonly secrets: ReadonlyMap<string, ISecret>;
  readonly key: IKey;
}

/** Tells a function in which secrets the keys of these roles are, and lets it read those. */
export function giveKeys(fn: LambdaFunction, { sources, secrets, key }: StageKeys, ...roles: KeyRole[]): void {
  const given = roles.flatMap((role) => {
    const source = sources[role];
    return source === undefined ? [] : [[role, source] as const];
  });
  fn.addEnvironment('SECRETS', JSON.stringify(Object.fromEntries(given)));
  for (const name of new Set(given.map(([, { secretName }]) => secretName))) {
    const secret = secrets.get(name);
    if (secret === undefined) throw new Error(`there is no secret ${name}`);
    allowReadingSecret(fn, secret, key);
  }
}

/** Construct ids of the secrets that a stage may name besides its own. */
const SECRET_IDS = {
  trading: 'TradingKey',
  wallet: 'WalletKey',
  counterparties: 'CounterpartyKeys',
  predecessor: 'PredecessorKey',
} as const satisfies Partial<Record<KeyRole, string>>;

/** Makes the secrets of all roles, each with nothing usable in it until a person puts a key. */
export function createStageKeys(
  scope: Construct,
  config: Config,
  { key, removalPolicy }: { readonly key: IKey; readonly removalPolicy: RemovalPolicy },
): StageKeys {
  const make = (id: string, secretName: string, holds: string, template: object): ISecret => {
    const secret = new Secret(scope, id, {
      secretName,
      description: `Purple Flea: JSON with ${holds}`,
      encryptionKey: key,
      generateSecretString: {
        secretStringTemplate: JSON.stringify(template),
        generateStringKey: 'replaceThisValue',
      },
      removalPolicy,
    });
    Validations.of(secret).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason:
        'Purple Flea issues the key and has no API to rotate it: a person replaces the value, and functions re-read it.',
    });
    return secret;
  };
  const holds = 'apiKey, agentId and, where held, counterpartyKeys by agent id';
  const secrets = new Map([[config.secretName, make('ApiKey', config.secretName, holds, { agentId: '' })]]);
  for (const [role, source] of Object.entries(config.purpleFlea.keys ?? {})) {
    if (source === undefined) continue;
    const isOthers = role === 'counterparties';
    const content = isOthers ? 'counterpartyKeys by agent id' : `apiKey and agentId, of ${role}`;
    const id = SECRET_IDS[role as keyof typeof SECRET_IDS];
    secrets.set(source.secretName, make(id, source.secretName, content, isOthers ? {} : { agentId: '' }));
  }
  return { sources: keySourcesOf(config), secrets, key };
}
