import type * as z from 'zod';
import type { Profile } from '../src/purple-flea/service.ts';
import { operationsOfProfile } from '../twin/openapi.ts';
import { errorSchema, type Operation } from '../twin/openapi/operation.ts';
import { matchesRoute, parseRoute } from '../twin/route-pattern.ts';
import type { Exchange } from './run.ts';

/** How a body compares with what is documented for its route and status. */
export interface ShapeFinding {
  /** What does not fit. */
  readonly differences: readonly string[];
  /** Fields that are not documented. They do no harm: nothing is read from them. */
  readonly undocumented: readonly string[];
}

/**
 * Compares answers with the contract that the twin publishes as its OpenAPI document: fields, types, formats, and which
 * codes come with which status.
 */
export function compareShapes(profile: Profile, exchanges: readonly Exchange[]): ShapeFinding {
  const findings = exchanges.map((exchange) => compareShape(profile, exchange));
  return {
    differences: distinct(findings.flatMap(({ differences }) => differences)),
    undocumented: distinct(findings.flatMap(({ undocumented }) => undocumented)),
  };
}

function compareShape(profile: Profile, { method, path, answer }: Exchange): ShapeFinding {
  const route = `${method} ${path.replace(/\?.*$/, '')}`;
  const operation = findOperation(profile, route);
  if (operation === undefined || answer.kind !== 'answered') return { differences: [], undocumented: [] };
  const schema = schemaFor(operation, answer.status);
  if (schema === undefined) {
    return { differences: [`${operation.route}: HTTP ${answer.status} is not documented`], undocumented: [] };
  }
  const issues = schema.safeParse(answer.body).error?.issues ?? [];
  const where = (issue: z.core.$ZodIssue) => [operation.route, answer.status, issue.path.join('.')].join(' ').trim();
  return {
    differences: issues
      .filter(({ code }) => code !== 'unrecognized_keys')
      .map((issue) => `${where(issue)}: ${issue.message}`),
    undocumented: issues.flatMap((issue) =>
      issue.code === 'unrecognized_keys' ? issue.keys.map((key) => `${where(issue)}: ${key} is not documented`) : [],
    ),
  };
}

/** Routes are documented as patterns; one that is written out goes before one with a parameter. */
function findOperation(profile: Profile, route: string): Operation | undefined {
  const [method = '', path = ''] = route.split(' ');
  const operations = operationsOfProfile(profile);
  return (
    operations.find((operation) => operation.route === route) ??
    operations.find((operation) => matchesRoute(parseRoute(operation.route), method, path))
  );
}

function schemaFor({ status = 200, answer, errors, errorForm }: Operation, shown: number): z.ZodType | undefined {
  if (shown === status) return answer;
  const codes = errors[shown];
  return codes === undefined ? undefined : errorSchema(errorForm, codes);
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
