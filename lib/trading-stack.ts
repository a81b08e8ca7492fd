import { CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { INCOMING } from '../src/events/catalogue.ts';
import { EventQueue } from './constructs/event-queue.ts';
import { PipelineFunction } from './constructs/pipeline-function.ts';
import { createSchedule } from './constructs/schedule.ts';
import type { FlowStackProps } from './escrow-stack.ts';
import {
  allowOn,
  allowPublishing,
  allowReadingParameter,
  allowReadingSecret,
  allowRecordingIntents,
} from './grants.ts';

/** Predictions become orders: the predictor, the queue, the trader. */
export class TradingStack extends Stack {
  constructor(scope: Construct, id: string, { config, foundation, sageMakerEnvironment, ...props }: FlowStackProps) {
    super(scope, id, props);
    const { prefix, key, secret, bus, intents, alarmTopic } = foundation;
    const { predictor, ...policy } = config.trading;

    const predictions = new EventQueue(this, 'Predictions', {
      name: 'predictions',
      prefix,
      key,
      bus,
      pattern: { detailType: [INCOMING.inferenceCompleted] },
      fifoGroup: 'trades',
      alarmTopic,
    });
    const placeTrade = new PipelineFunction(this, {
      lambda: 'place-trade',
      prefix,
      // Two reads before the order, the order, and its record.
      timeout: Duration.minutes(1),
      environment: {
        ...predictions.environment,
        SECRET_NAME: config.secretName,
        TRADING_SERVICE: JSON.stringify(config.purpleFlea.trading),
        CONNECT_TIMEOUT_MS: String(config.purpleFlea.connectTimeoutMs),
        REQUEST_TIMEOUT_MS: String(config.purpleFlea.requestTimeoutMs),
        ...foundation.ledgerEnvironment,
        EVENT_BUS: bus.eventBusName,
        TRADE_POLICY: JSON.stringify(policy),
      },
      alarmTopic,
    });
    predictions.feed(placeTrade, 1);
    allowReadingSecret(placeTrade, secret, key);
    allowRecordingIntents(placeTrade, intents, key);
    allowReadingParameter(placeTrade, foundation.stop);
    allowPublishing(placeTrade, bus);

    const requestPrediction = new PipelineFunction(this, {
      lambda: 'request-prediction',
      prefix,
      timeout: Duration.minutes(1),
      environment: { ...sageMakerEnvironment, EVENT_BUS: bus.eventBusName, ENDPOINT_NAME: predictor.endpointName },
      alarmTopic,
    });
    allowOn(
      requestPrediction,
      ['sagemaker:InvokeEndpoint'],
      this.formatArn({
        service: 'sagemaker',
        resource: 'endpoint',
        resourceName: predictor.endpointName.toLowerCase(),
      }),
    );
    allowPublishing(requestPrediction, bus);
    if (predictor.everyMinutes !== undefined) {
      createSchedule(this, 'RequestPredictionSchedule', {
        fn: requestPrediction,
        every: Duration.minutes(predictor.everyMinutes),
        input: { asset: predictor.asset, features: predictor.features },
      });
    }
    new CfnOutput(this, 'RequestPredictionName', { value: requestPrediction.functionName });
  }
}
