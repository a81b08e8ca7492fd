import * as z from 'zod';
import { CONTROLS } from './openapi/controls.ts';
import { PUBLISHED_ESCROW } from './openapi/escrow-published.ts';
import { REFERENCE_ESCROW } from './openapi/escrow-reference.ts';
import { PUBLISHED_FAUCET, REFERENCE_FAUCET } from './openapi/faucet.ts';
import { errorSchema, type Operation } from './openapi/operation.ts';
import { SAGEMAKER } from './openapi/sagemaker.ts';
import { PUBLISHED_TRADING, REFERENCE_TRADING } from './openapi/trading.ts';
import { PUBLISHED_WALLET, REFERENCE_WALLET } from './openapi/wallet.ts';
import { WEBHOOKS } from './openapi/webhooks.ts';
import type { EscrowProfile, World } from './world/world.ts';

/** Every operation that a twin of this profile serves. */
export function operationsOfProfile(profile: EscrowProfile): readonly Operation[] {
  return [
    ...(profile === 'reference' ? REFERENCE_ESCROW : PUBLISHED_ESCROW),
    ...REFERENCE_TRADING,
    ...PUBLISHED_TRADING,
    ...REFERENCE_WALLET,
    ...PUBLISHED_WALLET,
    ...REFERENCE_FAUCET,
    ...PUBLISHED_FAUCET,
    ...WEBHOOKS,
    ...SAGEMAKER,
    ...CONTROLS,
  ];
}

/** The OpenAPI 3.1 description of what this twin serves. */
export function openApiDocument(world: World): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operationsOfProfile(world.escrowProfile)) {
    const [method = '', route = ''] = operation.route.split(' ');
    const path = route.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [method.toLowerCase()]: describeOperation(operation, route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Purple Flea twin',
      version: '1.0.0',
      description: `A local stand-in for the Purple Flea service; its escrow routes speak the ${world.escrowProfile} dialect.`,
    },
    components: { securitySchemes: { key: { type: 'http', scheme: 'bearer', description: "an agent's API key" } } },
    paths,
  };
}

function describeOperation(operation: Operation, route: string): Record<string, unknown> {
  const { tag, summary, body, bodyExample, status = 200, answer, answerExample } = operation;
  return {
    operationId: operation.route.replaceAll(/[^A-Za-z0-9]+/g, '_'),
    tags: [tag],
    summary,
    security: securityOf(operation),
    parameters: [...pathParameters(route), ...queryParameters(operation.query)],
    ...(body !== undefined && { requestBody: { content: json(body, bodyExample) } }),
    responses: {
      [status]: { description: 'done', content: json(answer, answerExample) },
      ...describeErrors(operation),
    },
  };
}

function describeErrors({ errors, errorForm }: Operation): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(errors).map(([status, codes]) => [
      status,
      { description: codes.join(', '), content: json(errorSchema(errorForm, codes)) },
    ]),
  );
}

function securityOf({ key }: Operation): Record<string, string[]>[] {
  if (key === 'none') return [];
  return key === 'needed' ? [{ key: [] }] : [{}, { key: [] }];
}

function pathParameters(route: string): Record<string, unknown>[] {
  return [...route.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters(query: z.ZodObject | undefined): Record<string, unknown>[] {
  if (query === undefined) return [];
  return Object.entries(query.shape).map(([name, field]) => {
    const schema = field as z.ZodType;
    return { name, in: 'query', required: !schema.isOptional(), schema: jsonSchema(schema) };
  });
}

function json(schema: z.ZodType, example?: unknown): Record<string, unknown> {
  return { 'application/json': { schema: jsonSchema(schema), ...(example !== undefined && { example }) } };
}

/** Without the dialect's URI, which the whole document states by its version. */
function jsonSchema(schema: z.ZodType): Record<string, unknown> {
  const { $schema: _, ...described } = z.toJSONSchema(schema, { io: 'input' });
  return described;
}
