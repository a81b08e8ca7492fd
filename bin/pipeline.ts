import { App } from 'aws-cdk-lib';
import { loadConfig } from '../lib/config.ts';
import { buildPipeline } from '../lib/pipeline.ts';

const app = new App();
const stage: unknown = app.node.tryGetContext('stage') ?? 'dev';
const twinUrl: unknown = app.node.tryGetContext('twin');

buildPipeline(app, loadConfig(String(stage)), typeof twinUrl === 'string' ? { twinUrl } : {});
