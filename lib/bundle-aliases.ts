/** What the SDK imports and bundles have a file of ours instead of (docs/adr/019); paths are from the root of the project. */
export const BUNDLE_ALIASES: Readonly<Record<string, string>> = {
  '@aws-sdk/credential-provider-node': 'lambdas/shared/bundled/default-credentials.ts',
  'mnemonist/lru-cache': 'lambdas/shared/bundled/endpoint-map.ts',
  '@smithy/core/event-streams': 'lambdas/shared/bundled/event-streams.ts',
};
