import * as z from 'zod/mini';

/** Detail of S3's `Object Created` on the account's default bus, where a bucket sends its events to EventBridge. */
export const objectCreatedSchema = z.looseObject({
  bucket: z.looseObject({ name: z.string() }),
  /** The key as it is: not encoded, as in S3's own notifications. */
  object: z.looseObject({ key: z.string().check(z.minLength(1)), size: z.number() }),
});
