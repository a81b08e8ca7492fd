/** An escrow is locked for up to 30 days, and open for up to 30 more once it is completed. */
export const LOOK_BACK_MS = 65 * 24 * 3_600_000;
