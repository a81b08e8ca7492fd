import type { Delays, Exchange } from './link.ts';

/** To the process of `services.ts`. */
export type ToServices =
  | { readonly kind: 'renew'; readonly trainingJobs: readonly string[] }
  | { readonly kind: 'delay'; readonly delays: Delays }
  | { readonly kind: 'report' }
  | { readonly kind: 'count' };

export interface ServicesReport {
  readonly kind: 'report';
  /** When the first order, escrow or execution stood, in milliseconds since 1970. */
  readonly firstEffectAt: number | undefined;
  /** Since the last report. */
  readonly exchanges: readonly Exchange[];
}

/** From the process of `services.ts`. */
export type FromServices =
  | { readonly kind: 'ready'; readonly awsUrl: string; readonly twinUrl: string }
  | { readonly kind: 'renewed' }
  | { readonly kind: 'delayed' }
  | ServicesReport
  /** Orders, escrows and executions together, since services were renewed. */
  | { readonly kind: 'counted'; readonly effects: number };
