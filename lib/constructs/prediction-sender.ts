import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { IEventBus } from 'aws-cdk-lib/aws-events';
import { ManagedPolicy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { INCOMING, OWN_SOURCE } from '../../src/events/catalogue.ts';

/**
 * A policy for the roles of your own model code: predictions may be sent, under any source but the pipeline's own. It
 * gives no right to approve, to deliver or to request an escrow.
 */
export class PredictionSender extends Construct {
  constructor(scope: Construct, id: string, { prefix, bus }: { readonly prefix: string; readonly bus: IEventBus }) {
    super(scope, id);
    const { managedPolicyArn } = new ManagedPolicy(this, 'Policy', {
      managedPolicyName: `${prefix}-send-predictions`,
      description: `Lets model code send ${INCOMING.inferenceCompleted} to ${prefix}, and nothing else`,
      statements: [
        new PolicyStatement({
          actions: ['events:PutEvents'],
          resources: [bus.eventBusArn],
          conditions: {
            StringEquals: { 'events:detail-type': INCOMING.inferenceCompleted },
            // The source of an event is a key of many values: without a Null, no source at all would pass.
            'ForAllValues:StringNotEquals': { 'events:source': OWN_SOURCE },
            Null: { 'events:source': 'false' },
          },
        }),
      ],
    });
    new CfnOutput(Stack.of(this), 'SendPredictionsPolicyArn', { value: managedPolicyArn });
  }
}
