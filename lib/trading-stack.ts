import { Duration, Stack } from 'aws-cdk-lib';
import { MathExpression } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { INCOMING } from '../src/events/catalogue.ts';
import type { MetricName } from '../src/observability.ts';
import { createAlarm, gaugeMetric, pipelineMetric } from './constructs/alarm.ts';
import { EventQueue } from './constructs/event-queue.ts';
import { Inferences } from './constructs/inferences.ts';
import { PipelineFunction } from './constructs/pipeline-function.ts';
import { Predictors } from './constructs/predictors.ts';
import { createSchedule } from './constructs/schedule.ts';
import type { Config } from './config.ts';
import type { FlowStackProps } from './escrow-stack.ts';
import type { FoundationStack } from './foundation-stack.ts';
import {
  allowPublishing,
  allowPacing,
  allowReadingBeginnings,
  allowReadingIntents,
  allowReadingParameter,
  allowRecordingIntents,
} from './grants.ts';
import { giveKeys } from './key-sources.ts';
import { marketRule } from './names.ts';
import { marketPolicies, marketSettings, tradingRoles } from './trading-settings.ts';

/** From so many signals an hour on, that nearly all of them are skipped is no chance. */
const FEWEST_SIGNALS = 20;
const HIGHEST_SKIP_PERCENT = 95;

/** Now and then a signal gets stale while the service cannot be reached; more of them in an hour are a fault. */
const MOST_STALE = 2;

/** Predictions become orders: the predictors, the queue, the trader. */
export class TradingStack extends Stack {
  constructor(scope: Construct, id: string, { config, foundation, sageMakerEnvironment, ...props }: FlowStackProps) {
    super(scope, id, props);
    const { prefix, key, bus, intents, alarmTopic } = foundation;
    const { predictors, inferences } = config.trading;

    const signals = this.addSignals(config, foundation);
    const placeTrade = new PipelineFunction(this, {
      lambda: 'place-trade',
      prefix,
      // A slot, what the decision goes by, the order, and its record.
      timeout: Duration.minutes(1),
      environment: {
        ...signals.environment,
        ...marketSettings(config),
        ...foundation.ledgerEnvironment,
        EVENT_BUS: bus.eventBusName,
      },
      policies: { ...marketPolicies(config), ...foundation.ledgerPolicies },
      alarmTopic,
    });
    signals.feed(placeTrade, 1);
    // On paper no key is needed, and so none is held.
    giveKeys(placeTrade, foundation.keys, ...(config.trading.mode === 'live' ? tradingRoles(config) : []));
    allowRecordingIntents(placeTrade, intents, key);
    allowReadingBeginnings(placeTrade, intents);
    allowReadingParameter(placeTrade, foundation.stop);
    allowPublishing(placeTrade, bus);
    this.addReadiness(config, foundation);
    this.addMeasures(config, foundation);
    this.addSignalAlarms(config, foundation);

    new Predictors(this, 'Predictors', { foundation, predictors, sageMakerEnvironment });
    new Inferences(this, 'Inferences', { foundation, inferences });
  }

  /** Who says whether orders may go out, and the alarm where live ones may not. */
  private addReadiness(config: Config, foundation: FoundationStack): void {
    const { prefix, key, alarmTopic } = foundation;
    const checkReadiness = new PipelineFunction(this, {
      lambda: 'check-readiness',
      prefix,
      timeout: Duration.seconds(30),
      environment: { ...marketSettings(config), ...foundation.ledgerEnvironment },
      policies: { ...marketPolicies(config), ...foundation.ledgerPolicies },
      alarmTopic,
    });
    giveKeys(checkReadiness, foundation.keys, ...tradingRoles(config));
    // The paper book is an item of the table; live, the service is asked.
    if (config.trading.mode === 'paper') allowReadingIntents(checkReadiness, foundation.intents, key);
    allowPacing(checkReadiness, foundation.intents, key);
    allowReadingParameter(checkReadiness, foundation.stop);
    createAlarm(this, 'TradingUnready', {
      metric: pipelineMetric('TradingUnready', prefix),
      description: `Trading is live and signals are skipped as "not-ready": npm run doctor -- --stage ${config.stage} says which check fails. See docs/workflows/paper-trading.md.`,
      topic: alarmTopic,
    });
  }

