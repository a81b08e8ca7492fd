import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { readArguments } from '../../../twin/arguments.ts';
import { readInitialData } from '../../../twin/initial-data.ts';

describe('the command line', () => {
  test('asks for the agents of the data file, port 4010 and the reference if it says nothing', () => {
    expect(readArguments([])).toEqual({
      port: 4010,
      agents: readInitialData().agents,
      escrowProfile: 'reference',
      file: undefined,
      rateLimits: true,
      registrations: {},
    });
  });

  test('asks for everything else', () => {
    const agents = fileURLToPath(new URL('../../../twin/data/agents.json', import.meta.url));
    const args = ['--port', '0', '--agents', agents, '--profile', 'published', '--file', 's.jsonl', '--no-rate-limits'];
    const own = ['--registration', 'trading=ag_trader,ag_other', '--registration', 'wallet=ag_payer'];

    expect(readArguments([...args, ...own])).toEqual({
      port: 0,
      agents: readInitialData().agents,
      escrowProfile: 'published',
      file: 's.jsonl',
      rateLimits: false,
      registrations: { trading: ['ag_trader', 'ag_other'], wallet: ['ag_payer'] },
    });
  });

  test.each([
    [['--port', '65536'], '--port must be a number from 0 to 65535, got "65536"'],
    [['--profile', 'other'], '--profile must be reference or published, got "other"'],
    [['--file', ''], '--file must be the path of a file, got ""'],
    [['--agents', '/no/such/file.json'], '/no/such/file.json'],
    [['--registration', 'casino=ag_trader'], '--registration must be a service (escrow, trading, wallet)'],
    [['--registration', 'trading='], 'got "trading="'],
    [['--colour'], '--colour'],
  ])('%j is refused by name', (args, message) => {
    expect(() => readArguments(args)).toThrow(message);
  });
});
