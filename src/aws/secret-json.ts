import * as z from 'zod/mini';
import { describeError, SecretUnusableError } from '../errors.ts';

/** Reads the secret's text. Implementations cache it for some minutes, so that a rotated value is picked up. */
export type ReadSecret = () => Promise<string | undefined>;

/** What a secret holds. */
export interface SecretShape<Content> {
  readonly name: string;
  readonly schema: z.core.$ZodType<Content>;
  /** The JSON that is expected, as a person would write it. */
  readonly expected: string;
}

/**
 * Reads and checks a secret that holds JSON.
 *
 * @throws SecretUnusableError naming the secret and the field, never a value: a parser's own message quotes its input.
 */
export async function readSecretJson<Content>(
  { name, schema, expected }: SecretShape<Content>,
  readSecret: ReadSecret,
): Promise<Content> {
  const parsed = z.safeParse(schema, parse(name, expected, await readText(name, readSecret)));
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const malformed = issues.filter(({ code }) => code === 'invalid_format');
  const problem =
    malformed.length === issues.length
      ? `${fieldsOf(malformed)} has white space or other characters that no key has`
      : `${fieldsOf(issues)} is missing or of the wrong type`;
  throw new SecretUnusableError(`secret ${name}: ${problem}; expected JSON ${expected}`);
}

function fieldsOf(issues: readonly z.core.$ZodIssue[]): string {
  return [...new Set(issues.map((issue) => String(issue.path[0] ?? 'JSON object')))].join(', ');
}

async function readText(name: string, readSecret: ReadSecret): Promise<string> {
  let text: string | undefined;
  try {
    text = await readSecret();
  } catch (error) {
    throw new SecretUnusableError(`secret ${name}: cannot be read. ${describeError(error)}`);
  }
  if (text === undefined) throw new SecretUnusableError(`secret ${name}: has no value`);
  return text;
}

function parse(name: string, expected: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SecretUnusableError(`secret ${name}: is not JSON; expected ${expected}`);
  }
}
