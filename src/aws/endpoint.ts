import { InvokeEndpointCommand, type SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';

/** Sends features to a SageMaker endpoint as JSON, and returns its JSON answer. */
export type InvokeEndpoint = (features: Readonly<Record<string, number>>) => Promise<unknown>;

export function createInvokeEndpoint(client: SageMakerRuntimeClient, endpointName: string): InvokeEndpoint {
  return async (features) => {
    const { Body } = await client.send(
      new InvokeEndpointCommand({
        EndpointName: endpointName,
        ContentType: 'application/json',
        Accept: 'application/json',
        Body: JSON.stringify(features),
      }),
    );
    const text = Body?.transformToString() ?? '';
    try {
      return JSON.parse(text);
    } catch {
      throw new Error(`endpoint ${endpointName} answered ${text.length} characters that are not JSON`);
    }
  };
}
