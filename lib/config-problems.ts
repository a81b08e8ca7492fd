import * as z from 'zod';

function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
}

/** One problem of a configuration, a line each: path, value, and what is allowed there. */
export function describeIssue(issue: z.core.$ZodIssue, config: unknown, root: z.core.$ZodType): string[] {
  const path = formatPath(issue.path);
  const schema = schemaAt(issue.path, config, root);
  if (issue.code === 'unrecognized_keys') {
    const known = schema === undefined ? [] : knownKeys(schema);
    return issue.keys.map((key) => {
      const meant = nearest(key, known);
      const question = meant === undefined ? '' : `; did you mean "${meant}"?`;
      return `  ${formatPath([...issue.path, key])}: unknown; allowed here: ${known.join(', ') || 'none'}${question}`;
    });
  }
  const got = issue.input === undefined ? 'is missing' : `got ${JSON.stringify(issue.input)}`;
  const description = schema === undefined ? undefined : z.globalRegistry.get(schema)?.description;
  return [`  ${path}: ${got}; allowed: ${[description, issue.message].filter(Boolean).join(' ')}`];
}

function knownKeys(schema: z.core.$ZodType): readonly string[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return knownKeys(schema.unwrap());
  if (schema instanceof z.ZodObject) return Object.keys(schema.shape);
  if (schema instanceof z.ZodRecord && schema.keyType instanceof z.ZodEnum) return schema.keyType.options.map(String);
  return [];
}

/** The schema of what is at a path; where it depends on the value, as with a gate's mode, that of the value there. */
function schemaAt(path: readonly PropertyKey[], config: unknown, root: z.core.$ZodType): z.core.$ZodType | undefined {
  let current: z.core.$ZodType | undefined = root;
  let value = config;
  for (const part of path) {
    current = current === undefined ? undefined : childOf(optionFor(current, value), part);
    value = fieldOf(value, part);
  }
  return current === undefined || path.length === 0 ? current : optionFor(current, value);
}

/** Of a discriminated union, the option that a value is of; the schema itself where it is none, or the value is of no option. */
function optionFor(schema: z.core.$ZodType, value: unknown): z.core.$ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) {
    const inner = optionFor(schema.unwrap(), value);
    return inner === schema.unwrap() ? schema : inner;
  }
  if (!(schema instanceof z.ZodDiscriminatedUnion)) return schema;
  const { discriminator } = schema.def;
  const kind = fieldOf(value, discriminator);
  const fits = (option: z.core.$ZodType) => {
    const literal = childOf(option, discriminator);
    return literal instanceof z.ZodLiteral && literal.values.has(kind as string);
  };
  return schema.options.find(fits) ?? schema;
}

function childOf(schema: z.core.$ZodType, part: PropertyKey): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return childOf(schema.unwrap(), part);
  if (schema instanceof z.ZodObject) return (schema.shape as Record<PropertyKey, z.core.$ZodType>)[part];
  if (schema instanceof z.ZodArray) return schema.element;
  if (schema instanceof z.ZodRecord) return schema.valueType;
  return undefined;
}

function fieldOf(value: unknown, part: PropertyKey): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[part] : undefined;
}

/** The known word that a misspelt one is closest to, unless it is too far from all of them. */
function nearest(word: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map((candidate) => ({ candidate, distance: distanceOf(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= Math.max(1, Math.floor(candidate.length / 4)))
    .toSorted((one, other) => one.distance - other.distance);
  return best?.candidate;
}

/** How many characters have to be put in, left out or replaced to get from one word to the other. */
function distanceOf(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [line, letter] of [...from].entries()) {
    const next = [line + 1];
    for (const [column, other] of [...to].entries()) {
      const replaced = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
