/** One value of a text, or a place where there is none. Lines count from 1. */
export type JsonPart =
  | { readonly kind: 'value'; readonly line: number; readonly value: unknown }
  | { readonly kind: 'broken'; readonly line: number; readonly reason: string };

export interface JsonSplitter {
  /** What is complete with the next piece of the text. */
  push(text: string): JsonPart[];
  /** What is wrong with the end. */
  end(): JsonPart[];
}

/** EventBridge takes events of up to 1 MB: what is longer lacks its end. */
const MAX_LENGTH = 2 * 1024 * 1024;

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const COMMA = 0x2c;
const BYTE_ORDER_MARK = 0xfeff;
const BLANKS: ReadonlySet<number> = new Set([0x20, 0x09, 0x0d, BYTE_ORDER_MARK]);

const NO_OBJECT = 'not a JSON object; expected EventBridge events, one a line, one after another, or in an array';

/**
 * Splits a text into its JSON objects: one a line, one right after another (as Firehose writes them), indented, or the
 * elements of one array. It is given in pieces of any size. A broken object costs itself alone where the next one begins at
 * the start of a line.
 */
export function createJsonSplitter(): JsonSplitter {
  let rest = '';
  let line = 1;
  let inside: 'between' | 'object' | 'text' | 'escape' | 'junk' = 'between';
  let isArray = false;
  let depth = 0;
  let startLine = 1;

  return {
    push(piece) {
      const parts: JsonPart[] = [];
      const broken = (at: number, reason: string) => parts.push({ kind: 'broken', line: at, reason });
      const text = rest + piece;
      let start = 0;
      for (let index = rest.length; index < text.length; index += 1) {
        const code = text.charCodeAt(index);
        switch (inside) {
          case 'between':
            if (code === OPEN_OBJECT) {
              inside = 'object';
              depth = 1;
              start = index;
              startLine = line;
            } else if (code === OPEN_ARRAY && !isArray) {
              isArray = true;
            } else if (code === CLOSE_ARRAY && isArray) {
              isArray = false;
            } else if (code !== NEWLINE && !BLANKS.has(code) && !(code === COMMA && isArray)) {
              broken(line, NO_OBJECT);
              inside = 'junk';
            }
            break;
          case 'junk':
            if (code === NEWLINE) inside = 'between';
            break;
          case 'escape':
            inside = 'text';
            break;
          case 'text':
            if (code === QUOTE) inside = 'object';
            else if (code === BACKSLASH) inside = 'escape';
            else if (code === NEWLINE) {
              broken(startLine, 'not JSON: its line ends within a text');
              inside = 'between';
            }
            break;
          case 'object':
            if (code === QUOTE) inside = 'text';
            else if (code === OPEN_OBJECT && text.charCodeAt(index - 1) === NEWLINE) {
              broken(startLine, `not JSON: it has no end before the next one in line ${line}`);
              depth = 1;
              start = index;
              startLine = line;
            } else if (code === OPEN_OBJECT || code === OPEN_ARRAY) depth += 1;
            else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) {
              depth -= 1;
              if (depth === 0) {
                parts.push(read(text.slice(start, index + 1), startLine));
                inside = 'between';
              }
            }
            break;
        }
        if (code === NEWLINE) line += 1;
      }
      const isOpen = inside === 'object' || inside === 'text' || inside === 'escape';
      rest = isOpen ? text.slice(start) : '';
      if (rest.length > MAX_LENGTH) {
        broken(startLine, `not JSON: it has no end within ${MAX_LENGTH} characters`);
        inside = 'junk';
        rest = '';
      }
      return parts;
    },

    end() {
      const isOpen = inside === 'object' || inside === 'text' || inside === 'escape';
      if (isOpen) return [{ kind: 'broken', line: startLine, reason: 'not JSON: the file ends before it does' }];
      return isArray ? [{ kind: 'broken', line, reason: 'the file ends before its array does' }] : [];
    },
  };
}

function read(text: string, line: number): JsonPart {
  try {
    return { kind: 'value', line, value: JSON.parse(text) };
  } catch {
    return { kind: 'broken', line, reason: 'not JSON' };
  }
}
