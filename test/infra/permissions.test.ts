import { describe, expect, test } from '@jest/globals';
import { loadConfig } from '../../lib/config.ts';
import { STAGES } from '../../lib/stages.ts';
import {
  describeStatement,
  listed,
  statementsOf,
  synthesizeStage,
  type PolicyProperties,
} from '../support/synthesized-stage.ts';

const DECRYPT = 'kms:Decrypt on kms:key/data';
const DECRYPT_AND_SEND = 'kms:Decrypt kms:GenerateDataKey on kms:key/data';
const USE_TABLE_KEY =
  'kms:Decrypt kms:DescribeKey kms:Encrypt kms:GenerateDataKey kms:ReEncryptFrom kms:ReEncryptTo on kms:key/data';
const SECRET = 'secretsmanager:GetSecretValue on secretsmanager:secret:<secretName>-a1B2c3';
const WEBHOOK_SECRET = 'secretsmanager:GetSecretValue on secretsmanager:secret:<secretName>Webhook-a1B2c3';
/** A claim is one transaction over intent, budgets and lock, which needs the actions of its parts; nothing only checks. */
const LEDGER = 'dynamodb:DeleteItem dynamodb:GetItem dynamodb:PutItem dynamodb:UpdateItem on dynamodb:table/intents';
const READ_INTENT = 'dynamodb:GetItem on dynamodb:table/intents';
/** Record by any key what is decided once, and see when the table was made. */
const DECIDE_ONCE = 'dynamodb:DescribeTable dynamodb:GetItem dynamodb:PutItem on dynamodb:table/intents';
const LEDGER_AND_AGE = LEDGER.replace('dynamodb:GetItem', 'dynamodb:DescribeTable dynamodb:GetItem');
/** Of the pacer's items alone; see below. */
const PACE = 'dynamodb:GetItem dynamodb:UpdateItem on dynamodb:table/intents';
/** On keys that begin so alone; see below. */
const KEEP_ITEMS = 'dynamodb:PutItem on dynamodb:table/intents';
const BY_STATE = 'dynamodb:Query on dynamodb:table/intents/index/by-state';
const STOP = 'ssm:GetParameter on ssm:parameter/pipeline/stop';
const MAILBOX = 'dynamodb:DeleteItem dynamodb:GetItem dynamodb:PutItem on dynamodb:table/mailbox';
/** Who settles an effect ends the wait for it. */
const VERDICTS = 'dynamodb:DeleteItem dynamodb:GetItem on dynamodb:table/mailbox';
/** It alone looks for what was said before. */
const LISTED_MAILBOX = 'dynamodb:DeleteItem dynamodb:PutItem dynamodb:Query on dynamodb:table/mailbox';
const PUBLISH = 'events:PutEvents on events:event-bus/pipeline';
const START = 'states:StartExecution on states:stateMachine:escrow-lifecycle';
/** Of the jobs of the configured rules; a stage without rules describes none. */
const DESCRIBE_JOBS = 'sagemaker:DescribeTrainingJob on sagemaker:training-job/churn-* sagemaker:training-job/fraud-*';
const RESUME = 'states:SendTaskSuccess on states:stateMachine:escrow-lifecycle';
const take = (queue: string) =>
  `sqs:ChangeMessageVisibility sqs:DeleteMessage sqs:GetQueueAttributes sqs:GetQueueUrl sqs:ReceiveMessage on sqs:${queue}`;
const putAside = (queue: string) => `sqs:SendMessage on sqs:${queue}`;

/** An asynchronous endpoint's objects have names of its own making. */
const ANSWERS = ['s3:inferences/answers/*', 's3:inferences/failures/*'];

