import * as z from 'zod';
import { operationsOf, type Operation } from './operation.ts';

/** The SageMaker calls. */
export const SAGEMAKER: readonly Operation[] = operationsOf({ tag: 'sagemaker', errorForm: 'aws' }, [
  {
    route: 'POST /',
    summary:
      'DescribeTrainingJob, ListTrainingJobs, ListTags (AWS JSON 1.1, header x-amz-target: SageMaker.<operation>)',
    key: 'none',
    body: z.looseObject({ TrainingJobName: z.string().optional() }),
    bodyExample: { TrainingJobName: 'churn-xgb-demo' },
    answer: z.looseObject({}),
    answerExample: {
      TrainingJobName: 'churn-xgb-demo',
      TrainingJobArn: 'arn:aws:sagemaker:us-east-1:000000000000:training-job/churn-xgb-demo',
      TrainingJobStatus: 'Completed',
    },
    errors: { 400: ['ValidationException', 'SerializationException', 'UnknownOperationException'] },
  },
  {
    route: 'POST /endpoints/:name/invocations',
    summary: 'InvokeEndpoint of the SageMaker runtime',
    key: 'none',
    body: z.looseObject({}),
    bodyExample: { momentum_5m: 0.004, momentum_1h: 0.01, rsi_14: 65, volume_z: 0.5, funding_rate: 0.0001 },
    answer: z.strictObject({ direction: z.enum(['long', 'short', 'hold']), confidence: z.number() }),
    answerExample: { direction: 'long', confidence: 0.9184 },
    errors: { 400: ['ValidationError'], 424: ['ModelError'] },
  },
]);
