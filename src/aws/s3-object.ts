import { HttpRequest } from '@smithy/core/protocols';
import { Hash } from '@smithy/core/serde';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { SignatureV4 } from '@smithy/signature-v4';
import type { IncomingMessage } from 'node:http';
import { text as readText } from 'node:stream/consumers';
import type { AwsAccess } from './call.ts';

/** Larger objects are not read: features and predictions are small. */
export const MAX_OBJECT_BYTES = 64 * 1024;

const REQUEST_TIMEOUT_MS = 10_000;

/** The text of an object of S3, and when it was written. */
export type ReadObject = (bucket: string, key: string) => Promise<{ readonly text: string; readonly modifiedAt: Date }>;

/** Sends a signed request. */
export type SendSigned = Pick<NodeHttpHandler, 'handle'>['handle'];

/**
 * Reads whole objects with the SDK's own signer, credentials and transport, but without its S3 client (docs/adr/011). A run that
 * fails is tried again by whoever asked for it. Where another address than AWS's own is given, buckets are addressed by path.
 */
export function createReadObject(
  { region, credentials, endpointOf = () => undefined }: AwsAccess,
  send: SendSigned = createSend(),
): ReadObject {
  const sha256 = Hash.bind(null, 'sha256');
  const signer = new SignatureV4({ service: 's3', region, credentials, sha256, uriEscapePath: false });
  return async (bucket, key) => {
    const where = `s3://${bucket}/${key}`;
    const home = typeof region === 'string' ? region : await region();
    const { host, path } = addressOf(bucket, key, home, endpointOf('S3'));
    const { protocol, hostname, port, host: authority } = new URL(host);
    const signed = await signer.sign(
      new HttpRequest({
        method: 'GET',
        protocol,
        hostname,
        ...(port === '' ? {} : { port: Number(port) }),
        path,
        headers: { host: authority },
      }),
    );
    const { response } = await send(signed as HttpRequest);
    const { statusCode, headers } = response;
    const body = response.body as IncomingMessage;
    if (statusCode !== 200) throw new Error(`${where} cannot be read: ${statusCode} ${reasonIn(await readText(body))}`);
    if (!(Number(headers['content-length']) <= MAX_OBJECT_BYTES)) {
      body.destroy();
      throw new Error(`${where} has ${headers['content-length']} bytes; ${MAX_OBJECT_BYTES} is the most that is read`);
    }
    const modifiedAt = new Date(headers['last-modified'] ?? NaN);
    if (Number.isNaN(modifiedAt.getTime())) throw new Error(`${where} came without the time of its writing`);
    return { text: await readText(body), modifiedAt };
  };
}

function createSend(): SendSigned {
  const http = new NodeHttpHandler({ requestTimeout: REQUEST_TIMEOUT_MS, throwOnRequestTimeout: true });
  return (request) => http.handle(request);
}

/** By host name, as S3 wants it; by path on the local AWS, and where a dot in the name would not fit the certificate. */
function addressOf(bucket: string, key: string, region: string, endpoint: string | undefined) {
  // Not a URL's path: in that, a `..` of the key would be resolved.
  const path = `/${key.split('/').map(encodeSegment).join('/')}`;
  if (endpoint !== undefined) return { host: endpoint, path: `/${bucket}${path}` };
  const host = `s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
  return bucket.includes('.')
    ? { host: `https://${host}`, path: `/${bucket}${path}` }
    : { host: `https://${bucket}.${host}`, path };
}

/** As the signature is computed: everything but letters, digits and `-_.~`. */
function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The code of an error of S3, with what it may mean besides. */
function reasonIn(xml: string): string {
  const code = /<Code>(\w+)<\/Code>/.exec(xml)?.[1] ?? 'without a code';
  return code === 'AccessDenied' ? `${code}, which is also what S3 says of an object that is not there` : code;
}
