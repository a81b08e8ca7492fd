import { InvokeEndpointCommand, type SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';

/** What a SageMaker endpoint is asked. */
export interface EndpointRequest {
  readonly endpointName: string;
  /** Content type of the body. */
  readonly contentType: string;
  /** Content type that the answer is asked for in. */
  readonly accept: string;
  readonly body: string;
}

/** Sends a request to a SageMaker endpoint, and returns the text of its answer. */
export type InvokeModel = (request: EndpointRequest) => Promise<string>;

export function createInvokeModel(sageMakerRuntime: SageMakerRuntimeClient): InvokeModel {
  return async ({ endpointName, contentType, accept, body }) => {
    const { Body } = await sageMakerRuntime.send(
      new InvokeEndpointCommand({
        EndpointName: endpointName,
        ContentType: contentType,
        Accept: accept,
        Body: body,
      }),
    );
    return Body?.transformToString() ?? '';
  };
}
