import { compareExactness, type JobSelector } from '../src/escrow/bonus-rules.ts';

/** A rule as far as it says which jobs it is for. */
interface Selecting {
  readonly name: string;
  readonly jobs: JobSelector;
}

/** What is wrong with a rule beside the others; the path is within the list. */
export interface Conflict {
  readonly path: readonly (string | number)[];
  readonly input: unknown;
  readonly message: string;
}

/** Rules with the name of another, and those of which it is not certain that exactly one wins for every job. */
export function findConflicts(rules: readonly Selecting[]): readonly Conflict[] {
  return rules.flatMap(({ name, jobs }, index): Conflict[] => {
    const earlier = rules.slice(0, index);
    if (earlier.some((other) => other.name === name)) {
      return [{ path: [index, 'name'], input: name, message: 'Each rule needs a name of its own.' }];
    }
    const path = [index, 'jobs'];
    const rival = earlier.find((other) => isAmbiguous(other.jobs, jobs));
    if (rival !== undefined) {
      const message = `A job may be one of rule "${rival.name}" as well, and neither is more exact: ${mend(jobs)}.`;
      return [{ path, input: jobs, message }];
    }
    const shadow = rules.find((other) => hides(other.jobs, jobs));
    if (shadow === undefined) return [];
    const message = `It would never win: rule "${shadow.name}" takes all of its jobs, since a prefix wins over a pattern.`;
    return [{ path, input: jobs, message }];
  });
}

function isAmbiguous(one: JobSelector, other: JobSelector): boolean {
  if (one.tag !== undefined && other.tag !== undefined) {
    return one.tag.key !== other.tag.key || one.tag.value === other.tag.value;
  }
  if (compareExactness(one, other) !== 0) return false;
  if (one.pattern !== undefined && other.pattern !== undefined) return overlap(one.pattern, other.pattern);
  return one.prefix === other.prefix;
}

function mend({ tag, pattern }: JobSelector): string {
  if (tag !== undefined) return 'rules by tag need one key, and a value each';
  return pattern === undefined ? 'leave one out' : 'give one of the patterns more characters';
}

function hides({ prefix }: JobSelector, { pattern }: JobSelector): boolean {
  return prefix !== undefined && pattern !== undefined && pattern.startsWith(prefix);
}

/** Whether some text fits both patterns. */
function overlap(one: string, other: string): boolean {
  const reached = new Map<string, boolean>();
  const meet = (left: number, right: number): boolean => {
    const at = `${left}/${right}`;
    const known = reached.get(at);
    if (known !== undefined) return known;
    reached.set(at, false);
    const [a, b] = [one[left], other[right]];
    const found =
      (a === undefined && b === undefined) ||
      (a === '*' && (meet(left + 1, right) || (b !== undefined && meet(left, right + 1)))) ||
      (b === '*' && (meet(left, right + 1) || (a !== undefined && meet(left + 1, right)))) ||
      (a !== undefined && a === b && meet(left + 1, right + 1));
    reached.set(at, found);
    return found;
  };
  return meet(0, 0);
}
