import { matchesRoute, parseRoute } from '../route-pattern.ts';
import type { Fault, FaultRule } from './fault.ts';
import { createDice } from './dice.ts';

/** The rules of faults. Knows no HTTP: it decides, and whoever serves the request carries it out. */
export interface FaultPlan {
  add(rule: FaultRule): void;
  clear(): void;
  /** The rules in the order they were added, with how often each has fired. */
  list(): readonly { readonly rule: FaultRule; readonly fired: number }[];
  /** The fault of this request, if it has one: the first rule that fits, is not used up, and whose dice say so. */
  decide(method: string, path: string): Fault | undefined;
}

export function createFaultPlan(): FaultPlan {
  let armed: { rule: FaultRule; roll: () => number; fired: number }[] = [];
  return {
    add: (rule) => void armed.push({ rule, roll: createDice(rule.seed), fired: 0 }),
    clear: () => {
      armed = [];
    },
    list: () => armed.map(({ rule, fired }) => ({ rule, fired })),
    decide(method, path) {
      const firing = armed.find(
        ({ rule, roll, fired }) =>
          matchesRoute(parseRoute(rule.route), method, path) &&
          (rule.count === null || fired < rule.count) &&
          roll() < rule.probability,
      );
      if (firing === undefined) return undefined;
      firing.fired += 1;
      return firing.rule.fault;
    },
  };
}
