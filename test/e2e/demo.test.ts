import { expect, test } from '@jest/globals';
import { execa } from 'execa';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

test.each<[string, string[]]>([
  ['in the dialect of config/local.json', []],
  ["in the published server's dialect", ['--escrow-profile', 'published']],
])(
  'npm start -- --once shows both flows and ends well %s, with the money where it should be',
  async (_dialect, args) => {
    const run = await execa('npm', ['start', '--silent', '--', '--once', ...args], {
      cwd: ROOT,
      reject: false,
      all: true,
    });

    expect(run.all).toContain('The money is where it should be.');
    expect(run.all).toMatch(/escrow\s+esc_[0-9a-f]{16} released: \$49\.50 paid out, fee \$0\.50/);
    expect(run.all).toMatch(/order\s+ord_[0-9a-f]{16} placed: long \$50\.00 of BTC-USDC/);
    expect(run.all).toMatch(/decision\s+no trade on demo-\w+: low-confidence \(confidence 0\.55 is below 0\.6\)/);
    expect(run.all).toMatch(/traded +│ +\d+ │ +\d+ │/);
    expect(run.exitCode).toBe(0);
  },
  600_000,
);
