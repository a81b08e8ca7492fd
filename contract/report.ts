import Table from 'cli-table3';
import type { Exchange } from './run.ts';
import type { Finding } from './suite.ts';

const MAX_SHOWN = 400;

/** One line for a terminal, as soon as an operation is checked. */
export function progressLine({ operation, verdict, seen }: Finding): string {
  const last = seen.at(-1);
  return `  ${verdict.padEnd(8)} ${operation.padEnd(18)} ${last === undefined ? '' : describeExchange(last, 0)}`.trimEnd();
}

/** All findings in a table, what was seen of each that does not agree, and fields that nobody documents. */
export function summary(findings: readonly Finding[]): string {
  const table = new Table({
    head: ['operation', 'verdict', 'requests'],
    style: { head: [], border: [], compact: true },
  });
  table.push(...findings.map(({ operation, verdict, seen }) => [operation, verdict, seen.length]));
  const details = findings
    .filter(({ verdict }) => verdict !== 'agrees')
    .map(({ operation, verdict, differences, seen }) =>
      [
        `${operation} ${verdict}:`,
        ...differences.map((difference) => `  - ${difference}`),
        ...seen.map((exchange) => `    ${describeExchange(exchange, MAX_SHOWN)}`),
      ].join('\n'),
    );
  const undocumented = [...new Set(findings.flatMap((finding) => finding.undocumented))];
  const notes = undocumented.length === 0 ? [] : [['Not documented, and not read:', ...undocumented].join('\n  - ')];
  return [table.toString(), ...details, ...notes].join('\n\n');
}

function describeExchange({ method, path, answer }: Exchange, bodyLength: number): string {
  if (answer.kind !== 'answered') return `${method} ${path} -> ${answer.kind}: ${answer.reason}`;
  const body = answer.body === undefined ? 'not JSON' : JSON.stringify(answer.body);
  return `${method} ${path} -> ${answer.status} ${body.slice(0, bodyLength)}`.trimEnd();
}