/** All that each function may do, besides writing to its own log group. */
const GRANTS: Readonly<Record<string, readonly string[]>> = {
  'await-signal': [READ_INTENT, LISTED_MAILBOX, USE_TABLE_KEY, RESUME],
  'await-verdict': [READ_INTENT, MAILBOX, USE_TABLE_KEY, RESUME],
  'check-readiness': [READ_INTENT, PACE, STOP, SECRET, USE_TABLE_KEY],
  'check-status': [READ_INTENT, PACE, USE_TABLE_KEY, PUBLISH],
  'complete-delivery': [LEDGER_AND_AGE, STOP, SECRET, USE_TABLE_KEY, PUBLISH],
  'decide-intent': [
    LEDGER_AND_AGE,
    BY_STATE,
    'dynamodb:GetItem dynamodb:Query on dynamodb:table/mailbox',
    SECRET,
    USE_TABLE_KEY,
    PUBLISH,
    'states:ListExecutions states:StartExecution on states:stateMachine:escrow-lifecycle',
    'states:DescribeExecution on states:execution:escrow-lifecycle:*',
  ],
  'deliver-deadlines': [
    'dynamodb:DeleteItem on dynamodb:table/mailbox',
    'dynamodb:Query on dynamodb:table/mailbox/index/by-deadline',
    USE_TABLE_KEY,
    RESUME,
  ],
  'find-missed-jobs': [DECIDE_ONCE, USE_TABLE_KEY, START, DESCRIBE_JOBS, 'sagemaker:ListTrainingJobs on *', PUBLISH],
  'lock-funds': [LEDGER_AND_AGE, STOP, SECRET, USE_TABLE_KEY, PUBLISH],
  'measure-positions': [READ_INTENT, DECRYPT, PACE, SECRET, USE_TABLE_KEY],
  'place-trade': [
    take('trade-signals.fifo'),
    putAside('trade-signals-dead.fifo'),
    LEDGER_AND_AGE,
    STOP,
    SECRET,
    USE_TABLE_KEY,
    PUBLISH,
  ],
  'raise-dispute': [LEDGER_AND_AGE, STOP, SECRET, USE_TABLE_KEY, PUBLISH],
  'receive-webhook': [WEBHOOK_SECRET, MAILBOX, USE_TABLE_KEY, RESUME],
  'record-signal': [take('signals'), putAside('signals-dead'), MAILBOX, USE_TABLE_KEY, RESUME],
  'reconcile-ledger': [READ_INTENT, KEEP_ITEMS, PACE, BY_STATE, SECRET, USE_TABLE_KEY, PUBLISH],
  'reject-event': [take('unknown-events'), putAside('unknown-events-dead'), DECRYPT_AND_SEND],
  'release-funds': [LEDGER_AND_AGE, STOP, SECRET, USE_TABLE_KEY, PUBLISH],
  'read-inference-eth': [
    take('inferences-eth'),
    putAside('inferences-eth-dead'),
    DECRYPT_AND_SEND,
    `s3:GetObject on ${ANSWERS.join(' ')}`,
    PUBLISH,
  ],
  'request-prediction-btc': ['sagemaker:InvokeEndpoint on sagemaker:endpoint/direction-model', PUBLISH],
  'resolve-intents': [LEDGER_AND_AGE, BY_STATE, VERDICTS, STOP, SECRET, USE_TABLE_KEY, PUBLISH, RESUME],
  'review-delivery': [READ_INTENT, PACE, USE_TABLE_KEY, PUBLISH, 'dynamodb:Query on dynamodb:table/mailbox'],
  'watch-escrows': [
    MAILBOX,
    'dynamodb:Query on dynamodb:table/mailbox/index/by-deadline',
    PACE,
    SECRET,
    USE_TABLE_KEY,
    RESUME,
  ],
  'start-escrows': [
    take('escrow-requests'),
    putAside('escrow-requests-dead'),
    DECIDE_ONCE,
    USE_TABLE_KEY,
    START,
    PUBLISH,
  ],
  'start-bonus': [
    take('training-events'),
    putAside('training-events-dead'),
    DECIDE_ONCE,
    USE_TABLE_KEY,
    START,
    DESCRIBE_JOBS,
    PUBLISH,
  ],
};

/** What cannot be limited to a resource: log delivery and X-Ray. */
const UNLIMITED = /^(logs:(\w+LogDelivery|ListLogDeliveries|\w+ResourcePolic(y|ies)|DescribeLogGroups)|xray:\w+)$/;

