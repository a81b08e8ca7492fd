/** A request that was not answered and is yet to be applied. */
export interface LateRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
  /** When it is applied, in milliseconds since 1970. */
  readonly at: number;
}

/** What became of a late request: the status that nobody saw. */
export interface LateOutcome {
  readonly request: LateRequest;
  readonly status: number | null;
}

/** Requests waiting to be applied. In memory alone: a twin that stops never applies them. */
export interface LateRequests {
  add(request: LateRequest): void;
  /** Takes out the one that was due first, if any is due. */
  takeDue(now: number): LateRequest | undefined;
  record(request: LateRequest, status: number): void;
  /** Waiting ones and applied ones. */
  list(): readonly LateOutcome[];
  /** Forgets all of them, waiting ones too. */
  clear(): void;
}

export function createLateRequests(): LateRequests {
  let waiting: LateRequest[] = [];
  let outcomes: LateOutcome[] = [];
  return {
    add: (request) => {
      waiting = [...waiting, request].toSorted((one, other) => one.at - other.at);
    },
    takeDue(now) {
      const [first] = waiting;
      if (first === undefined || first.at > now) return undefined;
      waiting = waiting.slice(1);
      return first;
    },
    record: (request, status) => void outcomes.push({ request, status }),
    list: () => [...outcomes, ...waiting.map((request) => ({ request, status: null }))],
    clear: () => {
      waiting = [];
      outcomes = [];
    },
  };
}
