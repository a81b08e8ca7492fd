import { CfnOutput, Duration, Stack, Validations, type StackProps } from 'aws-cdk-lib';
import { EventBus, type IEventBus } from 'aws-cdk-lib/aws-events';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { BASELINE_KEYS } from '../src/aws/baseline-table.ts';
import { BY_STATE_INDEX } from '../src/aws/intent-table.ts';
import { BY_DEADLINE_INDEX } from '../src/aws/mailbox-table.ts';
import { KEY_ROLES } from '../src/aws/key-ring.ts';
import {
  ENDPOINT_STATE_CHANGE,
  INCOMING,
  MODEL_PACKAGE_STATE_CHANGE,
  TRAINING_JOB_STATE_CHANGE,
} from '../src/events/catalogue.ts';
import { jobsOf, namesOfJobs } from './bonus-jobs.ts';
import type { Config } from './config.ts';
import { createAbsenceAlarm, createAlarm, pipelineMetric } from './constructs/alarm.ts';
import { EscrowLifecycle } from './constructs/escrow-lifecycle.ts';
import { EventQueue } from './constructs/event-queue.ts';
import { PipelineFunction } from './constructs/pipeline-function.ts';
import { createSchedule } from './constructs/schedule.ts';
import { Subscriptions } from './constructs/subscriptions.ts';
import { WebhookApi } from './constructs/webhook-api.ts';
import type { FoundationStack } from './foundation-stack.ts';
import { giveKeys } from './key-sources.ts';
import {
  allowDecidingOnce,
  allowEndingDueWaits,
  allowEndingWaits,
  allowKeepingItems,
  allowOn,
  allowPacing,
  allowPublishing,
  allowQueryingIndex,
  allowReadingBeginnings,
  allowReadingMailbox,
  allowReadingParameter,
  allowRecordingIntents,
  allowUsingMailbox,
} from './grants.ts';
import { ruleTerms } from './rule-terms.ts';
import { marketSymbols } from './trading-settings.ts';

export interface FlowStackProps extends StackProps {
  readonly config: Config;
  readonly foundation: FoundationStack;
  /** Extra environment of functions that call SageMaker; where the stage has a SageMaker of its own. */
  readonly sageMakerEnvironment?: Readonly<Record<string, string>>;
}

