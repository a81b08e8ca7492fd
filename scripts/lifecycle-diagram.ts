import { readFileSync } from 'node:fs';

const DEFINITION = new URL('../statemachines/escrow-lifecycle.asl.json', import.meta.url);

/** The page that shows the diagram. */
export const PAGE = new URL('../docs/workflows/escrow-lifecycle.md', import.meta.url);

const BEGIN = '<!-- diagram: npm run diagram -->';
const END = '<!-- end of diagram -->';

interface State {
  readonly Type: string;
  readonly Next?: string;
  readonly Default?: string;
  readonly Choices?: readonly { readonly StringEquals: string; readonly Next: string }[];
  readonly Catch?: readonly { readonly ErrorEquals: readonly string[]; readonly Next: string }[];
}

interface Definition {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}

interface Arrow {
  readonly to: string;
  readonly label: string;
}

/** Where every fault that outlasts its retries leads. The diagram leaves those arrows out. */
const FAULTS_LEAD_TO = 'NeedsAttention';

/**
 * The workflow as a mermaid state diagram. Questions are not states in it: their answers stand on the arrows of the state
 * before.
 */
export function diagramOf({ StartAt, States }: Definition): string {
  const lines = Object.entries(States)
    .filter(([, { Type }]) => Type !== 'Choice')
    .flatMap(([name, state]) => {
      if (state.Type === 'Succeed' || state.Type === 'Fail') return [`${name} --> [*]`];
      return merge(arrowsFrom(state, States)).map(({ to, label }) => `${name} --> ${to}${label && `: ${label}`}`);
    });
  return ['stateDiagram-v2', `[*] --> ${StartAt}`, ...lines]
    .map((line, at) => (at === 0 ? line : `  ${line}`))
    .join('\n');
}

function arrowsFrom({ Next = '', Catch = [] }: State, states: Definition['States']): Arrow[] {
  const question = states[Next]?.Type === 'Choice' ? states[Next] : undefined;
  const answers =
    question === undefined
      ? [{ to: Next, label: '' }]
      : [
          ...(question.Choices ?? []).map(({ StringEquals, Next: to }) => ({ to, label: StringEquals })),
          { to: question.Default ?? '', label: 'otherwise' },
        ];
  const caught = Catch.filter(({ Next: to }) => to !== FAULTS_LEAD_TO).map(({ ErrorEquals, Next: to }) => ({
    to,
    label: ErrorEquals.includes('States.Timeout') ? 'timeout' : 'fault',
  }));
  return [...answers, ...caught];
}

/** One arrow between two states, with all that leads along it. */
function merge(arrows: readonly Arrow[]): Arrow[] {
  return [...new Set(arrows.map(({ to }) => to))].map((to) => ({
    to,
    label: arrows
      .filter((arrow) => arrow.to === to)
      .map(({ label }) => label || 'then')
      .join(', ')
      .replace(/^then$/, ''),
  }));
}

/** @throws Error where the page lacks the markers. */
export function withDiagram(page: string, diagram: string): string {
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`the page lacks "${BEGIN}" or "${END}"`);
  return `${before}${BEGIN}\n\n\`\`\`mermaid\n${diagram}\n\`\`\`\n\n${END}${after}`;
}

export function readDiagram(): string {
  return diagramOf(JSON.parse(readFileSync(DEFINITION, 'utf8')) as Definition);
}
