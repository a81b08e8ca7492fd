/** Parts of the SDK that bundles have a file of ours instead of (docs/adr/019); paths are from the root of the project. */
export const BUNDLE_ALIASES: Readonly<Record<string, string>> = {
  '@aws-sdk/credential-provider-node': 'lambdas/shared/bundled/default-credentials.ts',
  '@smithy/core/event-streams': 'lambdas/shared/bundled/event-streams.ts',
};
