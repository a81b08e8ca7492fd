import { BaseProvider } from '@aws-lambda-powertools/parameters/base';

/** Reads a value by its name, at most `maxAge` seconds old unless it is forced to be fetched. */
export type ReadValue = (
  name: string,
  options: { readonly maxAge: number; readonly forceFetch?: boolean },
) => Promise<string | undefined>;

/**
 * Keeps what `fetch` gives in this process, as Powertools' providers do; theirs would bring an SDK client each. An
 * undefined value is not kept.
 */
export function keepValues(fetch: (name: string) => Promise<string | undefined>): ReadValue {
  const kept = new FetchedValues(fetch);
  return async (name, options) => (await kept.get(name, options)) as string | undefined;
}

class FetchedValues extends BaseProvider {
  readonly #fetch: (name: string) => Promise<string | undefined>;

  constructor(fetch: (name: string) => Promise<string | undefined>) {
    super({});
    this.#fetch = fetch;
  }

  protected _get(name: string): Promise<string | undefined> {
    return this.#fetch(name);
  }

  protected async _getMultiple(): Promise<never> {
    throw new Error('values are read one by one');
  }
}
