import { SSMClient } from '@aws-sdk/client-ssm';
import { clientSettings } from '../../../src/aws/clients.ts';

export const ssm = new SSMClient(clientSettings());
