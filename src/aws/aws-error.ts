/** AWS answered a call with an error. `name` is the code that it gave, such as `ConditionalCheckFailedException`. */
export class AwsError extends Error {
  override readonly name: string;
  /** As the SDK's errors have it. */
  readonly $metadata: { readonly httpStatusCode: number };
  /** All that the error says, such as a transaction's `CancellationReasons`. */
  readonly body: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, httpStatusCode: number, body: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = code;
    this.$metadata = { httpStatusCode };
    this.body = body;
  }

  /** Reads an answer that is an error; one that is not JSON, such as a proxy's, has the status as its code. */
  static read(status: number, headers: Readonly<Record<string, string>>, text: string): AwsError {
    const body = parseObject(text);
    const said = [headers['x-amzn-errortype'], body['__type'], body['code']].find((code) => typeof code === 'string');
    // `com.amazonaws.dynamodb.v20120810#ThrottlingException`, `ModelError:http://internal.amazon.com/...`
    const code = said?.split(':')[0]?.split('#').at(-1) ?? `Http${status}`;
    const message = body['message'] ?? body['Message'];
    return new AwsError(code, typeof message === 'string' ? message : `HTTP ${status}`, status, body);
  }
}

/** Whether AWS answered with one of these codes. */
export function isAwsError(error: unknown, ...codes: readonly string[]): error is AwsError {
  return error instanceof AwsError && codes.includes(error.name);
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