describe.each(STAGES)('the permissions of stage %s', (stageName) => {
  const stage = synthesizeStage(stageName);
  const { bonus, webhooks, trading, secretName } = loadConfig(stageName);
  const { inferences } = trading;
  /**
   * On paper neither who trades nor who measures holds a key; live, who only reads the market does not see the table.
   * Without a cool-down no earlier orders are looked for.
   */
  const withheld = (name: string): readonly string[] => {
    if (trading.mode === 'paper') {
      if (name === 'measure-positions') return [SECRET, PACE, USE_TABLE_KEY];
      return name === 'place-trade' ? [SECRET] : [];
    }
    if (name === 'check-readiness') return [READ_INTENT];
    return name === 'measure-positions' ? [READ_INTENT, DECRYPT] : [];
  };
  const hasRules = bonus.rules.length > 0;
  const expectedOf = (name: string) =>
    (GRANTS[name] ?? ['a row in the table'])
      .filter((grant) => !withheld(name).includes(grant) && (hasRules || grant !== DESCRIBE_JOBS))
      .map((grant) => grant.replace('<secretName>', secretName));
  const functions = stage
    .resources<{ FunctionName: string; Role: string }>('AWS::Lambda::Function')
    .map(({ properties }) => ({ name: stage.shorten(properties.FunctionName), role: properties.Role }));

  test.each(functions)('let $name do exactly what it needs', ({ name, role }) => {
    const ownLogs = `logs:CreateLogStream logs:PutLogEvents on logs:log-group:/aws/lambda/${name}`;

    const granted = statementsOf(stage, role).map((statement) => describeStatement(stage, statement));

    expect(granted.toSorted()).toEqual([ownLogs, ...expectedOf(name)].toSorted());
  });

  test('are for functions that exist', () => {
    const expected = Object.keys(GRANTS)
      .filter((name) => webhooks.enabled || name !== 'receive-webhook')
      .filter((name) => inferences.length > 0 || name !== 'read-inference-eth')
      .filter((name) => trading.predictors.length > 0 || name !== 'request-prediction-btc');

    expect(expected.toSorted()).toEqual(functions.map(({ name }) => name).toSorted());
  });

  test('let exactly those read the stop that send effects or wake what waits, and who says whether orders may go out', () => {
    const told = stage
      .resources<{ FunctionName: string; Environment: { Variables: Record<string, string> } }>('AWS::Lambda::Function')
      .filter(({ properties }) => properties.Environment.Variables['STOP_PARAMETER'] !== undefined)
      .map(({ properties }) => stage.shorten(properties.FunctionName));
    const allowed = Object.keys(GRANTS).filter((name) => GRANTS[name]?.includes(STOP));

    expect(allowed.toSorted()).toEqual([
      'check-readiness',
      'complete-delivery',
      'lock-funds',
      'place-trade',
      'raise-dispute',
      'release-funds',
      'resolve-intents',
    ]);
    expect(told.toSorted()).toEqual(allowed.toSorted());
  });

  test.each([['reconcile-ledger', 'reconciliation/*']])('let %s write no item of the ledger but %s', (writer, keys) => {
    const { role } = functions.find(({ name }) => name === writer) ?? { role: '' };
    const writing = statementsOf(stage, role).filter(({ Action }) => listed(Action).includes('dynamodb:PutItem'));

    expect(writing.map(({ Condition }) => Condition)).toEqual([
      { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [keys] } },
    ]);
  });

  test('let those that only read Purple Flea move on the items of the pacer, and no other', () => {
    const pacing = Object.keys(GRANTS).filter((name) => GRANTS[name]?.includes(PACE) && !withheld(name).includes(PACE));
    const updating = functions
      .filter(({ name }) => pacing.includes(name))
      .flatMap(({ role }) => statementsOf(stage, role))
      .filter(({ Action }) => listed(Action).includes('dynamodb:UpdateItem'));

    expect(updating.map(({ Condition }) => Condition)).toEqual(
      pacing.map(() => ({ 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['pace/*'] } })),
    );
  });

  test('name every action whole, and every resource but training jobs, executions, answers in S3 and those of log delivery', () => {
    const statements = stage
      .resources<PolicyProperties>('AWS::IAM::Policy')
      .flatMap(({ properties }) => properties.PolicyDocument.Statement);
    const wildcards = statements
      .flatMap((statement) => listed(statement.Resource))
      .filter((resource) => resource.includes('*'));

    expect(statements.flatMap(({ Action }) => listed(Action)).filter((action) => action.includes('*'))).toEqual([]);
    expect(statements.filter(({ Effect }) => Effect !== 'Allow')).toEqual([]);
    expect(wildcards.map((arn) => stage.shorten(arn)).toSorted()).toEqual([
      '*',
      '*',
      ...(inferences.length > 0 ? ANSWERS : []),
      ...(hasRules ? ['churn-*', 'churn-*', 'fraud-*', 'fraud-*'] : []).map((one) => `sagemaker:training-job/${one}`),
      'states:execution:escrow-lifecycle:*',
    ]);
  });

  test('let the state machine invoke its eight functions, and deliver logs and traces', () => {
    const [machine] = stage.resources<{ RoleArn: string }>('AWS::StepFunctions::StateMachine');
    const statements = statementsOf(stage, machine?.properties.RoleArn ?? '');
    const [invoke, deliver, ...others] = statements;

    expect(others).toEqual([]);
    expect(invoke && describeStatement(stage, invoke)).toBe(
      `lambda:InvokeFunction on ${[
        'await-signal',
        'await-verdict',
        'check-status',
        'complete-delivery',
        'lock-funds',
        'raise-dispute',
        'release-funds',
        'review-delivery',
      ]
        .map((name) => `lambda:function:${name}`)
        .join(' ')}`,
    );
    expect(deliver?.Resource).toBe('*');
    expect(listed(deliver?.Action ?? '').filter((action) => !UNLIMITED.test(action))).toEqual([]);
  });

  test('belong to roles that one service each may assume', () => {
    const trusted = stage
      .resources<{ AssumeRolePolicyDocument: { Statement: { Principal: { Service?: string } }[] } }>('AWS::IAM::Role')
      .map(({ properties }) => properties.AssumeRolePolicyDocument.Statement.map(({ Principal }) => Principal.Service));

    expect(new Set(trusted.map((services) => services.join(' ')))).toEqual(
      new Set(['lambda.amazonaws.com', 'scheduler.amazonaws.com', 'states.amazonaws.com']),
    );
  });
});

