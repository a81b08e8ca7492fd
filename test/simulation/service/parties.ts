/** The parties of every schedule. */
export const TREASURY = 'ag_treasury';
export const WORKER = 'ag_worker';
export const OTHER = 'ag_other';
/** Another agent of ours. */
export const SECOND = 'ag_second';

/** By agent: none of them may be seen anywhere but in a request. */
export const KEYS: Readonly<Record<string, string>> = {
  [TREASURY]: 'pf_secret_of_treasury',
  [WORKER]: 'pf_secret_of_worker',
  [OTHER]: 'pf_secret_of_other',
  [SECOND]: 'pf_secret_of_second',
};

/** What the treasury's key is replaced by. */
export const NEXT_KEY = 'pf_next_secret_of_treasury';