/** Training jobs and requests become escrows: intakes, lifecycle, signals, deadlines. */
export class EscrowStack extends Stack {
  constructor(scope: Construct, id: string, { config, foundation, sageMakerEnvironment, ...props }: FlowStackProps) {
    super(scope, id, props);
    const { prefix, key, bus, intents, mailbox, alarmTopic } = foundation;
    const lifecycle = new EscrowLifecycle(this, 'Lifecycle', { config, foundation });
    const defaultBus = EventBus.fromEventBusName(this, 'DefaultBus', 'default');

    const trainingEvents = new EventQueue(this, 'TrainingEvents', {
      name: 'training-events',
      prefix,
      key,
      bus: defaultBus,
      pattern: {
        source: ['aws.sagemaker'],
        detailType: [TRAINING_JOB_STATE_CHANGE],
        detail: { TrainingJobStatus: ['Completed'], ...namesOfJobs(config.bonus) },
      },
      alarmTopic,
    });
    const startBonus = new PipelineFunction(this, {
      lambda: 'start-bonus',
      prefix,
      timeout: Duration.seconds(30),
      environment: {
        ...trainingEvents.environment,
        ...sageMakerEnvironment,
        EVENT_BUS: bus.eventBusName,
        INTENT_TABLE: intents.tableName,
        STATE_MACHINE_ARN: lifecycle.stateMachineArn,
      },
      policies: { bonus: config.bonus, terms: ruleTerms(config) },
      alarmTopic,
    });
    trainingEvents.feed(startBonus, 5);
    createAlarm(this, 'MetricMissing', {
      metric: pipelineMetric('MetricMissing', prefix),
      description: `A training job completed without the metric of its bonus rule: the event "bonus.skipped" of start-bonus names job, rule and metric. Check the job's metric definitions. No bonus was started for it.`,
      topic: alarmTopic,
    });
    createAlarm(this, 'MetricImplausible', {
      metric: pipelineMetric('MetricImplausible', prefix),
      description: `A training job's metric is out of the plausible range of its bonus rule: the event "bonus.skipped" of start-bonus names job, rule and value. It may be in per cent, or the range is wrong. No bonus was started for it.`,
      topic: alarmTopic,
    });

    createAlarm(this, 'PastSkipped', {
      metric: pipelineMetric('PastSkipped', prefix),
      description: `Jobs or requests were not paid, because they are older than the ledger or than the rule that would pay them. Nothing is wrong where the stage or the rule is new. See which: npm run intents -- skipped --stage ${config.stage}; pay one: npm run intents -- pay KEY --stage ${config.stage}.`,
      topic: alarmTopic,
    });
    this.addRequests(config, foundation, lifecycle);
    const recordSignal = this.addSignals(config, foundation, defaultBus);
    const deliverDeadlines = new PipelineFunction(this, {
      lambda: 'deliver-deadlines',
      prefix,
      timeout: Duration.minutes(1),
      environment: { MAILBOX_TABLE: mailbox.tableName },
      alarmTopic,
    });
    allowQueryingIndex(deliverDeadlines, mailbox, BY_DEADLINE_INDEX);
    const watchEscrows = new PipelineFunction(this, {
      lambda: 'watch-escrows',
      prefix,
      timeout: Duration.minutes(1),
      environment: {
        ESCROW_SERVICE: JSON.stringify(config.purpleFlea.escrow),
        CONNECT_TIMEOUT_MS: String(config.purpleFlea.connectTimeoutMs),
        REQUEST_TIMEOUT_MS: String(config.purpleFlea.requestTimeoutMs),
        PACE_PERCENT: String(config.purpleFlea.pacePercent),
        MAILBOX_TABLE: mailbox.tableName,
        INTENT_TABLE: foundation.intents.tableName,
      },
      alarmTopic,
    });
    allowQueryingIndex(watchEscrows, mailbox, BY_DEADLINE_INDEX);
    giveKeys(watchEscrows, foundation.keys, ...(hasOneList(config) ? (['treasury'] as const) : []));
    allowPacing(watchEscrows, foundation.intents, key);
    createSchedule(this, 'WatchEscrowsSchedule', { fn: watchEscrows, every: Duration.minutes(1) });
    createAlarm(this, 'WatchLag', {
      metric: pipelineMetric('WatchLagSeconds', prefix, 'Maximum'),
      description: `Looking at all open escrows takes more than an hour: there are too many for the service's limits, or watch-escrows fails. Deadlines are told all the same.`,
      above: 3600,
      topic: alarmTopic,
    });
    for (const fn of [recordSignal, watchEscrows]) allowUsingMailbox(fn, mailbox, key);
    allowEndingDueWaits(deliverDeadlines, mailbox, key);
    for (const fn of [recordSignal, deliverDeadlines, watchEscrows]) {
      allowOn(fn, ['states:SendTaskSuccess'], lifecycle.stateMachineArn);
    }
    createSchedule(this, 'DeliverDeadlinesSchedule', { fn: deliverDeadlines, every: Duration.minutes(1) });
    createAlarm(this, 'DeadlineLag', {
      metric: pipelineMetric('DeadlineLagSeconds', prefix, 'Maximum'),
      description: 'Deadlines of escrows are told over five minutes late: look at deliver-deadlines.',
      above: 300,
      topic: alarmTopic,
    });

    const findMissedJobs = new PipelineFunction(this, {
      lambda: 'find-missed-jobs',
      prefix,
      timeout: Duration.minutes(5),
      environment: {
        ...sageMakerEnvironment,
        EVENT_BUS: bus.eventBusName,
        STATE_MACHINE_ARN: lifecycle.stateMachineArn,
        INTENT_TABLE: intents.tableName,
      },
      policies: { bonus: config.bonus, terms: ruleTerms(config) },
      alarmTopic,
    });
    allowListingJobs(findMissedJobs);
    createSchedule(this, 'FindMissedJobsSchedule', { fn: findMissedJobs, every: Duration.hours(1) });
    for (const fn of [startBonus, findMissedJobs]) {
      allowDecidingOnce(fn, intents, key);
      allowOn(fn, ['states:StartExecution'], lifecycle.stateMachineArn);
      allowDescribingJobs(fn, config);
      allowPublishing(fn, bus);
    }

    this.addLedgerFunctions(config, foundation, lifecycle);
    if (foundation.webhookSecret !== undefined) {
      const { webhookSecret } = foundation;
      const { url } = new WebhookApi(this, 'Webhooks', { foundation, lifecycle, webhookSecret });
      new CfnOutput(this, 'WebhookUrl', { value: url });
    }
    new CfnOutput(this, 'StateMachineArn', { value: lifecycle.stateMachineArn });
  }

