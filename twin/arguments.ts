import { parseArgs } from 'node:util';
import { UsageError } from '../src/command-line.ts';
import { readAgents, readInitialData, type InitialAgent } from './initial-data.ts';
import { REGISTERED_SERVICES, type Registrations } from './registrations.ts';
import { ESCROW_PROFILES, type EscrowProfile } from './world/world.ts';

export const USAGE = `Usage: node twin/main.ts [--port 4010] [--agents file.json] [--profile reference|published]
                         [--file state.jsonl] [--no-rate-limits]
                         [--registration trading=ID[,ID]]

  --port            port on 127.0.0.1 (default 4010; 0 takes a free one)
  --agents          agents to start with, in the format of twin/data/agents.json
  --profile         dialect of the escrow routes (default reference)
  --file            a file that the state survives in; it is made if it is not there
  --no-rate-limits  count no calls
  --registration    agents that only this service knows (escrow, trading or wallet), and it no others; may be repeated
  --help            this text`;

/** How the command line asks for a twin. */
export interface Arguments {
  readonly port: number;
  readonly agents: readonly InitialAgent[];
  readonly escrowProfile: EscrowProfile;
  readonly file: string | undefined;
  readonly rateLimits: boolean;
  readonly registrations: Registrations;
}

/** @throws UsageError naming the option and what it takes. */
export function readArguments(args: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: 'string', default: '4010' },
      agents: { type: 'string' },
      profile: { type: 'string', default: 'reference' },
      file: { type: 'string' },
      registration: { type: 'string', multiple: true, default: [] },
      'no-rate-limits': { type: 'boolean', default: false },
    },
  });
  return {
    port: readPort(values.port),
    agents: values.agents === undefined ? readInitialData().agents : readAgents(values.agents),
    escrowProfile: readProfile(values.profile),
    file: readFile(values.file),
    rateLimits: !values['no-rate-limits'],
    registrations: Object.fromEntries(values.registration.map(readRegistration)),
  };
}

function readPort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new UsageError(`--port must be a number from 0 to 65535, got "${text}"`);
}

function readProfile(text: string): EscrowProfile {
  const profile = ESCROW_PROFILES.find((known) => known === text);
  if (profile === undefined) throw new UsageError(`--profile must be ${ESCROW_PROFILES.join(' or ')}, got "${text}"`);
  return profile;
}

function readRegistration(text: string): [service: string, agentIds: readonly string[]] {
  const [service = '', ids = ''] = text.split('=');
  const agentIds = ids.split(',').filter((id) => id !== '');
  if (agentIds.length > 0 && REGISTERED_SERVICES.some((known) => known === service)) return [service, agentIds];
  const services = REGISTERED_SERVICES.join(', ');
  throw new UsageError(
    `--registration must be a service (${services}) and its agents: trading=ag_trader, got "${text}"`,
  );
}

function readFile(text: string | undefined): string | undefined {
  if (text === '') throw new UsageError('--file must be the path of a file, got ""');
  return text;
}
