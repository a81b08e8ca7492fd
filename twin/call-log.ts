/** One request that the twin answered, without headers: the log never holds a key. */
export interface Call {
  readonly seq: number;
  /** The twin's time (ISO 8601). */
  readonly at: string;
  readonly method: string;
  readonly path: string;
  /** With its question mark; empty where there was none. */
  readonly query: string;
  /** The agent whose key was sent; null without a known key, as for the SageMaker calls. */
  readonly agent_id: string | null;
  /** What the client got; 0 where a fault kept the answer from it. */
  readonly status: number;
  /** The error code answered, if any. */
  readonly error: string | null;
  /** The fault that this call had, if any. */
  readonly fault: string | null;
  /** The request body: parsed where it is JSON, otherwise its text; null where it was empty. */
  readonly body: unknown;
}

/** A body as the log shows it. */
export function readableBody(text: string): unknown {
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
