import { Stack } from 'aws-cdk-lib';
import { expect, test } from '@jest/globals';
import { loadConfig } from '../../lib/config.ts';
import { buildPipeline } from '../../lib/pipeline.ts';
import { createApp } from '../support/synthesized-stage.ts';

const PLACE = { account: '111122223333', region: 'eu-west-1' };

function stacksOf(deployTo: typeof PLACE | undefined): Stack[] {
  const { deployTo: _, ...config } = loadConfig('dev');
  const app = createApp({});
  buildPipeline(app, deployTo === undefined ? config : { ...config, deployTo });
  return app.node.children.filter((child) => Stack.isStack(child));
}

test('a stage that names account and region is deployed there, with all of its stacks', () => {
  const stacks = stacksOf(PLACE);

  expect(stacks).toHaveLength(4);
  expect(stacks.map(({ account, region }) => ({ account, region }))).toEqual(stacks.map(() => PLACE));
});

test('a stage that names none is deployed wherever the credentials are for', () => {
  for (const { environment } of stacksOf(undefined)) expect(environment).toBe('aws://unknown-account/unknown-region');
});
