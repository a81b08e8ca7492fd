import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { openDocuments } from '../src/aws/documents.ts';
import { localAccess } from '../src/local-session.ts';

export type Clients = ReturnType<typeof createClients>;

/** The clients of the local AWS that most of its tools use. */
export function createClients(endpoint: string) {
  const settings = localAccess(endpoint);
  return {
    events: new EventBridgeClient(settings),
    lambda: new LambdaClient(settings),
    secrets: new SecretsManagerClient(settings),
    stepFunctions: new SFNClient(settings),
    sqs: new SQSClient(settings),
    parameters: new SSMClient(settings),
    documents: openDocuments(settings),
  };
}
