import { Duration, Validations } from 'aws-cdk-lib';
import { EventBus, Match } from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { OBJECT_CREATED } from '../../src/events/catalogue.ts';
import type { FoundationStack } from '../foundation-stack.ts';
import { allowPublishing, allowReadingObjects } from '../grants.ts';
import { pascalCase } from '../names.ts';
import type { InferenceConfig } from '../predictor-config.ts';
import { EventQueue } from './event-queue.ts';
import { PipelineFunction } from './pipeline-function.ts';

/**
 * For each asynchronous endpoint: a queue of what it writes to its bucket, and the function that reads it and puts the
 * prediction on the app's bus. The bucket is the user's, and has to send its events to EventBridge.
 */
export class Inferences extends Construct {
  constructor(
    scope: Construct,
    id: string,
    {
      foundation,
      inferences,
    }: { readonly foundation: FoundationStack; readonly inferences: readonly InferenceConfig[] },
  ) {
    super(scope, id);
    const { prefix, key, bus, alarmTopic } = foundation;
    for (const { kmsKeyArn, ...source } of inferences) {
      const { name, bucket } = source;
      const begins = [source.prefix, ...(source.failurePrefix === undefined ? [] : [source.failurePrefix])];
      const home = new Construct(this, pascalCase(name));
      const queue = new EventQueue(home, 'Answers', {
        name: `inferences-${name}`,
        prefix,
        key,
        bus: EventBus.fromEventBusName(home, 'DefaultBus', 'default'),
        pattern: {
          source: ['aws.s3'],
          detailType: [OBJECT_CREATED],
          detail: { bucket: { name: [bucket] }, object: { key: begins.flatMap((begin) => Match.prefix(begin)) } },
        },
        alarmTopic,
      });
      const readInference = new PipelineFunction(home, {
        lambda: 'read-inference',
        variant: name,
        prefix,
        timeout: Duration.seconds(30),
        environment: {
          ...queue.environment,
          EVENT_BUS: bus.eventBusName,
        },
        policies: { inference: source },
        alarmTopic,
      });
      queue.feed(readInference, 5);
      allowReadingAnswers(
        readInference,
        begins.map((begin) => `${bucket}/${begin}*`),
        kmsKeyArn,
      );
      allowPublishing(readInference, bus);
    }
  }
}

/** Read what the endpoint writes. SageMaker makes up the names: only how the keys begin is known here. */
function allowReadingAnswers(fn: PipelineFunction, objects: readonly string[], kmsKeyArn: string | undefined): void {
  allowReadingObjects(fn, objects, kmsKeyArn);
  for (const object of objects) {
    Validations.of(fn.node.scope ?? fn).acknowledge({
      id: `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::${object}]`,
      reason: 'SageMaker makes up the names of the objects: only how their keys begin is known here.',
    });
  }
}
