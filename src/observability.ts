/** Namespace of the project's CloudWatch metrics. */
export const METRIC_NAMESPACE = 'PurpleFlea';

/** Every metric the functions count, with what it means; alarms name them by these keys. */
export const METRICS = {
  EventsRejected: 'Messages put into a dead-letter queue with a reason.',
  BonusesStarted: 'Training jobs whose bonus escrow was started.',
  EscrowsStarted: 'Escrows that were requested, each milestone one, whose execution was started.',
  MissedJobs: 'Training jobs whose completion no event brought; the hourly look found them.',
  BonusesSkipped: 'Training jobs that earned no bonus.',
  JobsNotOurs: 'Events of completed training jobs that no bonus rule is for.',
  MetricMissing: "Completed training jobs without their rule's metric.",
  MetricImplausible: "Completed training jobs whose metric is out of their rule's plausible range.",
  PastSkipped: 'Causes that would have been paid, had they not come to be before the ledger or their rule began.',
  EscrowsLocked: 'Escrows created.',
  EscrowsReleased: 'Escrows paid out.',
  EscrowsDisputed: 'Escrows that we disputed.',
  EscrowsRefunded: 'Escrows whose lock ran out.',
  DecisionsMissed: 'Escrows that silence settled before what was decided could be sent.',
  EscrowsUnread: 'Looks at an escrow that could not be made, for want of a key or of the service; they are made again.',
  TradesPlaced: 'Orders placed.',
  TradesSkipped: 'Predictions and alerts not traded.',
  SignalsHeld: 'Predictions that say hold; they are among those skipped.',
  SignalsStale: 'Predictions and alerts that were too old when they were handled; they are among those skipped.',
  TradingUnready: 'Signals not traded because a check of what live trading needs fails.',
  IntentsInDoubt: 'Effects that a run of resolve-intents looked for and left in doubt, or did not get to.',
  IntentsManual:
    'Effects that wait for a person: it cannot be known whether they took place. Up to a hundred are counted.',
  IntentsWaiting: 'Effects that could not be sent for an hour, and wait still.',
  SecretsUnusable: 'Times that a key could not be read, was not usable, or was refused by Purple Flea.',
  ServiceFailures: 'Requests to Purple Flea that found no connection, no answer, or an error of the server.',
  LedgerDrifts: 'Disagreements between the ledger and Purple Flea that a reconciliation found.',
  LedgerReconciled: 'Reconciliations that compared all that can be compared.',
  PublishFailures: 'Events about something done that EventBridge did not take.',
  WatchLagSeconds: 'How long the look at all open escrows has been going on.',
  WebhooksReceived: 'Requests that reached the webhook function.',
  WebhooksIgnored: 'Signed webhooks that say nothing new about an escrow: other events, tests, repeats.',
  WebhooksRefused: 'Requests that were no usable webhook: signature, time, size, type or content.',
  WebhooksUnready: 'Webhooks answered 503, because the secret that they are signed with has no usable value.',
  DeadlineLagSeconds: 'How late the latest deadline of a run was delivered.',
  ExposureUsd: 'Notional of the open positions: of all, and of each configured market.',
  UnrealisedProfitUsd:
    'What open positions stand at: all, and those of each configured market. Negative where it is a loss.',
  RealisedProfitUsd: 'What was realised in the UTC day so far. Negative where it is a loss.',
  WinRatePercent: 'Of the fills of the UTC day that closed something, those with a profit.',
  DailyLossUsedPercent: 'How much of the daily loss limit is used up, as decisions reckon it.',
} as const;
export type MetricName = keyof typeof METRICS;

/** Adds to a metric; by one where no value is given. */
export type Count = (metric: MetricName, value?: number) => void;

/** How things stand at a moment, told apart by dimensions. */
export interface Gauges {
  readonly dimensions: Readonly<Record<string, string>>;
  readonly values: Readonly<Partial<Record<MetricName, number>>>;
}

/** Publishes how things stand. */
export type Gauge = (gauges: Gauges) => void;

/** Structured log lines. Fields hold ids, amounts and reasons; never keys, headers or request bodies. */
export interface Log {
  info(message: string, fields: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields: Readonly<Record<string, unknown>>): void;
  error(message: string, fields: Readonly<Record<string, unknown>>): void;
}
