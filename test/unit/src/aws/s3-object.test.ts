import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createReadObject, MAX_OBJECT_BYTES } from '../../../../src/aws/s3-object.ts';
import { awsClientFor } from '../../../support/aws-clients.ts';
import { answer, startScriptedServer, type Reply, type ScriptedServer } from '../../../support/scripted-server.ts';

let server: ScriptedServer;

beforeEach(async () => {
  server = await startScriptedServer();
});
afterEach(() => server.close());

/** The part of a request that says where it goes. */
interface HttpRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly path: string;
}

const client = () => new S3Client({ ...awsClientFor(server.url), followRegionRedirects: true });
const read = (key = 'btc/latest.json') => createReadObject(client())('features', key);

const WRITTEN = { 'last-modified': 'Fri, 06 Mar 2026 08:59:30 GMT' };
const anObject =
  (text: string, headers: Readonly<Record<string, string>> = WRITTEN): Reply =>
  (_, response) => {
    response.writeHead(200, { ...headers, 'content-length': String(Buffer.byteLength(text)) }).end(text);
  };

describe('an object of S3', () => {
  test('is read whole, with the time of its writing', async () => {
    server.script(anObject('{"rsi_14":62,"sign":"é"}'));

    expect(await read()).toEqual({ text: '{"rsi_14":62,"sign":"é"}', modifiedAt: new Date('2026-03-06T08:59:30Z') });
    expect(server.requests).toMatchObject([
      {
        method: 'GET',
        path: '/features/btc/latest.json?x-id=GetObject',
        headers: {
          'x-amz-content-sha256': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
          authorization: expect.stringMatching(
            /^AWS4-HMAC-SHA256 Credential=none\/\d{8}\/us-east-1\/s3\/aws4_request, SignedHeaders=[\w;-]*host;[\w;-]*x-amz-date/,
          ),
        },
      },
    ]);
  });

  test('is asked for by its key, whatever characters that has', async () => {
    server.script(anObject('1'));

    await read("a b/../ü+(1)!'é=&?*.json");

    expect(server.requests[0]?.path).toBe(
      '/features/a%20b/../%C3%BC%2B%281%29%21%27%C3%A9%3D%26%3F%2A.json?x-id=GetObject',
    );
  });

  test.each([
    ['eu-central-1', 'features', 'https://features.s3.eu-central-1.amazonaws.com/btc/latest.json'],
    ['us-east-1', 'my.features', 'https://s3.us-east-1.amazonaws.com/my.features/btc/latest.json'],
    ['cn-north-1', 'features', 'https://features.s3.cn-north-1.amazonaws.com.cn/btc/latest.json'],
  ])('in %s, in the bucket %s, is asked for where S3 wants it', async (region, bucket, url) => {
    const { endpoint: _, ...settings } = awsClientFor(server.url);
    const asked: string[] = [];
    const requestHandler = {
      handle: async ({ protocol, hostname, path }: HttpRequest) => {
        asked.push(`${protocol}//${hostname}${path}`);
        throw new Error('far enough');
      },
    };

    const reading = createReadObject(new S3Client({ ...settings, region, requestHandler }))(bucket, 'btc/latest.json');

    await expect(reading).rejects.toThrow('far enough');
    expect(asked).toEqual([url]);
  });

  test('in another region is asked for there', async () => {
    server.script(
      answer(301, '<Error><Code>PermanentRedirect</Code></Error>', { 'x-amz-bucket-region': 'eu-west-1' }),
      anObject('1'),
    );

    expect((await read()).text).toBe('1');
    expect(server.requests.map(({ headers }) => headers.authorization?.split('/')[2])).toEqual([
      'us-east-1',
      'eu-west-1',
    ]);
  });

  test('may be as large as the limit, and no larger', async () => {
    server.script(anObject('1'.repeat(MAX_OBJECT_BYTES)), anObject('1'.repeat(MAX_OBJECT_BYTES + 1)));

    expect((await read()).text).toHaveLength(MAX_OBJECT_BYTES);
    await expect(read()).rejects.toThrow(
      's3://features/btc/latest.json has 65537 bytes; 65536 is the most that is read',
    );
  });

  test('of unknown size is not read', async () => {
    server.script((_, response) => response.writeHead(200, WRITTEN).end('1'));

    await expect(read()).rejects.toThrow('65536 is the most that is read');
  });

  test('without the time of its writing is a fault', async () => {
    server.script(anObject('1', {}));

    await expect(read()).rejects.toThrow('s3://features/btc/latest.json came without the time of its writing');
  });

  test.each([
    [404, '<Error><Code>NoSuchKey</Code><Message>no</Message></Error>', '404 NoSuchKey'],
    [
      403,
      '<Error><Code>AccessDenied</Code></Error>',
      '403 AccessDenied, which is also what S3 says of an object that is not there',
    ],
    [301, '<Error><Code>PermanentRedirect</Code></Error>', '301 PermanentRedirect'],
    [503, '<Error><Code>SlowDown</Code></Error>', '503 SlowDown'],
    [500, '', '500 Unknown'],
  ])('that S3 answers %d for is a fault with its code', async (status, body, reason) => {
    server.script(answer(status, body));

    await expect(read()).rejects.toThrow(`s3://features/btc/latest.json cannot be read: ${reason}`);
  });
});
