import { ArnFormat, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { ContextAttribute } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import type { FoundationStack } from '../foundation-stack.ts';
import { allowOn, allowPublishing, allowReadingObjects } from '../grants.ts';
import { pascalCase } from '../names.ts';
import { predictorPolicy, type PredictorConfig } from '../predictor-config.ts';
import { PipelineFunction } from './pipeline-function.ts';
import { createSchedule } from './schedule.ts';

/**
 * A function for each predictor, which asks its model and puts the prediction on the app's bus. Each may invoke its own
 * endpoint and read its own features, and each has an alarm of its own.
 */
export class Predictors extends Construct {
  constructor(
    scope: Construct,
    id: string,
    {
      foundation,
      predictors,
      sageMakerEnvironment = {},
    }: {
      readonly foundation: FoundationStack;
      readonly predictors: readonly PredictorConfig[];
      readonly sageMakerEnvironment?: Readonly<Record<string, string>> | undefined;
    },
  ) {
    super(scope, id);
    const { prefix, bus, alarmTopic } = foundation;
    const functions = predictors.map((predictor) => {
      const { everyMinutes } = predictor;
      const fn = new PipelineFunction(this, {
        lambda: 'request-prediction',
        variant: predictor.name,
        prefix,
        timeout: Duration.minutes(1),
        environment: {
          ...sageMakerEnvironment,
          EVENT_BUS: bus.eventBusName,
        },
        policies: { predictor: predictorPolicy(predictor) },
        alarmTopic,
      });
      allowOn(fn, ['sagemaker:InvokeEndpoint'], sageMakerArn(this, 'endpoint', predictor.endpointName.toLowerCase()));
      allowReadingFeatures(fn, predictor.features);
      allowPublishing(fn, bus);
      if (everyMinutes !== undefined) {
        createSchedule(this, `RequestPrediction${pascalCase(predictor.name)}Schedule`, {
          fn,
          every: Duration.minutes(everyMinutes),
          input: { scheduledTime: ContextAttribute.scheduledTime },
        });
      }
      return fn;
    });
    if (functions.length > 0) {
      const value = functions.map(({ functionName }) => functionName).join(',');
      new CfnOutput(Stack.of(this), 'RequestPredictionNames', { value });
    }
  }
}

function allowReadingFeatures(fn: PipelineFunction, features: PredictorConfig['features']): void {
  switch (features.source) {
    case 'fixed':
      return;
    case 's3':
      return allowReadingObjects(fn, [`${features.bucket}/${features.key}`], features.kmsKeyArn);
    case 'feature-store':
      allowOn(fn, ['sagemaker:GetRecord'], sageMakerArn(fn, 'feature-group', features.featureGroup.toLowerCase()));
      if (features.kmsKeyArn !== undefined) allowOn(fn, ['kms:Decrypt'], features.kmsKeyArn);
  }
}

/** SageMaker writes names in lower case in ARNs. */
function sageMakerArn(scope: Construct, resource: 'endpoint' | 'feature-group', resourceName: string): string {
  return Stack.of(scope).formatArn({
    service: 'sagemaker',
    resource,
    resourceName,
    arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
  });
}
