import { App } from 'aws-cdk-lib';
import { InvalidConfigError, loadConfig } from '../lib/config.ts';
import { buildPipeline } from '../lib/pipeline.ts';
import { refuseOverlaps } from '../lib/stage-files.ts';

const app = new App();
const stage: unknown = app.node.tryGetContext('stage') ?? 'dev';
const twinUrl: unknown = app.node.tryGetContext('twin');
const escrowProfile: unknown = app.node.tryGetContext('escrowProfile');
const pacePercent: unknown = app.node.tryGetContext('pacePercent');

try {
  const config = loadConfig(String(stage));
  refuseOverlaps(config);
  buildPipeline(app, config, {
    ...(typeof twinUrl === 'string' ? { twinUrl } : {}),
    ...(typeof escrowProfile === 'string' ? { escrowProfile } : {}),
    ...(pacePercent === undefined ? {} : { pacePercent: Number(pacePercent) }),
  });
} catch (error) {
  if (!(error instanceof InvalidConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
