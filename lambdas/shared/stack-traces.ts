import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';

/**
 * Has stack traces name the lines of the sources. A bundle's map is read when a trace of it is first looked at; with Node's own
 * `--enable-source-maps` it is read at every start, and takes about a tenth of that.
 */
export function mapStackTraces(): void {
  const maps = new Map<string, SourceMap | undefined>();
  const mapOf = (file: string) => {
    if (!maps.has(file)) maps.set(file, readMap(`${file}.map`));
    return maps.get(file);
  };

  Error.prepareStackTrace = (error, frames) =>
    [String(error), ...frames.map((frame) => `    at ${describeFrame(frame, mapOf)}`)].join('\n');
}

/** A frame says itself where it is; the types of Node leave that out. */
type Frame = NodeJS.CallSite & { toString(): string };

function describeFrame(frame: Frame, mapOf: (file: string) => SourceMap | undefined): string {
  const [file, line, column] = [frame.getFileName(), frame.getLineNumber(), frame.getColumnNumber()];
  if (!file || line === null || column === null) return frame.toString();
  const origin = mapOf(file)?.findOrigin(line, column);
  if (origin === undefined || !('fileName' in origin)) return frame.toString();
  const { fileName, lineNumber, columnNumber } = origin;
  return frame.toString().replace(`${file}:${line}:${column}`, `${fileName}:${lineNumber}:${columnNumber}`);
}

/** What has no map, as Node's own modules, or one that cannot be read, is shown as it runs. */
function readMap(file: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(file, 'utf8')) as ConstructorParameters<typeof SourceMap>[0]);
  } catch {
    return undefined;
  }
}
