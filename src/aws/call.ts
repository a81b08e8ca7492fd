import type { AwsCredentialIdentity, Provider, SdkError } from '@smithy/types';
import { HttpRequest } from '@smithy/core/protocols';
import { isThrottlingError, isTransientError, StandardRetryStrategy } from '@smithy/core/retry';
import { Hash } from '@smithy/core/serde';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { SignatureV4 } from '@smithy/signature-v4';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { AwsError } from './aws-error.ts';

/** Where a service is, and as what it is signed for. */
export interface AwsService {
  /** Its name in `AWS_ENDPOINT_URL_<id>`. */
  readonly id: string;
  /** Its host in a region: `<host>.<region>.amazonaws.com`. */
  readonly host: string;
  readonly signingName: string;
  /** Deadline of one attempt, from its start to the head of the answer, and then of every silence within the body. */
  readonly answerMs: number;
}

/** Who calls AWS, and where. The resolved `config` of an SDK client has the first two, whatever chain they came through. */
export interface AwsAccess {
  readonly region: string | Provider<string>;
  readonly credentials: AwsCredentialIdentity | Provider<AwsCredentialIdentity>;
  /** The address to use instead of AWS's own, if any. */
  readonly endpointOf?: (serviceId: string) => string | undefined;
  /** How often a call is made at most. 4, unless said otherwise. */
  readonly maxAttempts?: number;
}

/** What is sent to a service. */
export interface AwsRequest {
  /** POST, if nothing else is said. */
  readonly method?: 'GET' | 'POST';
  readonly path: string;
  readonly query?: Record<string, string | string[]>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * Makes one call, and returns the text of its answer.
 *
 * It is made again, with growing pauses, where AWS throttled it or failed, or where the connection did: AWS may then have
 * handled it more than once, as with any SDK.
 *
 * @throws AwsError where AWS answered with an error; what the connection failed with, otherwise.
 */
export type CallAws = (request: AwsRequest) => Promise<string>;

const CONNECTION_MS = 2_000;
const MAX_ATTEMPTS = 4;

/** The SDK's own signing, HTTP and retries, without its clients: they are most of what a function would be made of. */
export function createCallAws(service: AwsService, access: AwsAccess): CallAws {
  const { region, credentials, endpointOf = () => undefined, maxAttempts = MAX_ATTEMPTS } = access;
  const signer = new SignatureV4({
    service: service.signingName,
    region,
    credentials,
    sha256: Hash.bind(null, 'sha256'),
  });
  const retries = new StandardRetryStrategy(maxAttempts);
  const http = new NodeHttpHandler({
    connectionTimeout: CONNECTION_MS,
    requestTimeout: service.answerMs,
    throwOnRequestTimeout: true,
    socketTimeout: service.answerMs,
  });
  const locate = async () =>
    new URL(endpointOf(service.id) ?? addressOf(service.host, typeof region === 'string' ? region : await region()));

  const attempt = async ({ method = 'POST', path, query = {}, headers, body }: AwsRequest): Promise<string> => {
    const { protocol, hostname, host, port, pathname } = await locate();
    const signed = await signer.sign(
      new HttpRequest({
        method,
        query,
        protocol,
        hostname,
        ...(port === '' ? {} : { port: Number(port) }),
        path: `${pathname.replace(/\/$/, '')}${path}`,
        headers: {
          ...headers,
          host,
          ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
        },
        ...(body === undefined ? {} : { body }),
      }),
    );
    const { response } = await http.handle(signed as HttpRequest);
    const answer = await text(response.body as IncomingMessage);
    if (response.statusCode >= 300) throw AwsError.read(response.statusCode, response.headers, answer);
    return answer;
  };

  return async (request) => {
    let token = await retries.acquireInitialRetryToken('');
    for (;;) {
      try {
        const answer = await attempt(request);
        retries.recordSuccess(token);
        return answer;
      } catch (thrown) {
        const error = thrown as SdkError;
        // Waits, and throws where the attempts, or what this process may spend on them, are used up.
        const next = retries.refreshRetryTokenForRetry(token, { error, errorType: errorTypeOf(error) });
        token = await next.catch(() => {
          throw error;
        });
      }
    }
  };
}

function errorTypeOf(error: SdkError) {
  if (isThrottlingError(error)) return 'THROTTLING';
  return isTransientError(error) ? 'TRANSIENT' : 'CLIENT_ERROR';
}

/** Where a service is in a region. Regions that are none of `amazonaws.com` (China has its own) need an endpoint. */
export function addressOf(host: string, region: string): string {
  return `https://${host}.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
}
