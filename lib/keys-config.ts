import * as z from 'zod';
import { agentId } from './config-parts.ts';
import { webhookSecretName } from './names.ts';

/** Name of a secret. */
export const secretName = z.string().regex(/^[\w/+=.@-]{1,200}$/);

const ownKey = z.strictObject({
  secretName: secretName.meta({ description: 'The secret that holds this key; the deployment makes it.' }),
  agentId: agentId.meta({ description: 'The agent whose key it is.' }),
});

/** `purpleFlea.keys`: keys of their own for some roles. What is left out is served by the secret `secretName`. */
export const keys = z
  .strictObject({
    trading: ownKey.optional().meta({ description: 'Places orders, where trading has its own registration.' }),
    wallet: ownKey.optional().meta({ description: 'Pays, and reads the balance.' }),
    counterparties: z
      .strictObject({ secretName })
      .optional()
      .meta({ description: 'Keys of counterparties whose deliveries are recorded for them.' }),
    predecessor: ownKey.optional().meta({
      description: 'An agent that was replaced: it settles what it began, and begins nothing.',
    }),
  })
  .meta({ description: 'Keys of their own for some roles; one secret serves all that are left out.' });

/** What no deployment could work with. */
export function refuseKeys(
  {
    agentId: own,
    keys: named = {},
    escrow,
  }: {
    readonly agentId: string;
    readonly keys?: z.infer<typeof keys> | undefined;
    readonly escrow: { readonly profile: string };
  },
  context: z.core.$RefinementCtx,
): void {
  const refuse = (role: string, input: string, message: string) =>
    context.addIssue({ code: 'custom', path: ['keys', role, 'agentId'], input, message });
  if (named.predecessor?.agentId === own) {
    refuse('predecessor', own, 'It has to be another than purpleFlea.agentId, which took its place.');
  }
  if (escrow.profile === 'published' && named.wallet !== undefined && named.wallet.agentId !== own) {
    refuse(
      'wallet',
      named.wallet.agentId,
      'It has to be purpleFlea.agentId where purpleFlea.escrow.profile is "published": escrows are looked for in the rows of that agent.',
    );
  }
}

/** Each role that is named has a secret of its own, which no other stage setting makes. */
export function refuseSharedSecrets(
  {
    secretName: main,
    purpleFlea,
  }: {
    readonly secretName: string;
    readonly purpleFlea: { readonly keys?: z.infer<typeof keys> | undefined };
  },
  context: z.core.$RefinementCtx,
): void {
  const taken = [main, webhookSecretName(main)];
  for (const [role, source] of Object.entries(purpleFlea.keys ?? {})) {
    if (source === undefined) continue;
    if (taken.includes(source.secretName)) {
      context.addIssue({
        code: 'custom',
        path: ['purpleFlea', 'keys', role, 'secretName'],
        input: source.secretName,
        message: 'Each role that is named has a secret of its own; leave out those that secretName serves.',
      });
    }
    taken.push(source.secretName);
  }
}