  /** Escrows that are requested, by events and by the schedules of subscriptions. */
  private addRequests(config: Config, foundation: FoundationStack, lifecycle: EscrowLifecycle): void {
    const { prefix, key, bus, intents, alarmTopic } = foundation;
    const { subscriptions, ...policy } = config.escrows;
    const requests = new EventQueue(this, 'EscrowRequests', {
      name: 'escrow-requests',
      prefix,
      key,
      bus,
      pattern: { detailType: [INCOMING.escrowRequested] },
      alarmTopic,
    });
    const startEscrows = new PipelineFunction(this, {
      lambda: 'start-escrows',
      prefix,
      timeout: Duration.seconds(30),
      environment: {
        ...requests.environment,
        EVENT_BUS: bus.eventBusName,
        INTENT_TABLE: intents.tableName,
        STATE_MACHINE_ARN: lifecycle.stateMachineArn,
      },
      policies: { requests: policy, terms: ruleTerms(config) },
      alarmTopic,
    });
    requests.feed(startEscrows, 5);
    allowDecidingOnce(startEscrows, intents, key);
    allowOn(startEscrows, ['states:StartExecution'], lifecycle.stateMachineArn);
    allowPublishing(startEscrows, bus);
    if (subscriptions.length > 0) new Subscriptions(this, 'Subscriptions', { foundation, subscriptions });
  }

  /** Deliveries and decisions: the app's own events, and what SageMaker says of model packages and endpoints. */
  private addSignals(config: Config, foundation: FoundationStack, defaultBus: IEventBus): PipelineFunction {
    const { prefix, key, bus, mailbox, alarmTopic } = foundation;
    const { escrowDelivered, escrowApproved, escrowRejected } = INCOMING;
    const signals = new EventQueue(this, 'Signals', {
      name: 'signals',
      prefix,
      key,
      bus,
      pattern: { detailType: [escrowDelivered, escrowApproved, escrowRejected] },
      alarmTopic,
    });
    const source = ['aws.sagemaker'];
    signals.addSource({
      name: 'model-packages',
      bus: defaultBus,
      pattern: {
        source,
        detailType: [MODEL_PACKAGE_STATE_CHANGE],
        detail: decisionsOf(config.modelPackages),
      },
    });
    for (const [index, endpoints] of chunksOf(config.bonus.endpoints, MAX_ENDPOINTS).entries()) {
      signals.addSource({
        name: index === 0 ? 'endpoints' : `endpoints-${index + 1}`,
        bus: defaultBus,
        pattern: {
          source,
          detailType: [ENDPOINT_STATE_CHANGE],
          detail: { EndpointName: endpoints, EndpointStatus: ['IN_SERVICE', 'InService'] },
        },
      });
    }
    const recordSignal = new PipelineFunction(this, {
      lambda: 'record-signal',
      prefix,
      timeout: Duration.seconds(30),
      environment: { ...signals.environment, MAILBOX_TABLE: mailbox.tableName },
      policies: { packages: config.modelPackages },
      alarmTopic,
    });
    signals.feed(recordSignal, 5);
    return recordSignal;
  }

