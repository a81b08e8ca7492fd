import { describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** Files, and the files that they lead to by what they import of this project, lazily or not. Types do not count. */
function reachedFrom(files: readonly string[]): ReadonlySet<string> {
  const reached = new Set<string>();
  const open = [...files];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    const folder = dirname(file);
    open.push(
      ...importsOf(file)
        .filter(isOwn)
        .map((path) => normalize(join(folder, path))),
    );
  }
  return reached;
}

function importsOf(file: string): string[] {
  const source = readFileSync(file, 'utf8');
  const statements = source.matchAll(/^(?:import|export)\s+(?!type\b)(?:[^;'"]*?from\s+)?['"]([^'"]+)['"]/gm);
  const calls = source.matchAll(/\bimport\(\s*['"]([^'"]+)['"]/g);
  return [...statements, ...calls].map(([, path = '']) => path);
}

function isOwn(path: string): boolean {
  return path.startsWith('.');
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}

function reaches(folder: string, other: string): string[] {
  return [...reachedFrom(filesIn(folder))].filter((file) => file.startsWith(`${other}/`));
}

function packagesOf(file: string): string[] {
  const imported = [...reachedFrom([file])].flatMap(importsOf);
  const foreign = imported.filter((path) => !isOwn(path) && !path.startsWith('node:'));
  return [...new Set(foreign.map((path) => /^(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? path))].toSorted();
}

describe('what commands load', () => {
  test.each(['local', 'twin', 'test', 'contract', 'lambdas'])(
    "the operators' commands reach nothing in %s",
    (other) => {
      expect(reaches('operations', other)).toEqual([]);
    },
  );

  test('the demo reaches nothing in operations', () => {
    expect(reaches('local', 'operations')).toEqual([]);
  });

  test.each([
    ['intents', ['@aws-sdk/client-lambda', 'cli-table3']],
    ['doctor', ['@aws-sdk/client-lambda', 'cli-table3']],
    ['escrow', ['@aws-sdk/client-lambda', '@aws-sdk/client-sfn']],
    ['signal', ['@aws-sdk/client-eventbridge', 'zod']],
    ['what-if', ['cli-table3', 'zod']],
  ])('%s loads no package but those that it calls', (command, packages) => {
    expect(packagesOf(`operations/${command}.ts`)).toEqual(packages);
  });

  test('follows imports over files, lazy ones too', () => {
    expect(reaches('operations', 'src')).toContain('src/local-session.ts');
    expect(importsOf('operations/intents.ts')).toContain('./intents/list.ts');
    expect(reaches('local', 'twin')).toContain('twin/server.ts');
  });
});
