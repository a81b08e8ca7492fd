import { SQSClient } from '@aws-sdk/client-sqs';
import { clientSettings } from '../../../src/aws/clients.ts';

/** Its address is that of the environment, as with the other clients, and not the one in a queue's URL. */
export const sqs = new SQSClient({ ...clientSettings(), useQueueUrlAsEndpoint: false });
