import { prefixOf } from '../lib/names.ts';
import type { Stage } from '../lib/stages.ts';
import { accessTo } from './stage-access.ts';

/** Returns what invokes a function of a stage and gives the text of its answer. It throws what the function throws. */
export function openFunction(stage: Stage, name: string): (input: object) => Promise<string> {
  const opened = lazily(() => openLambda(stage));
  return async (input) => {
    const { client, InvokeCommand } = await opened();
    const { Payload, FunctionError } = await client.send(
      new InvokeCommand({ FunctionName: `${prefixOf(stage)}-${name}`, Payload: JSON.stringify(input) }),
    );
    const text = Payload?.transformToString() ?? '{}';
    if (FunctionError !== undefined) throw new Error(text);
    return text;
  };
}

/** The SDK is loaded for the first call, so that a wrong use is refused without it. */
async function openLambda(stage: Stage) {
  const access = accessTo(stage);
  const { InvokeCommand, LambdaClient } = await import('@aws-sdk/client-lambda');
  return { client: new LambdaClient(access), InvokeCommand };
}

function lazily<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return () => (made ??= make());
}
