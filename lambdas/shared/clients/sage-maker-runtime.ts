import { SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import { clientSettings, MODEL_ANSWER_MS } from '../../../src/aws/clients.ts';

export const sageMakerRuntime = new SageMakerRuntimeClient(clientSettings(MODEL_ANSWER_MS));