test('jobs of a rule by tag are described by that tag, and any may have its tags listed', () => {
  const [rule] = loadConfig('local').bonus.rules;
  const stage = synthesizeStage('local', {}, (config) => ({
    ...config,
    bonus: {
      ...config.bonus,
      rules: ['retention', 'risk'].flatMap((value) =>
        rule === undefined ? [] : { ...rule, name: value, jobs: { tag: { key: 'team', value } } },
      ),
    },
  }));
  const ofJobs = stage
    .resources<PolicyProperties>('AWS::IAM::Policy')
    .flatMap(({ properties }) => properties.PolicyDocument.Statement)
    .filter(({ Action }) => /sagemaker:(Describe|ListTags)/.test(JSON.stringify(Action)));

  expect(ofJobs).toHaveLength(4);
  for (const { Action, Resource: resource, Condition } of ofJobs) {
    expect([Action, stage.shorten(String(resource)), Condition]).toEqual(
      Action === 'sagemaker:ListTags'
        ? [Action, 'sagemaker:training-job/*', undefined]
        : [
            'sagemaker:DescribeTrainingJob',
            'sagemaker:training-job/*',
            { StringEquals: { 'aws:ResourceTag/team': ['retention', 'risk'] } },
          ],
    );
  }
});

test('jobs are described by the names that the bonus rules give, as narrow as they are', () => {
  const [rule] = loadConfig('local').bonus.rules;
  const selectors = [
    { prefix: 'Churn-' },
    { prefix: 'churn-xgb-' },
    { pattern: 'pipelines-*-TrainChurn-*' },
    { prefix: 'fraud-' },
  ];
  const stage = synthesizeStage('local', {}, (config) => ({
    ...config,
    bonus: {
      ...config.bonus,
      rules: selectors.flatMap((jobs, index) => (rule === undefined ? [] : { ...rule, name: `rule-${index}`, jobs })),
    },
  }));

  for (const name of ['start-bonus', 'find-missed-jobs']) {
    const [role = ''] = stage
      .resources<{ FunctionName: string; Role: string }>('AWS::Lambda::Function')
      .filter(({ properties }) => stage.shorten(properties.FunctionName) === name)
      .map(({ properties }) => properties.Role);
    const granted = statementsOf(stage, role).map((statement) => describeStatement(stage, statement));

    expect(granted.filter((grant) => grant.startsWith('sagemaker:DescribeTrainingJob'))).toEqual([
      `sagemaker:DescribeTrainingJob on ${['churn-*', 'fraud-*', 'pipelines-*-trainchurn-*'].map((one) => `sagemaker:training-job/${one}`).join(' ')}`,
    ]);
  }
});
