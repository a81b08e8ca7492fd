import { formatUsd, parseUsd, shareOf } from '../money.ts';

/** Services round a fee to the cent or to the micro-dollar: it may be half a cent off. */
const ROUNDING = 5_000n;

/** A fee that is not the configured one. */
export interface FeeDrift {
  readonly kind: 'fee-differs';
  readonly escrowId: string;
  readonly reference: string;
  /** With both figures, decimal USD. */
  readonly detail: string;
}

/**
 * Compares what the service keeps of an escrow with the configured fee. A fee that adds up may still be another one.
 *
 * @param basisPoints of the amount, `purpleFlea.escrow.feeBasisPoints`.
 */
export function feeDriftOf(
  escrow: {
    readonly escrowId: string;
    readonly reference: string;
    /** Decimal USD, as is the fee. */
    readonly amountUsd: string;
    readonly feeUsd: string;
  },
  basisPoints: number,
): FeeDrift | undefined {
  const expected = shareOf(parseUsd(escrow.amountUsd), basisPoints);
  const off = parseUsd(escrow.feeUsd) - expected;
  if ((off < 0n ? -off : off) <= ROUNDING) return undefined;
  const { escrowId, reference } = escrow;
  const detail = `the fee on $${escrow.amountUsd} is $${escrow.feeUsd}; ${basisPoints} basis points are $${formatUsd(expected)}`;
  return { kind: 'fee-differs', escrowId, reference, detail };
}