  /** Who says every five minutes how the account stands, and the alarm where the day's loss is at its limit. */
  private addMeasures(config: Config, foundation: FoundationStack): void {
    const { prefix, key, alarmTopic } = foundation;
    const { mode, dailyLossUsd } = config.trading;
    const measurePositions = new PipelineFunction(this, {
      lambda: 'measure-positions',
      prefix,
      timeout: Duration.minutes(1),
      environment: { ...marketSettings(config), INTENT_TABLE: foundation.intents.tableName },
      policies: marketPolicies(config),
      alarmTopic,
    });
    // The paper book is an item of the table; live, the service is asked.
    if (mode === 'paper') allowReadingIntents(measurePositions, foundation.intents, key);
    else allowPacing(measurePositions, foundation.intents, key);
    giveKeys(measurePositions, foundation.keys, ...(mode === 'live' ? (['trading'] as const) : []));
    createSchedule(this, 'MeasurePositionsSchedule', { fn: measurePositions, every: Duration.minutes(5) });
    createAlarm(this, 'DailyLossReached', {
      metric: gaugeMetric('DailyLossUsedPercent', prefix, { Mode: mode }),
      description: `The day's loss (UTC, ${mode}), realised and open, has reached the limit of $${dailyLossUsd}: signals are skipped as "daily-loss" until midnight or until open positions recover. Look at the exposure by market on the dashboard, and close what should not stay open. See "What to watch" in docs/workflows/prediction-trade.md.`,
      above: 99,
      topic: alarmTopic,
    });
  }

  /** Alarms on signals that ought to have become orders. */
  private addSignalAlarms({ stage, trading }: Config, { prefix, alarmTopic }: FoundationStack): void {
    const period = Duration.hours(1);
    const over = (metric: MetricName) => pipelineMetric(metric, prefix).with({ period });
    createAlarm(this, 'SkipRate', {
      metric: new MathExpression({
        label: 'Skipped, of the signals that asked for an order (%)',
        // What was not counted in the hour has no data, which is no zero.
        expression: `IF(asked >= ${FEWEST_SIGNALS}, 100 * refused / asked, 0)`,
        usingMetrics: {
          refused: new MathExpression({
            expression: 'FILL(skipped, 0) - FILL(held, 0)',
            usingMetrics: { skipped: over('TradesSkipped'), held: over('SignalsHeld') },
            period,
          }),
          asked: new MathExpression({
            expression: 'FILL(placed, 0) + FILL(skipped, 0) - FILL(held, 0)',
            usingMetrics: { placed: over('TradesPlaced'), skipped: over('TradesSkipped'), held: over('SignalsHeld') },
            period,
          }),
        },
        period,
      }),
      description: `Over ${HIGHEST_SKIP_PERCENT} % of an hour's signals that asked for an order (at least ${FEWEST_SIGNALS}) were skipped. The "reason" of the events trade.skipped says why: a limit that is used up, a closed market, a model that is less sure than confidenceThreshold, or a check that fails (npm run doctor -- --stage ${stage}). See "What to watch" in docs/workflows/prediction-trade.md.`,
      above: HIGHEST_SKIP_PERCENT,
      topic: alarmTopic,
    });
    createAlarm(this, 'SignalsStale', {
      metric: over('SignalsStale'),
      description: `More than ${MOST_STALE} signals of an hour were older than ${trading.maxAgeSeconds} s when they were handled, and were skipped: look at the age of the oldest message in ${prefix}-trade-signals.fifo, at the errors of place-trade, and at the clock of what makes the signals ("at" in the event).`,
      above: MOST_STALE,
      topic: alarmTopic,
    });
  }

  /**
   * The queue of what asks for orders. A rule can only give a fixed group: so each market has a rule of its own, and one
   * is for what may not be traded, to be skipped with a reason.
   */
  private addSignals({ trading }: Config, { prefix, key, bus, alarmTopic }: FoundationStack): EventQueue {
    const detailType = [INCOMING.inferenceCompleted, INCOMING.priceAlert];
    const assets = trading.markets.map(({ asset }) => asset);
    const unknown = assets.length === 0 ? {} : { detail: { asset: [{ exists: false }, { 'anything-but': assets }] } };
    const signals = new EventQueue(this, 'TradeSignals', {
      name: 'trade-signals',
      prefix,
      key,
      bus,
      pattern: { detailType, ...unknown },
      fifoGroup: 'other',
      alarmTopic,
    });
    for (const asset of assets) {
      signals.addSource({
        name: marketRule(asset),
        bus,
        pattern: { detailType, detail: { asset: [asset] } },
        fifoGroup: `market-${asset}`,
      });
    }
    return signals;
  }
}
