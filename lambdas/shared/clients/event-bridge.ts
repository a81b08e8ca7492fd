import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { clientSettings } from '../../../src/aws/clients.ts';

export const eventBridge = new EventBridgeClient(clientSettings());
