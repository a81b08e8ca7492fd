import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import { clientSettings } from '../../../src/aws/clients.ts';

export const sageMaker = new SageMakerClient(clientSettings());
