import { expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What a function writes to its log, a line each. */
async function written(code: string): Promise<Record<string, unknown>[]> {
  const program = `import { count, gauge } from './lambdas/shared/telemetry.ts'; ${code}`;
  const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '-e', program], {
    env: { POWERTOOLS_SERVICE_NAME: 'purple-flea-test' },
  });
  expect(stderr).toBe('');
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('gauges are metrics with the stage and their own dimensions, each group in a line of its own, with units', async () => {
  const lines = await written(`
    gauge({ dimensions: { Mode: 'paper' }, values: { RealisedProfitUsd: -1.75, WinRatePercent: 66 } });
    gauge({ dimensions: { Mode: 'paper', Asset: 'BTC-USDC' }, values: { ExposureUsd: 0.000001 } });
  `);

  expect(lines).toMatchObject([
    {
      _aws: {
        CloudWatchMetrics: [
          {
            Namespace: 'PurpleFlea',
            Dimensions: [['service', 'Mode']],
            Metrics: [
              { Name: 'RealisedProfitUsd', Unit: 'None' },
              { Name: 'WinRatePercent', Unit: 'Percent' },
            ],
          },
        ],
      },
      service: 'purple-flea-test',
      Mode: 'paper',
      RealisedProfitUsd: -1.75,
      WinRatePercent: 66,
    },
    {
      _aws: {
        CloudWatchMetrics: [
          {
            Namespace: 'PurpleFlea',
            Dimensions: [['service', 'Mode', 'Asset']],
            Metrics: [{ Name: 'ExposureUsd', Unit: 'None' }],
          },
        ],
      },
      service: 'purple-flea-test',
      Mode: 'paper',
      Asset: 'BTC-USDC',
      ExposureUsd: 0.000001,
    },
  ]);
});
