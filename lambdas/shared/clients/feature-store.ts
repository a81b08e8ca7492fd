import { SageMakerFeatureStoreRuntimeClient } from '@aws-sdk/client-sagemaker-featurestore-runtime';
import { clientSettings } from '../../../src/aws/clients.ts';

export const featureStore = new SageMakerFeatureStoreRuntimeClient(clientSettings());
