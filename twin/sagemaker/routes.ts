import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import { predictDirection } from './direction-model.ts';
import type { TwinContext, TwinEnv } from '../request.ts';
import { ACCOUNT, describeTrainingJob, trainingJobArn } from './training-job.ts';
import { readRequest, writeAnswer } from './wire-formats.ts';
import type { World } from '../world/world.ts';

/** What a list shows where no `MaxResults` is given. */
const DEFAULT_PAGE = 10;

const OPERATIONS = ['SageMaker.DescribeTrainingJob', 'SageMaker.ListTrainingJobs', 'SageMaker.ListTags'];

/** How many tags a page has. */
const TAGS_PAGE = 50;

/** The SageMaker calls that the product makes, each in its own protocol. Signatures are not checked. */
export function sageMakerRoutes(world: World): Hono<TwinEnv> {
  const routes = new Hono<TwinEnv>();

  routes.post('/', (c) => {
    const target = c.req.header('x-amz-target');
    if (target === undefined || !OPERATIONS.includes(target)) {
      const message = `Only ${OPERATIONS.join(', ')} are served here.`;
      return controlPlaneError(c, 'UnknownOperationException', message);
    }
    const request = parseJson(c.get('bodyText'));
    if (request === undefined) {
      return controlPlaneError(c, 'SerializationException', 'The body is not valid JSON.');
    }
    if (target === 'SageMaker.ListTrainingJobs') return controlPlaneAnswer(c, listTrainingJobs(world, request), 200);
    if (target === 'SageMaker.ListTags') {
      const tags = listTags(world, request);
      if (tags !== undefined) return controlPlaneAnswer(c, tags, 200);
      return controlPlaneError(c, 'ValidationException', 'Requested resource not found.');
    }
    const name = fieldOf(request, 'TrainingJobName');
    if (typeof name !== 'string') {
      return controlPlaneError(
        c,
        'ValidationException',
        "1 validation error detected: Value null at 'trainingJobName' failed to satisfy constraint: Member must not be null",
      );
    }
    const job = world.trainingJobs.get(name);
    if (job === undefined) return controlPlaneError(c, 'ValidationException', 'Requested resource not found.');
    return controlPlaneAnswer(c, describeTrainingJob(job), 200);
  });

  routes.post('/endpoints/:name/invocations', (c) => {
    const name = c.req.param('name');
    const model = world.endpoints.get(name);
    if (model === undefined) {
      return runtimeError(c, 400, 'ValidationError', {
        Message: `Endpoint ${name} of account ${ACCOUNT} not found.`,
      });
    }
    const contentType = c.req.header('content-type') ?? '';
    const features = readRequest(model, contentType, c.get('bodyText'));
    const prediction =
      features === undefined
        ? { kind: 'unusable-input' as const, reason: `the body is not valid ${contentType || 'JSON'}` }
        : predictDirection(model, features);
    if (prediction.kind === 'unusable-input') {
      return runtimeError(c, 424, 'ModelError', {
        ErrorCode: 'CLIENT_ERROR_FROM_MODEL',
        Message: `Received client error (400) from primary with message "${prediction.reason}".`,
        OriginalMessage: prediction.reason,
        OriginalStatusCode: 400,
      });
    }
    const answer = writeAnswer(c.req.header('accept') ?? '', prediction);
    c.header('x-amzn-RequestId', randomUUID());
    c.header('x-Amzn-Invoked-Production-Variant', 'AllTraffic');
    return c.body(answer.body, 200, { 'content-type': answer.contentType });
  });

  return routes;
}

/** `ListTrainingJobs` with its filters by status and time; a page token is the number of jobs shown before it. */
function listTrainingJobs(world: World, request: unknown): Record<string, unknown> {
  const number = (field: string) => {
    const value = fieldOf(request, field);
    return typeof value === 'number' ? value : undefined;
  };
  const status = fieldOf(request, 'StatusEquals');
  const [after, before] = [number('LastModifiedTimeAfter') ?? -Infinity, number('LastModifiedTimeBefore') ?? Infinity];
  const start = Number(fieldOf(request, 'NextToken') ?? 0);
  const size = number('MaxResults') ?? DEFAULT_PAGE;
  const found = [...world.trainingJobs.values()]
    .map(describeTrainingJob)
    .filter((job) => status === undefined || job['TrainingJobStatus'] === status)
    .filter(({ LastModifiedTime }) => Number(LastModifiedTime) > after && Number(LastModifiedTime) < before)
    .toSorted((one, other) => Number(one['CreationTime']) - Number(other['CreationTime']));
  const end = start + size;
  return {
    TrainingJobSummaries: found.slice(start, end).map((job) => ({
      TrainingJobName: job['TrainingJobName'],
      TrainingJobArn: job['TrainingJobArn'],
      CreationTime: job['CreationTime'],
      LastModifiedTime: job['LastModifiedTime'],
      TrainingEndTime: job['TrainingEndTime'],
      TrainingJobStatus: job['TrainingJobStatus'],
    })),
    ...(end < found.length && { NextToken: String(end) }),
  };
}

/** `ListTags` of a training job, in pages as in the real service, where a token says how many were shown before. */
function listTags(world: World, request: unknown): Record<string, unknown> | undefined {
  const arn = fieldOf(request, 'ResourceArn');
  const job = [...world.trainingJobs.values()].find(({ name }) => trainingJobArn(name) === arn);
  if (job === undefined) return undefined;
  const tags = Object.entries(job.tags ?? {}).map(([Key, Value]) => ({ Key, Value }));
  const start = Number(fieldOf(request, 'NextToken') ?? 0);
  const end = start + TAGS_PAGE;
  return { Tags: tags.slice(start, end), ...(end < tags.length && { NextToken: String(end) }) };
}

/** AWS JSON 1.1: the error's name is in the body. */
function controlPlaneError(c: TwinContext, type: string, message: string): Response {
  c.set('errorCode', type);
  return controlPlaneAnswer(c, { __type: type, message }, 400);
}

function controlPlaneAnswer(c: TwinContext, answer: Record<string, unknown>, status: 200 | 400): Response {
  return c.body(JSON.stringify(answer), status, {
    'content-type': 'application/x-amz-json-1.1',
    'x-amzn-RequestId': randomUUID(),
  });
}

/** AWS REST JSON: the error's name is in a header. */
function runtimeError(c: TwinContext, status: 400 | 424, type: string, answer: Record<string, unknown>): Response {
  c.set('errorCode', type);
  return c.json(answer, status, { 'x-amzn-errortype': type, 'x-amzn-RequestId': randomUUID() });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[field] : undefined;
}
