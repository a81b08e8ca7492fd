const SPACE = /[ \t\n\r]*/y;
/** Of text as it stands: no quotation mark, no backslash, no control character. */
const PLAIN = `[^"\\\\${String.fromCodePoint(0)}-${String.fromCodePoint(31)}]`;
const TEXT = new RegExp(`"(?:${PLAIN}|\\\\(?:["\\\\/bfnrt]|u[0-9a-fA-F]{4}))*"`, 'y');
const OTHER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

class JsonProblem extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** What is wrong with a JSON text, with line and column; undefined where nothing is. A key that is there twice is wrong too. */
export function findJsonProblem(text: string): string | undefined {
  try {
    const end = skipSpace(text, readValue(text, 0));
    if (end < text.length) throw unexpected(text, end, 'the end of the file');
    return undefined;
  } catch (error) {
    if (!(error instanceof JsonProblem)) throw error;
    const before = text.slice(0, error.offset).split('\n');
    return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}: ${error.message}`;
  }
}

/** Each reader takes the offset to start at and returns the one behind what it read. */
function readValue(text: string, start: number): number {
  const at = skipSpace(text, start);
  if (text[at] === '{') return readObject(text, at + 1);
  if (text[at] === '[') return readItems(text, at + 1, ']', readValue);
  const end = match(TEXT, text, at) ?? match(OTHER, text, at);
  if (end === undefined) throw unexpected(text, at, 'a value');
  return end;
}

function readObject(text: string, start: number): number {
  const keys = new Set<string>();
  return readItems(text, start, '}', (_, from) => {
    const at = skipSpace(text, from);
    const end = match(TEXT, text, at);
    if (end === undefined) throw unexpected(text, at, 'a key in double quotation marks');
    const key = text.slice(at, end);
    if (keys.has(key)) throw new JsonProblem(`${key} is there twice`, at);
    keys.add(key);
    const colon = skipSpace(text, end);
    if (text[colon] !== ':') throw unexpected(text, colon, `":" after ${key}`);
    return readValue(text, colon + 1);
  });
}

function readItems(
  text: string,
  start: number,
  close: string,
  readItem: (text: string, start: number) => number,
): number {
  let at = skipSpace(text, start);
  if (text[at] === close) return at + 1;
  for (;;) {
    at = skipSpace(text, readItem(text, at));
    if (text[at] === close) return at + 1;
    if (text[at] !== ',') throw unexpected(text, at, `"," or "${close}"`);
    at += 1;
  }
}

function skipSpace(text: string, at: number): number {
  return match(SPACE, text, at) ?? at;
}

function match(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

function unexpected(text: string, offset: number, wanted: string): JsonProblem {
  const found = offset < text.length ? JSON.stringify(text[offset]) : 'the end of the file';
  return new JsonProblem(`expected ${wanted}, found ${found}`, offset);
}
