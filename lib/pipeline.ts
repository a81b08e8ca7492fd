import { Aspects, Stack, Tags, Validations, type App } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { InvalidConfigError, type Config } from './config.ts';
import { PipelineDashboard } from './constructs/dashboard.ts';
import { EscrowStack } from './escrow-stack.ts';
import { FoundationStack } from './foundation-stack.ts';
import { PROFILES } from '../src/purple-flea/service.ts';
import { LeaveOutUnsupported } from './leave-out-unsupported.ts';
import { prefixOf } from './names.ts';
import { TradingStack } from './trading-stack.ts';

export interface PipelineOptions {
  /** Where the twin listens. Only for stage `local`: it takes the place of Purple Flea and of SageMaker. */
  readonly twinUrl?: string;
  /** The dialect of the escrow API that the twin speaks; without it, the one that the configuration names. */
  readonly escrowProfile?: string;
  /** How much of the documented limits the twin's callers may use, in per cent; more than 100 where it limits nothing. */
  readonly pacePercent?: number;
  /** Takes a line for each thing that stage `local` has to leave out; standard error where nothing is given. */
  readonly report?: (line: string) => void;
}

/** The stacks of one stage, checked by cdk-nag at synth. */
export interface Pipeline {
  readonly foundation: FoundationStack;
  readonly escrow: EscrowStack;
  readonly trading: TradingStack;
}

/** Adds the stacks of one stage to an app. */
export function buildPipeline(
  app: App,
  stageConfig: Config,
  { twinUrl, escrowProfile, pacePercent, report = (line) => process.stderr.write(line) }: PipelineOptions = {},
): Pipeline {
  if (twinUrl !== undefined && stageConfig.stage !== 'local') {
    throw new InvalidConfigError(`-c twin=${twinUrl}: only stage local talks to a twin, not ${stageConfig.stage}`);
  }
  if (escrowProfile !== undefined && twinUrl === undefined) {
    throw new InvalidConfigError(
      `-c escrowProfile=${escrowProfile}: goes with -c twin; otherwise set it in the stage's file`,
    );
  }
  if (pacePercent !== undefined && twinUrl === undefined) {
    throw new InvalidConfigError(
      `-c pacePercent=${pacePercent}: goes with -c twin; otherwise set it in the stage's file`,
    );
  }
  if (pacePercent !== undefined && !(Number.isSafeInteger(pacePercent) && pacePercent > 0)) {
    throw new InvalidConfigError(`-c pacePercent=${pacePercent}: give a whole number above 0`);
  }
  const config =
    twinUrl === undefined ? stageConfig : pointAtTwin(stageConfig, twinUrl, { escrowProfile, pacePercent });
  const sageMakerEnvironment =
    config.stage === 'local'
      ? {
          AWS_ENDPOINT_URL_SAGEMAKER: config.purpleFlea.escrow.baseUrl,
          AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME: config.purpleFlea.escrow.baseUrl,
        }
      : undefined;

  const prefix = prefixOf(config.stage);
  const env = config.deployTo === undefined ? {} : { env: config.deployTo };
  const foundation = new FoundationStack(app, `${prefix}-foundation`, { config, ...env });
  const flow = { config, foundation, ...env, ...(sageMakerEnvironment === undefined ? {} : { sageMakerEnvironment }) };
  const escrow = new EscrowStack(app, `${prefix}-escrow`, flow);
  const trading = new TradingStack(app, `${prefix}-trading`, flow);
  const page = new Stack(app, `${prefix}-dashboard`, { ...env, description: 'One page on how the stage does' });
  void new PipelineDashboard(page, 'Dashboard', { config, stacks: [foundation, escrow, trading] });

  if (config.stage === 'local') Aspects.of(app).add(new LeaveOutUnsupported(report));
  Tags.of(app).add('project', 'purple-flea-pipeline');
  Tags.of(app).add('stage', config.stage);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return { foundation, escrow, trading };
}

function pointAtTwin(
  config: Config,
  twinUrl: string,
  {
    escrowProfile,
    pacePercent = config.purpleFlea.pacePercent,
  }: Pick<PipelineOptions, 'escrowProfile' | 'pacePercent'>,
): Config {
  const { escrow, trading, wallet, faucet } = config.purpleFlea;
  const profile = PROFILES.find((known) => known === (escrowProfile ?? escrow.profile));
  if (profile === undefined) {
    throw new InvalidConfigError(
      `-c escrowProfile=${escrowProfile}: there is no such profile; allowed: ${PROFILES.join(', ')}`,
    );
  }
  return {
    ...config,
    purpleFlea: {
      ...config.purpleFlea,
      pacePercent,
      escrow: { ...escrow, profile, baseUrl: twinUrl },
      trading: { ...trading, baseUrl: twinUrl },
      // Where escrows are not listed, the agent's ledger rows are looked at: they speak the same dialect.
      wallet: { profile: escrowProfile === undefined ? wallet.profile : profile, baseUrl: twinUrl },
      faucet: { ...faucet, baseUrl: twinUrl },
    },
  };
}
