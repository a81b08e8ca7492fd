import { GetObjectCommand, S3ServiceException, type S3Client } from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';

/** Larger objects are not read: features and predictions are small. */
export const MAX_OBJECT_BYTES = 64 * 1024;

/** The text of an object of S3, and when it was written. */
export type ReadObject = (bucket: string, key: string) => Promise<{ readonly text: string; readonly modifiedAt: Date }>;

/** Reads whole objects. */
export function createReadObject(s3: S3Client): ReadObject {
  return async (bucket, key) => {
    const where = `s3://${bucket}/${key}`;
    const { Body, ContentLength, LastModified } = await getObject(s3, bucket, key);
    if (ContentLength === undefined || ContentLength > MAX_OBJECT_BYTES) {
      if (Body instanceof Readable) Body.destroy();
      throw new Error(`${where} has ${ContentLength} bytes; ${MAX_OBJECT_BYTES} is the most that is read`);
    }
    if (LastModified === undefined) throw new Error(`${where} came without the time of its writing`);
    return { text: (await Body?.transformToString()) ?? '', modifiedAt: LastModified };
  };
}

async function getObject(s3: S3Client, Bucket: string, Key: string) {
  try {
    return await s3.send(new GetObjectCommand({ Bucket, Key }));
  } catch (error) {
    if (!(error instanceof S3ServiceException)) throw error;
    const reason = `${error.$metadata.httpStatusCode} ${describeCode(error.name)}`;
    throw new Error(`s3://${Bucket}/${Key} cannot be read: ${reason}`, { cause: error });
  }
}

/** The code of an error of S3, with what it may mean besides. */
function describeCode(code: string): string {
  return code === 'AccessDenied' ? `${code}, which is also what S3 says of an object that is not there` : code;
}