  /** Settles effects in doubt, by the sweeper and by people. */
  private addLedgerFunctions(config: Config, foundation: FoundationStack, lifecycle: EscrowLifecycle): void {
    const { prefix, key, bus, intents, mailbox, alarmTopic } = foundation;
    const resolveIntents = new PipelineFunction(this, {
      lambda: 'resolve-intents',
      prefix,
      timeout: Duration.minutes(2),
      environment: {
        ...foundation.purpleFleaEnvironment,
        INTENT_TABLE: intents.tableName,
        MAILBOX_TABLE: mailbox.tableName,
        EVENT_BUS: bus.eventBusName,
        STOP_PARAMETER: foundation.stop.parameterName,
      },
      policies: { symbols: marketSymbols(config), terms: ruleTerms(config), ...foundation.ledgerPolicies },
      alarmTopic,
    });
    allowEndingWaits(resolveIntents, mailbox, key);
    allowReadingParameter(resolveIntents, foundation.stop);
    allowOn(resolveIntents, ['states:SendTaskSuccess'], lifecycle.stateMachineArn);
    createSchedule(this, 'ResolveIntentsSchedule', { fn: resolveIntents, every: Duration.minutes(1) });
    createAlarm(this, 'IntentsInDoubt', {
      metric: pipelineMetric('IntentsInDoubt', prefix, 'Maximum'),
      description: `Effects have been in doubt for an hour and nothing settles them: see intents in state "unknown" in ${intents.tableName}, and why resolve-intents cannot look for them in its log.`,
      periods: 12,
      topic: alarmTopic,
    });

    const decideIntent = new PipelineFunction(this, {
      lambda: 'decide-intent',
      prefix,
      timeout: Duration.minutes(2),
      environment: {
        AGENT_ID: config.purpleFlea.agentId,
        ESCROW_SERVICE: JSON.stringify(config.purpleFlea.escrow),
        TRADING_SERVICE: JSON.stringify(config.purpleFlea.trading),
        FAUCET_SERVICE: JSON.stringify(config.purpleFlea.faucet),
        WALLET_SERVICE: JSON.stringify(config.purpleFlea.wallet),
        CONNECT_TIMEOUT_MS: String(config.purpleFlea.connectTimeoutMs),
        REQUEST_TIMEOUT_MS: String(config.purpleFlea.requestTimeoutMs),
        PACE_PERCENT: String(config.purpleFlea.pacePercent),
        INTENT_TABLE: intents.tableName,
        MAILBOX_TABLE: mailbox.tableName,
        EVENT_BUS: bus.eventBusName,
        STATE_MACHINE_ARN: lifecycle.stateMachineArn,
      },
      policies: { terms: ruleTerms(config) },
      alarmTopic,
    });
    allowReadingMailbox(decideIntent, mailbox, key);
    allowOn(decideIntent, ['states:StartExecution'], lifecycle.stateMachineArn);
    allowDescribingExecutions(decideIntent, lifecycle);
    for (const fn of [resolveIntents, decideIntent]) {
      allowRecordingIntents(fn, intents, key);
      allowReadingBeginnings(fn, intents);
      allowQueryingIndex(fn, intents, BY_STATE_INDEX);
      allowPublishing(fn, bus);
    }
    giveKeys(resolveIntents, foundation.keys, ...KEY_ROLES);
    giveKeys(decideIntent, foundation.keys, ...KEY_ROLES);
    this.addReconciliation(config, foundation);
  }

  /** Daily reconciliation, with alarms for drift and for a missing run. */
  private addReconciliation(config: Config, foundation: FoundationStack): void {
    const { prefix, key, bus, intents, alarmTopic } = foundation;
    const reconcileLedger = new PipelineFunction(this, {
      lambda: 'reconcile-ledger',
      prefix,
      timeout: Duration.minutes(15),
      environment: {
        ...foundation.purpleFleaEnvironment,
        INTENT_TABLE: intents.tableName,
        EVENT_BUS: bus.eventBusName,
      },
      policies: { symbols: marketSymbols(config) },
      alarmTopic,
    });
    allowKeepingItems(reconcileLedger, intents, key, BASELINE_KEYS);
    allowQueryingIndex(reconcileLedger, intents, BY_STATE_INDEX);
    giveKeys(reconcileLedger, foundation.keys, 'treasury', 'trading', 'wallet', 'predecessor');
    allowPacing(reconcileLedger, intents, key);
    allowPublishing(reconcileLedger, bus);
    createSchedule(this, 'ReconcileLedgerSchedule', { fn: reconcileLedger, every: Duration.days(1) });
    createAlarm(this, 'LedgerDrifts', {
      metric: pipelineMetric('LedgerDrifts', prefix),
      description: `The ledger and Purple Flea disagree: the events and log lines "ledger.drifted" of reconcile-ledger name escrow and intent. Stop new money first if a payment may be missing or double (/${prefix}/stop), then see "Every day the books are compared" in docs/workflows/money-once.md.`,
      topic: alarmTopic,
    });
    createAbsenceAlarm(this, 'LedgerUnreconciled', {
      metric: pipelineMetric('LedgerReconciled', prefix).with({ period: Duration.days(1) }),
      description:
        'For two days no reconciliation compared all that it can: reconcile-ledger did not run, failed (is there a key in the secret?), or could not read everything. Its last event "ledger.reconciled" says why under "problems".',
      periods: 2,
      topic: alarmTopic,
    });
  }
}

