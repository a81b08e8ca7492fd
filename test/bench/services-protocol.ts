/** One HTTP request that a function made, so that it can be made again. */
export interface RawCall {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** To the process of `services.ts`. */
export type ToServices =
  { readonly kind: 'renew'; readonly trainingJobs: readonly string[] } | { readonly kind: 'report' };

export interface ServicesReport {
  readonly kind: 'report';
  /** Orders, escrows and executions together, since services were renewed. */
  readonly effects: number;
  /** When the first of them stood, in milliseconds since 1970. */
  readonly firstEffectAt: number | undefined;
  /** Since the last report. */
  readonly calls: readonly RawCall[];
}

/** From the process of `services.ts`. */
export type FromServices =
  | { readonly kind: 'ready'; readonly awsUrl: string; readonly twinUrl: string }
  | { readonly kind: 'renewed' }
  | ServicesReport;
