import { ArnFormat, Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { PolicyStatement, Role } from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { fileURLToPath } from 'node:url';
import type { Config } from '../config.ts';
import type { FoundationStack } from '../foundation-stack.ts';
import {
  allowListingSignals,
  allowOn,
  allowPacing,
  allowPublishing,
  allowReadingIntents,
  allowReadingParameter,
  allowReadingBeginnings,
  allowRecordingIntents,
  allowUsingMailbox,
  allowWaiting,
  ofOwnAccount,
} from '../grants.ts';
import { giveKeys } from '../key-sources.ts';
import type { Policies } from '../policies.ts';
import { createAlarm } from './alarm.ts';
import { PipelineFunction } from './pipeline-function.ts';

const DEFINITION = fileURLToPath(new URL('../../statemachines/escrow-lifecycle.asl.json', import.meta.url));

/** The escrow lifecycle: one execution an escrow, and the functions that its tasks invoke. */
export class EscrowLifecycle extends Construct {
  /** Built from the name: the functions need it in their policies before the state machine exists. */
  readonly stateMachineArn: string;
  readonly stateMachineName: string;
  /** What the ARNs of its executions begin with, likewise. */
  readonly executionArn: string;

  constructor(
    scope: Construct,
    id: string,
    { config, foundation }: { readonly config: Config; readonly foundation: FoundationStack },
  ) {
    super(scope, id);
    const { prefix, key, bus, intents, mailbox, alarmTopic } = foundation;
    const stateMachineName = `${prefix}-escrow-lifecycle`;
    this.stateMachineName = stateMachineName;
    const arnOf = (resource: string) =>
      Stack.of(this).formatArn({
        service: 'states',
        resource,
        resourceName: stateMachineName,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      });
    this.stateMachineArn = arnOf('stateMachine');
    this.executionArn = arnOf('execution');

    const purpleFlea = {
      INTENT_TABLE: intents.tableName,
      PACE_PERCENT: String(config.purpleFlea.pacePercent),
      ESCROW_SERVICE: JSON.stringify(config.purpleFlea.escrow),
      CONNECT_TIMEOUT_MS: String(config.purpleFlea.connectTimeoutMs),
      REQUEST_TIMEOUT_MS: String(config.purpleFlea.requestTimeoutMs),
      EVENT_BUS: bus.eventBusName,
    };
    const task = (lambda: string, timeout: Duration, environment: Record<string, string>, policies?: Policies) =>
      new PipelineFunction(this, {
        lambda,
        prefix,
        timeout,
        environment,
        ...(policies === undefined ? {} : { policies }),
        alarmTopic,
      });

    const { ledgerPolicies } = foundation;
    const ledger = { ...purpleFlea, ...foundation.ledgerEnvironment, AGENT_ID: config.purpleFlea.agentId };
    const wallet = { WALLET_SERVICE: JSON.stringify(config.purpleFlea.wallet) };
    const lockFunds = task('lock-funds', Duration.seconds(30), { ...ledger, ...wallet }, ledgerPolicies);
    const completeDelivery = task('complete-delivery', Duration.seconds(45), ledger, ledgerPolicies);
    const releaseFunds = task('release-funds', Duration.seconds(60), ledger, ledgerPolicies);
    const raiseDispute = task('raise-dispute', Duration.seconds(60), ledger, ledgerPolicies);
    const reviewDelivery = task('review-delivery', Duration.seconds(30), {
      ...purpleFlea,
      MAILBOX_TABLE: mailbox.tableName,
    });
    const checkStatus = task('check-status', Duration.seconds(30), purpleFlea);
    const awaitSignal = task('await-signal', Duration.seconds(30), {
      MAILBOX_TABLE: mailbox.tableName,
      INTENT_TABLE: intents.tableName,
    });
    const awaitVerdict = task('await-verdict', Duration.seconds(30), {
      MAILBOX_TABLE: mailbox.tableName,
      INTENT_TABLE: intents.tableName,
    });

    for (const fn of [lockFunds, completeDelivery, releaseFunds, raiseDispute]) {
      allowRecordingIntents(fn, intents, key);
      allowReadingBeginnings(fn, intents);
      allowReadingParameter(fn, foundation.stop);
    }
    giveKeys(lockFunds, foundation.keys, 'treasury');
    giveKeys(completeDelivery, foundation.keys, 'counterparties');
    for (const fn of [releaseFunds, raiseDispute]) giveKeys(fn, foundation.keys, 'treasury', 'predecessor');
    for (const fn of [lockFunds, completeDelivery, releaseFunds, raiseDispute, reviewDelivery, checkStatus]) {
      allowPublishing(fn, bus);
    }
    allowWaiting(awaitSignal, mailbox, key);
    allowUsingMailbox(awaitVerdict, mailbox, key);
    for (const fn of [awaitSignal, awaitVerdict]) {
      allowOn(fn, ['states:SendTaskSuccess'], this.stateMachineArn);
    }
    allowListingSignals(awaitSignal, mailbox);
    allowListingSignals(reviewDelivery, mailbox);
    allowOn(reviewDelivery, ['kms:Decrypt'], key.keyArn);
    for (const fn of [awaitVerdict, awaitSignal, reviewDelivery, checkStatus]) allowReadingIntents(fn, intents, key);
    for (const fn of [reviewDelivery, checkStatus]) allowPacing(fn, intents, key);

    const tasks = {
      lockFunds,
      completeDelivery,
      releaseFunds,
      raiseDispute,
      reviewDelivery,
      checkStatus,
      awaitSignal,
      awaitVerdict,
    };
    const role = new Role(this, 'Role', { assumedBy: ofOwnAccount(this, 'states.amazonaws.com') });
    role.addToPolicy(
      new PolicyStatement({
        actions: ['lambda:InvokeFunction'],
        resources: Object.values(tasks).map((fn) => fn.functionArn),
      }),
    );

    Validations.of(role).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason:
        'Log delivery and X-Ray, which Step Functions needs for its logs and traces, cannot be limited to a resource.',
    });

    const stateMachine = new StateMachine(this, 'StateMachine', {
      stateMachineName,
      stateMachineType: StateMachineType.STANDARD,
      definitionBody: DefinitionBody.fromFile(DEFINITION),
      definitionSubstitutions: {
        LockFunds: lockFunds.functionArn,
        AwaitSignal: awaitSignal.functionArn,
        AwaitVerdict: awaitVerdict.functionArn,
        CompleteDelivery: completeDelivery.functionArn,
        ReviewDelivery: reviewDelivery.functionArn,
        ReleaseFunds: releaseFunds.functionArn,
        RaiseDispute: raiseDispute.functionArn,
        CheckStatus: checkStatus.functionArn,
      },
      role,
      tracingEnabled: true,
      logs: {
        level: LogLevel.ALL,
        includeExecutionData: true,
        destination: new LogGroup(this, 'Logs', {
          logGroupName: `/aws/vendedlogs/states/${stateMachineName}`,
          retention: RetentionDays.ONE_YEAR,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
      },
    });

    createAlarm(this, 'ExecutionsFailed', {
      metric: stateMachine.metricFailed({ period: Duration.minutes(5) }),
      description: `An escrow ended in FundingFailed or NeedsAttention: open the failed execution of ${stateMachineName}.`,
      topic: alarmTopic,
    });
    createAlarm(this, 'ExecutionsTimedOut', {
      metric: stateMachine.metricTimedOut({ period: Duration.minutes(5) }),
      description: `An escrow outlived every wait it may have: open the execution of ${stateMachineName}.`,
      topic: alarmTopic,
    });
    createAlarm(this, 'FunctionsThrottled', {
      metric: new Metric({
        namespace: 'AWS/Lambda',
        metricName: 'Throttles',
        period: Duration.minutes(5),
        statistic: 'Sum',
      }),
      description: `For 15 minutes Lambda has refused to start functions in this account and region. Executions of ${stateMachineName} try for a day: raise the concurrency limit.`,
      periods: 3,
      topic: alarmTopic,
    });
  }
}