/** Whether one agent's list shows all escrows that are waited for. Otherwise each has a status that anyone may read. */
function hasOneList({ purpleFlea: { escrow, keys } }: Config): boolean {
  return escrow.profile === 'reference' && keys?.predecessor === undefined;
}

/** Find and describe executions of one state machine: they are named after effects. */
function allowDescribingExecutions(fn: PipelineFunction, lifecycle: EscrowLifecycle): void {
  allowOn(fn, ['states:ListExecutions'], lifecycle.stateMachineArn);
  allowOn(fn, ['states:DescribeExecution'], `${lifecycle.executionArn}:*`);
  Validations.of(fn.node.scope ?? fn).acknowledge({
    id: `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:${lifecycle.stateMachineName}:*]`,
    reason: 'Executions are named after effects: only the name of their state machine is known here.',
  });
}

/** List jobs, which SageMaker grants for all of them or none. */
function allowListingJobs(fn: PipelineFunction): void {
  allowOn(fn, ['sagemaker:ListTrainingJobs'], '*');
  Validations.of(fn.node.scope ?? fn).acknowledge({
    id: 'AwsSolutions-IAM5[Resource::*]',
    reason: 'SageMaker cannot limit the listing of training jobs to some of them; it changes nothing.',
  });
}

/** Describe the jobs that can earn a bonus: those with the names or the tags of its rules. */
function allowDescribingJobs(fn: PipelineFunction, { bonus }: Config): void {
  const { names, tag } = jobsOf(bonus);
  const jobArn = (resourceName: string) =>
    Stack.of(fn).formatArn({ service: 'sagemaker', resource: 'training-job', resourceName });
  const action = 'sagemaker:DescribeTrainingJob';
  if (names.length > 0) allowOn(fn, [action], ...names.map(jobArn));
  if (tag !== undefined) {
    allowOn(fn, ['sagemaker:ListTags'], jobArn('*'));
    const tagKey = `aws:ResourceTag/${tag.key}`;
    const conditions =
      tag.values === undefined ? { Null: { [tagKey]: 'false' } } : { StringEquals: { [tagKey]: tag.values } };
    fn.addToRolePolicy(new PolicyStatement({ actions: [action], resources: [jobArn('*')], conditions }));
  }
  for (const resourceName of new Set(tag === undefined ? names : [...names, '*'])) {
    Validations.of(fn.node.scope ?? fn).acknowledge({
      id: `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:sagemaker:<AWS::Region>:<AWS::AccountId>:training-job/${resourceName}]`,
      reason: 'Training jobs are named when they are started: only what the rules say of their names is known here.',
    });
  }
}

/** What an event pattern says of a model package's decisions. */
function decisionsOf(packages: Config['modelPackages']): Readonly<Record<string, unknown>> {
  if (packages.by === 'approval-status') return { ModelApprovalStatus: ['Approved', 'Rejected'] };
  const stages = [...packages.approved, ...packages.rejected];
  const names = (field: 'stage' | 'status') => [...new Set(stages.map((one) => one[field]))];
  return { ModelLifeCycle: { Stage: names('stage'), StageStatus: names('status') } };
}

/** So many names of endpoints fit into the pattern of one rule. */
const MAX_ENDPOINTS = 20;

function chunksOf<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
