import { SFNClient } from '@aws-sdk/client-sfn';
import { clientSettings } from '../../../src/aws/clients.ts';

export const stepFunctions = new SFNClient(clientSettings());
