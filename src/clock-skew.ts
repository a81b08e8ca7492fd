/**
 * How far the clocks of two functions, or of a function and a service, may be apart, in milliseconds. AWS accepts no
 * signature beyond that.
 */
export const CLOCK_SKEW_MS = 5 * 60_000;
