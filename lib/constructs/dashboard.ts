import { Duration, type Stack } from 'aws-cdk-lib';
import {
  Alarm,
  AlarmState,
  AlarmStatusWidget,
  AlarmStatusWidgetSortBy,
  CfnAlarm,
  Dashboard,
  GraphWidget,
  LegendPosition,
  Metric,
  Stats,
  TextWidget,
  type IMetric,
  type IWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { prefixOf } from '../names.ts';
import { gaugeMetric, pipelineMetric } from './alarm.ts';

/** Of 24 columns and any number of rows. */
const WHOLE = 24;
const HALF = 12;
const THIRD = 8;
const HEIGHT = 6;

export interface PipelineDashboardProps {
  readonly config: Config;
  /** All that alarms, queues and functions are in. They are named, and not referred to: the stacks stay apart. */
  readonly stacks: readonly Stack[];
}

/** One page on how a stage does: what fires, what is traded and for how much, escrows, and what went wrong. */
export class PipelineDashboard extends Construct {
  private readonly prefix: string;
  private readonly config: Config;

  constructor(scope: Construct, id: string, { config, stacks }: PipelineDashboardProps) {
    super(scope, id);
    this.prefix = prefixOf(config.stage);
    this.config = config;
    const resources = stacks.flatMap((stack) => stack.node.findAll());
    const alarms = resources.filter((node) => CfnAlarm.isCfnAlarm(node)).flatMap(({ alarmName }) => alarmName ?? []);
    const queues = resources.filter((node) => CfnQueue.isCfnQueue(node)).flatMap(({ queueName }) => queueName ?? []);
    const functions = resources
      .filter((node) => CfnFunction.isCfnFunction(node))
      .flatMap(({ functionName }) => functionName ?? []);

    void new Dashboard(this, 'Page', {
      dashboardName: this.prefix,
      defaultInterval: Duration.days(1),
      widgets: [
        [this.describePage()],
        [this.showAlarms(alarms)],
        this.showSignals(),
        this.showAccount(),
        this.showEscrows(),
        this.showFaults(queues, functions),
      ],
    });
  }

  private describePage(): IWidget {
    const { mode, markets } = this.config.trading;
    const assets = markets.map(({ asset }) => asset).join(', ');
    return new TextWidget({
      width: WHOLE,
      height: 3,
      markdown: [
        `# ${this.prefix}`,
        `Trades **${mode}**${assets === '' ? '' : ` in ${assets}`}. Days are UTC; amounts are estimates in USD, and the ledger has the true ones.`,
        '',
        'What to do about each of these is in the repository: `docs/workflows/prediction-trade.md` ("What to watch"), `docs/workflows/money-once.md` (doubts, the stop), `docs/workflows/escrow-lifecycle.md`, `docs/workflows/signals.md`.',
      ].join('\n'),
    });
  }

  private showAlarms(names: readonly string[]): IWidget {
    return new AlarmStatusWidget({
      title: 'Alarms that fire',
      width: WHOLE,
      height: 4,
      alarms: names.map((name, index) => Alarm.fromAlarmName(this, `Alarm${index}`, name)),
      states: [AlarmState.ALARM],
      sortBy: AlarmStatusWidgetSortBy.STATE_UPDATED_TIMESTAMP,
    });
  }

  private showSignals(): IWidget[] {
    const oldest = this.queueMetric('ApproximateAgeOfOldestMessage', `${this.prefix}-trade-signals.fifo`);
    return [
      this.graph('Signals: orders placed, and skipped', [
        this.counted('TradesPlaced', 'placed'),
        this.counted('TradesSkipped', 'skipped'),
      ]),
      new GraphWidget({
        title: 'Signals: too old, and how long the oldest waits (s)',
        width: THIRD,
        height: HEIGHT,
        left: [this.counted('SignalsStale', 'stale')],
        right: [oldest.with({ label: 'oldest waits' })],
      }),
      this.graph('Money in doubt: effects', [
        pipelineMetric('IntentsInDoubt', this.prefix, Stats.MAXIMUM).with({ label: 'in doubt' }),
        pipelineMetric('IntentsManual', this.prefix, Stats.MAXIMUM).with({ label: 'a person has to decide' }),
      ]),
    ];
  }

  private showAccount(): IWidget[] {
    const { mode, markets } = this.config.trading;
    const total = { Mode: mode };
    return [
      this.graph(`Profit, ${mode} (USD)`, [
        gaugeMetric('RealisedProfitUsd', this.prefix, total).with({ label: 'realised today' }),
        gaugeMetric('UnrealisedProfitUsd', this.prefix, total).with({ label: 'open' }),
        ...markets.map(({ asset }) =>
          gaugeMetric('UnrealisedProfitUsd', this.prefix, { ...total, Asset: asset }).with({ label: `open ${asset}` }),
        ),
      ]),
      this.graph(
        `Exposure by market, ${mode} (USD)`,
        markets.length === 0
          ? [gaugeMetric('ExposureUsd', this.prefix, total).with({ label: 'all' })]
          : markets.map(({ asset }) =>
              gaugeMetric('ExposureUsd', this.prefix, { ...total, Asset: asset }).with({ label: asset }),
            ),
      ),
      this.graph(`Win rate, and daily loss used up, ${mode} (%)`, [
        gaugeMetric('WinRatePercent', this.prefix, total).with({ label: 'win rate' }),
        gaugeMetric('DailyLossUsedPercent', this.prefix, total).with({ label: 'of the daily loss limit' }),
      ]),
    ];
  }

  private showEscrows(): IWidget[] {
    return [
      this.graph(
        'Escrows',
        [
          this.counted('EscrowsLocked', 'locked'),
          this.counted('EscrowsReleased', 'released'),
          this.counted('EscrowsDisputed', 'disputed'),
          this.counted('EscrowsRefunded', 'refunded'),
          this.counted('PastSkipped', 'older than the ledger or the rule: not paid'),
        ],
        HALF,
      ),
      this.graph(
        'Ledger and Purple Flea: disagreements, and events that were not told',
        [this.counted('LedgerDrifts', 'disagreements'), this.counted('PublishFailures', 'not told')],
        HALF,
      ),
    ];
  }

  private showFaults(queues: readonly string[], functions: readonly string[]): IWidget[] {
    const dead = queues.filter((name) => /-dead(\.fifo)?$/.test(name));
    return [
      this.graph(
        'Dead letters',
        dead.map((name) =>
          this.queueMetric('ApproximateNumberOfMessagesVisible', name).with({ label: this.shorten(name) }),
        ),
        HALF,
      ),
      this.graph(
        'Errors of functions',
        functions.map(
          (name) =>
            new Metric({
              namespace: 'AWS/Lambda',
              metricName: 'Errors',
              dimensionsMap: { FunctionName: name },
              statistic: Stats.SUM,
              period: Duration.minutes(5),
              label: this.shorten(name),
            }),
        ),
        HALF,
      ),
    ];
  }

  private graph(title: string, left: IMetric[], width = THIRD): GraphWidget {
    return new GraphWidget({
      title,
      width,
      height: HEIGHT,
      left,
      ...(left.length > 4 ? { legendPosition: LegendPosition.RIGHT } : {}),
    });
  }

  private counted(metric: Parameters<typeof pipelineMetric>[0], label: string): Metric {
    return pipelineMetric(metric, this.prefix).with({ label });
  }

  private queueMetric(metricName: string, queueName: string): Metric {
    return new Metric({
      namespace: 'AWS/SQS',
      metricName,
      dimensionsMap: { QueueName: queueName },
      statistic: Stats.MAXIMUM,
      period: Duration.minutes(5),
    });
  }

  private shorten(name: string): string {
    return name.replace(`${this.prefix}-`, '');
  }
}
