import { paginateListFunctions } from '@aws-sdk/client-lambda';
import { DescribeSecretCommand } from '@aws-sdk/client-secrets-manager';
import type { Clients } from './clients.ts';
import { callQuery, callSigned } from './signed-call.ts';

/** One statement of a policy, as IAM keeps it. */
export interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: object;
}

/** A policy of a role that a function runs as. */
export interface RolePolicy {
  readonly functionName: string;
  readonly roleName: string;
  readonly policyName: string;
  readonly statements: readonly Statement[];
}

/** The inline policies of the roles of deployed functions: of one, or of all. */
export async function readRolePolicies(clients: Clients, endpoint: string, only?: string): Promise<RolePolicy[]> {
  const policies: RolePolicy[] = [];
  for await (const { Functions = [] } of paginateListFunctions({ client: clients.lambda }, {})) {
    for (const { FunctionName: functionName = '', Role = '' } of Functions) {
      if (only !== undefined && functionName !== only) continue;
      policies.push(...(await readPoliciesOf(endpoint, functionName, Role.split('/').at(-1) ?? '')));
    }
  }
  return policies;
}

async function readPoliciesOf(endpoint: string, functionName: string, roleName: string): Promise<RolePolicy[]> {
  const listed = await callQuery(endpoint, 'iam', { Action: 'ListRolePolicies', RoleName: roleName });
  const names = [...listed.matchAll(/<member>([^<]*)<\/member>/g)].map(([, name = '']) => name);
  return Promise.all(
    names.map(async (policyName) => {
      const asked = { Action: 'GetRolePolicy', RoleName: roleName, PolicyName: policyName };
      const answer = await callQuery(endpoint, 'iam', asked);
      const [, text = ''] = /<PolicyDocument>([^<]*)<\/PolicyDocument>/.exec(answer) ?? [];
      const { Statement } = JSON.parse(decodeURIComponent(text)) as { readonly Statement: readonly Statement[] };
      return { functionName, roleName, policyName, statements: Statement };
    }),
  );
}

/** Replaces a policy of a role. */
export async function writeRolePolicy(endpoint: string, policy: RolePolicy): Promise<void> {
  await callQuery(endpoint, 'iam', {
    Action: 'PutRolePolicy',
    RoleName: policy.roleName,
    PolicyName: policy.policyName,
    PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: policy.statements }),
  });
}

/**
 * Mends what MiniStack makes of the deployed policies, so that it can enforce them: `Ref` of a secret is its name and not
 * its ARN, a task token names no state machine, and some condition keys it does not know. Returns how many were mended.
 */
export async function mendRolePolicies(clients: Clients, endpoint: string): Promise<number> {
  let mended = 0;
  for (const policy of await readRolePolicies(clients, endpoint)) {
    const statements = await Promise.all(policy.statements.map((statement) => mendStatement(clients, statement)));
    if (JSON.stringify(statements) === JSON.stringify(policy.statements)) continue;
    await writeRolePolicy(endpoint, { ...policy, statements });
    mended += 1;
  }
  return mended;
}

/**
 * Lets the queues take messages over plain HTTP, which is all that the local AWS speaks and their policies refuse. They
 * refuse this change too, so it says that it came through a proxy that took TLS off.
 */
export async function allowPlainHttp(endpoint: string, prefix: string): Promise<void> {
  const call = async (operation: string, input: object) => {
    const headers = {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `AmazonSQS.${operation}`,
      'x-forwarded-proto': 'https',
    };
    const text = await callSigned(endpoint, { service: 'sqs', headers, body: JSON.stringify(input) });
    return (text === '' ? {} : JSON.parse(text)) as { QueueUrls?: string[]; Attributes?: Record<string, string> };
  };
  const { QueueUrls = [] } = await call('ListQueues', { QueueNamePrefix: prefix, MaxResults: 1000 });
  for (const QueueUrl of QueueUrls) {
    const { Attributes } = await call('GetQueueAttributes', { QueueUrl, AttributeNames: ['Policy'] });
    if (Attributes?.['Policy'] === undefined) continue;
    const policy = JSON.parse(Attributes['Policy']) as { readonly Statement: readonly Statement[] };
    const Statement = policy.Statement.filter(({ Condition }) => !refusesPlainHttp(Condition));
    const Policy = Statement.length === 0 ? '' : JSON.stringify({ ...policy, Statement });
    await call('SetQueueAttributes', { QueueUrl, Attributes: { Policy } });
  }
}

function refusesPlainHttp(condition: object = {}): boolean {
  return JSON.stringify(condition).includes('"aws:SecureTransport":"false"');
}

/** Keys of conditions that have no value on the local AWS, so that what asks for one is refused. */
const UNKNOWN_KEYS = /"(events:(detail-type|source)|dynamodb:LeadingKeys)"/;

async function mendStatement(clients: Clients, granted: Statement): Promise<Statement> {
  const { Condition, ...unconditional } = granted;
  const statement = UNKNOWN_KEYS.test(JSON.stringify(Condition ?? {})) ? unconditional : granted;
  const actions = [statement.Action].flat();
  if (actions.includes('states:SendTaskSuccess')) return { ...statement, Resource: '*' };
  if (!actions.includes('secretsmanager:GetSecretValue')) return statement;
  const resources = [statement.Resource].flat().map(async (resource) => {
    if (resource.startsWith('arn:')) return resource;
    const { ARN } = await clients.secrets.send(new DescribeSecretCommand({ SecretId: resource }));
    return ARN ?? resource;
  });
  return { ...statement, Resource: await Promise.all(resources) };
}
