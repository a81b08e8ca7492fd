import { Tags } from 'aws-cdk-lib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../lib/config.ts';
import { buildPipeline } from '../../lib/pipeline.ts';
import { createApp } from '../support/synthesized-stage.ts';

/** What the flow stacks of release 0.1.0 import: an export that is in use cannot be deleted, so that no deployment would get past it. */
const EXPORTS_IN_USE = [
  'FnGetAttBusEA82B648ArnBC65BB77',
  'FnGetAttIntents576664A3Arn1D084A1C',
  'FnGetAttKey961B73FDArn5A860C43',
  'FnGetAttMailbox1948DAAEArn76EB3982',
  'RefAlarms04B5A0BF701FB519',
  'RefApiKeyF9DDEE6636F4EB06',
  'RefBusEA82B6486A28F94F',
  'RefIntents576664A3853DBB90',
  'RefMailbox1948DAAE2B3C5595',
  'RefStop580F65EA03590B51',
];

interface Template {
  readonly Outputs: Readonly<Record<string, { readonly Export?: { readonly Name: string } }>>;
  readonly Resources: Readonly<Record<string, { readonly DeletionPolicy?: string; readonly Properties?: object }>>;
}

let outdir: string;
beforeAll(() => {
  outdir = mkdtempSync(join(tmpdir(), 'upgrade-'));
});
afterAll(() => {
  rmSync(outdir, { recursive: true, force: true });
});

/** The foundation of prod, in an app that somebody adds a tag to. */
function synthesizeFoundation() {
  const app = createApp({ outdir, builtinCloudFormationValidation: false });
  const { foundation } = buildPipeline(app, loadConfig('prod'), { report: () => {} });
  Tags.of(app).add('team', 'payments');
  const artifact = app.synth().getStackArtifact(foundation.artifactId);
  return { template: artifact.template as Template, tags: artifact.tags };
}

describe('a deployment over release 0.1.0', () => {
  test('exports from the foundation all that its flow stacks import', () => {
    const names = Object.values(synthesizeFoundation().template.Outputs).map(({ Export }) => Export?.Name ?? '');

    const missing = EXPORTS_IN_USE.filter(
      (name) => !names.includes(`purple-flea-prod-foundation:ExportsOutput${name}`),
    );
    expect(missing).toEqual([]);
  });

  test('changes nothing of the stop, whatever tags there are: any update would write "running" over its value', () => {
    const { template, tags } = synthesizeFoundation();

    expect(template.Resources['Stop580F65EA']?.Properties).toEqual({
      AllowedPattern: '^(running|reducing|halted)$',
      Description: 'running; reducing: no new outflow, what is locked may be settled; halted: nothing is sent',
      Name: '/purple-flea-prod/stop',
      Tags: { project: 'purple-flea-pipeline', stage: 'prod' },
      Type: 'String',
      Value: 'running',
    });
    // CloudFormation hands these down to every resource.
    expect(tags).toEqual({ project: 'purple-flea-pipeline', stage: 'prod' });
  });

  test('keeps the stop where the stack goes, or a later release no longer makes it', () => {
    expect(synthesizeFoundation().template.Resources['Stop580F65EA']).toMatchObject({
      DeletionPolicy: 'RetainExceptOnCreate',
      UpdateReplacePolicy: 'Retain',
    });
  });

  test('gives other resources the tags that somebody adds', () => {
    const { template } = synthesizeFoundation();

    expect(JSON.stringify(template.Resources['Intents576664A3']?.Properties)).toContain('payments');
  });
});
