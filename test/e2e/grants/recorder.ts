import { GetFunctionConfigurationCommand, UpdateFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import { once } from 'node:events';
import { createServer, request as sendRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { LocalPipeline } from '../../../local/local-pipeline.ts';
import { readRolePolicies } from '../../../local/role-policies.ts';
import { accessesOf, type Access } from './accesses.ts';
import { allows, grantsIn } from './grants.ts';

/** An access of a function, and whether IAM refused it. */
export interface RecordedAccess extends Access {
  readonly functionName: string;
  readonly denied: boolean;
}

/** Stands between the functions and the local AWS, and writes down what each of them asks for. */
export interface Recorder {
  readonly accesses: readonly RecordedAccess[];
  /** Sends a function's calls through the recorder. Its workers start anew, and so know nothing of what was before. */
  watch(functionName: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * Functions have a port each: that is how their calls are told apart. Calls of SageMaker go on to the twin, which knows no
 * IAM: what their role does not allow is refused here.
 */
export function createRecorder({ clients, endpoint, twinUrl }: LocalPipeline): Recorder {
  const accesses: RecordedAccess[] = [];
  const servers = new Map<string, Server>();
  const answerTo = async (functionName: string, incoming: IncomingMessage, body: string): Promise<Answer> => {
    const service = serviceOf(incoming);
    const target = incoming.headers['x-amz-target']?.toString();
    const made = accessesOf({ service, path: incoming.url ?? '/', target, body }).map((access) => ({
      ...access,
      functionName,
    }));
    const isRefused = service === 'sagemaker' && !(await areAllowed(made));
    const answer = isRefused ? DENIAL : await forward(service === 'sagemaker' ? twinUrl : endpoint, incoming, body);
    const denied = isDenial(answer);
    accesses.push(...made.map((access) => ({ ...access, denied })));
    return answer;
  };
  const areAllowed = async (made: readonly Omit<RecordedAccess, 'denied'>[]) => {
    const grants = grantsIn(await readRolePolicies(clients, endpoint, made[0]?.functionName));
    return made.every((access) => grants.some((grant) => allows(grant, access)));
  };
  const listen = async (functionName: string) => {
    const server = createServer((incoming, response) => {
      void (async () => {
        const answer = await answerTo(functionName, incoming, await text(incoming));
        response.writeHead(answer.status, answer.headers);
        response.end(answer.body);
      })().catch((error: unknown) => response.destroy(error as Error));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    servers.set(functionName, server);
    return server;
  };
  return {
    accesses,
    watch: async (functionName) => {
      const server = servers.get(functionName) ?? (await listen(functionName));
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const { Environment } = await clients.lambda.send(
        new GetFunctionConfigurationCommand({ FunctionName: functionName }),
      );
      const Variables: Record<string, string> = {
        ...Environment?.Variables,
        AWS_ENDPOINT_URL: url,
        AWS_ENDPOINT_URL_SAGEMAKER: url,
        AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME: url,
        AWS_ENDPOINT_URL_SAGEMAKER_FEATURESTORE_RUNTIME: url,
        STARTED_ANEW: String(performance.now()),
      };
      const change = new UpdateFunctionConfigurationCommand({ FunctionName: functionName, Environment: { Variables } });
      await clients.lambda.send(change);
    },
    close: async () => {
      for (const server of servers.values()) {
        server.closeAllConnections();
        server.close();
        await once(server, 'close');
      }
    },
  };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

const DENIAL: Answer = {
  status: 400,
  headers: { 'content-type': 'application/x-amz-json-1.1' },
  body: '{"__type":"AccessDeniedException","message":"User is not authorized to perform this action"}',
};

/** Passes a call on as it came: its signature covers its host. */
async function forward(base: string, incoming: IncomingMessage, body: string): Promise<Answer> {
  const { hostname, port } = new URL(base);
  const { method, url: path, headers } = incoming;
  const outgoing = sendRequest({ hostname, port, method, path, headers, agent: false });
  outgoing.end(body);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  const answer = await text(response);
  const { 'transfer-encoding': _, connection: __, ...kept } = response.headers;
  return { status: response.statusCode ?? 500, headers: kept, body: answer };
}

/** The service that a request was signed for. */
function serviceOf({ headers }: IncomingMessage): string {
  return /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//.exec(headers.authorization ?? '')?.[1] ?? 'unsigned';
}

function isDenial({ status, headers, body }: Answer): boolean {
  return (
    status >= 400 && /AccessDenied|not authorized to perform/.test(`${String(headers['x-amzn-errortype'])} ${body}`)
  );
}
