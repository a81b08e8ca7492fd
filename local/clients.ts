import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { openAws } from '../src/aws/services.ts';
import { localAccess } from '../src/local-session.ts';

export type Clients = ReturnType<typeof createClients>;

/** SDK clients for the local AWS. */
export function createClients(endpoint: string) {
  const settings = localAccess(endpoint);
  const documents = DynamoDBDocumentClient.from(new DynamoDBClient(settings));
  return {
    events: new EventBridgeClient(settings),
    lambda: new LambdaClient(settings),
    secrets: new SecretsManagerClient(settings),
    stepFunctions: new SFNClient(settings),
    sqs: new SQSClient(settings),
    parameters: new SSMClient(settings),
    documents,
    /** What the adapters in `src/aws` take, with the region and the credentials of the clients. */
    dynamoDb: openAws({
      region: documents.config.region,
      credentials: documents.config.credentials,
      endpointOf: () => endpoint,
    }).dynamoDb,
  };
}
