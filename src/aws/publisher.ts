import { PutEventsCommand, type EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { OWN_SOURCE, type Publish } from '../events/catalogue.ts';

/** Publishes on one event bus. Throws where EventBridge did not take the event. */
export function createPublisher(eventBridge: EventBridgeClient, busName: string): Publish {
  return async (type, detail) => {
    const { Entries } = await eventBridge.send(
      new PutEventsCommand({
        Entries: [{ EventBusName: busName, Source: OWN_SOURCE, DetailType: type, Detail: JSON.stringify(detail) }],
      }),
    );
    const refused = Entries?.find((entry) => entry.ErrorCode !== undefined);
    if (refused !== undefined) throw new Error(`EventBridge refused ${type}: ${refused.ErrorCode}`);
  };
}
