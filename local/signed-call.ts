import { HttpRequest } from '@smithy/core/protocols';
import { Hash } from '@smithy/core/serde';
import { SignatureV4 } from '@smithy/signature-v4';
import { REGION } from './emulator.ts';

/** A call of a service of the local AWS for which the project has no client. */
export interface SignedCall {
  /** As it is signed for: `iam`, `logs`, `s3`, `sns`. */
  readonly service: string;
  readonly method?: 'POST' | 'PUT' | 'DELETE';
  readonly path?: string;
  /** What stands behind the path, without a value: `policy`. */
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Makes a call with the local credentials, signed, and returns the text of its answer. Throws if it is refused. */
export async function callSigned(endpoint: string, call: SignedCall): Promise<string> {
  const { service, method = 'POST', path = '/', query, headers = {}, body = '' } = call;
  const { protocol, hostname, port, host } = new URL(endpoint);
  const signer = new SignatureV4({
    service,
    region: REGION,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    sha256: Hash.bind(null, 'sha256'),
    uriEscapePath: service !== 's3',
  });
  const request = new HttpRequest({
    method,
    protocol,
    hostname,
    port: Number(port),
    path,
    ...(query === undefined ? {} : { query: { [query]: '' } }),
    headers: { ...headers, host },
    body,
  });
  const signed = await signer.sign(request);
  const url = `${endpoint}${path}${query === undefined ? '' : `?${query}=`}`;
  const response = await fetch(url, { method, headers: signed.headers, ...(body === '' ? {} : { body }) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${service}: HTTP ${response.status} ${text}`);
  return text;
}

/** Makes a call of a service that speaks AWS's query protocol: IAM and SNS. */
export function callQuery(endpoint: string, service: 'iam' | 'sns', parameters: Readonly<Record<string, string>>) {
  const Version = service === 'iam' ? '2010-05-08' : '2010-03-31';
  return callSigned(endpoint, {
    service,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ Version, ...parameters }).toString(),
  });
}
