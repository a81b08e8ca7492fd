import { GetRolePolicyCommand, IAMClient, PutRolePolicyCommand, paginateListRolePolicies } from '@aws-sdk/client-iam';
import { paginateListFunctions } from '@aws-sdk/client-lambda';
import { DescribeSecretCommand } from '@aws-sdk/client-secrets-manager';
import {
  GetQueueAttributesCommand,
  paginateListQueues,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { localAccess } from '../src/local-session.ts';
import type { Clients } from './clients.ts';

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
  const client = new IAMClient(localAccess(endpoint));
  const policies: RolePolicy[] = [];
  for await (const { PolicyNames = [] } of paginateListRolePolicies({ client }, { RoleName: roleName })) {
    for (const policyName of PolicyNames) {
      const asked = new GetRolePolicyCommand({ RoleName: roleName, PolicyName: policyName });
      const { PolicyDocument = '' } = await client.send(asked);
      const { Statement } = JSON.parse(decodeURIComponent(PolicyDocument)) as { readonly Statement: Statement[] };
      policies.push({ functionName, roleName, policyName, statements: Statement });
    }
  }
  return policies;
}

/** Replaces a policy of a role. */
export async function writeRolePolicy(endpoint: string, policy: RolePolicy): Promise<void> {
  await new IAMClient(localAccess(endpoint)).send(
    new PutRolePolicyCommand({
      RoleName: policy.roleName,
      PolicyName: policy.policyName,
      PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: policy.statements }),
    }),
  );
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
  const client = new SQSClient(localAccess(endpoint));
  client.middlewareStack.add(
    (next) => (args) => {
      (args.request as { readonly headers: Record<string, string> }).headers['x-forwarded-proto'] = 'https';
      return next(args);
    },
    { step: 'build' },
  );
  for await (const { QueueUrls = [] } of paginateListQueues({ client }, { QueueNamePrefix: prefix, MaxResults: 1000 }))
    for (const QueueUrl of QueueUrls) await dropRefusal(client, QueueUrl);
}

async function dropRefusal(client: SQSClient, QueueUrl: string): Promise<void> {
  const { Attributes } = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['Policy'] }));
  if (Attributes?.['Policy'] === undefined) return;
  const policy = JSON.parse(Attributes['Policy']) as { readonly Statement: readonly Statement[] };
  const Statement = policy.Statement.filter(({ Condition }) => !refusesPlainHttp(Condition));
  const Policy = Statement.length === 0 ? '' : JSON.stringify({ ...policy, Statement });
  await client.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
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
