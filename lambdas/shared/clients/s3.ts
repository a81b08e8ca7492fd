import { S3Client } from '@aws-sdk/client-s3';
import { clientSettings } from '../../../src/aws/clients.ts';

/** Buckets may be in other regions. */
export const s3 = new S3Client({ ...clientSettings(), followRegionRedirects: true });
