import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { clientSettings } from '../../../src/aws/clients.ts';

export const secretsManager = new SecretsManagerClient(clientSettings());
