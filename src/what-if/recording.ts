import { UnusableEventError } from '../errors.ts';
import { readEnvelope } from '../events/envelope.ts';
import { signalIn, type TradeSignal } from '../trading/trade-signal.ts';
import type { JsonPart } from './split-json.ts';

/** A signal and when EventBridge took its event (epoch milliseconds). */
export interface RecordedSignal extends TradeSignal {
  readonly takenAt: number;
}

/** What was found in files of events. */
export interface Recording {
  /** Every delivery of every signal, in the order of replay. */
  readonly signals: readonly RecordedSignal[];
  /** Events that ask for no order, by detail type. */
  readonly others: ReadonlyMap<string, number>;
  readonly unusable: number;
  /** Why, with file and line; the first ones. */
  readonly problems: readonly string[];
}

export interface RecordingReader {
  /** @param file as it is named in problems. */
  add(file: string, part: JsonPart): void;
  finish(): Recording;
}

const KEPT_PROBLEMS = 5;

/** Collects the signals of recorded events. */
export function createRecordingReader(): RecordingReader {
  const signals: RecordedSignal[] = [];
  const others = new Map<string, number>();
  const problems: string[] = [];
  let unusable = 0;

  const refuse = (file: string, line: number, reason: string) => {
    unusable += 1;
    if (problems.length < KEPT_PROBLEMS) problems.push(`${file}:${line}: ${reason}`);
  };

  return {
    add(file, part) {
      if (part.kind === 'broken') {
        refuse(file, part.line, part.reason);
        return;
      }
      try {
        const event = readEnvelope(part.value);
        const signal = signalIn(event);
        if (signal === undefined) others.set(event.detailType, (others.get(event.detailType) ?? 0) + 1);
        else signals.push({ ...signal, takenAt: Date.parse(event.time) });
      } catch (error) {
        if (!(error instanceof UnusableEventError)) throw error;
        refuse(file, part.line, error.message);
      }
    },
    finish: () => ({ signals: signals.toSorted(compareSignals), others, unusable, problems }),
  };
}

/**
 * By the time on the bus, which is in whole seconds; within one, by when they were true, then by all that they say: so the
 * order of lines in a file changes nothing.
 */
function compareSignals(one: RecordedSignal, other: RecordedSignal): number {
  return (
    one.takenAt - other.takenAt ||
    Date.parse(one.at) - Date.parse(other.at) ||
    compare(one.source, other.source) ||
    compare(one.id, other.id) ||
    compare(one.asset, other.asset) ||
    compare(one.direction, other.direction) ||
    compare(one.confidence ?? -1, other.confidence ?? -1) ||
    compare(one.price ?? -1n, other.price ?? -1n)
  );
}

/** By code units, whatever the locale. */
function compare<Value extends string | number | bigint>(one: Value, other: Value): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
