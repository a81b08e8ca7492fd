import { createReadStream } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** A file, or all files of a folder and the folders in it, in the order of their names; what begins with a dot is left out. */
export async function listFiles(path: string): Promise<string[]> {
  const found = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if (!found.isDirectory()) return [path];
  const entries = await readdir(path, { withFileTypes: true });
  const names = entries.filter(({ name }) => !name.startsWith('.')).map(({ name }) => name);
  const nested = await Promise.all(names.toSorted().map((name) => listFiles(join(path, name))));
  return nested.flat();
}

/** The text of a file in pieces, unpacked where it is gzip, whatever its name. */
export async function* readText(path: string): AsyncGenerator<string> {
  try {
    const stream = (await isGzip(path)) ? unpack(path) : createReadStream(path);
    stream.setEncoding('utf8');
    for await (const piece of stream) yield String(piece);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unpack(path: string): Readable {
  // The reader of the stream gets its error.
  return pipeline(createReadStream(path), createGunzip(), () => {});
}

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await file.close();
  }
}

function unreadable(path: string, error: unknown): Error {
  return new Error(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  });
}
