/** As many as are in flight and more: a market takes one order at a time. */
export const MARKETS = Array.from({ length: 64 }, (_, index) => `B${index}-USDC`);
