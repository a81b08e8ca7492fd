const LOOPBACK_V4 = /^127(\.\d{1,3}){3}$/;

/** Whether an address is on this machine: then no real money moves there. */
export function isLoopback(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname } = new URL(url);
  return (
    hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || LOOPBACK_V4.test(hostname)
  );
}

/** Where a stage finds Purple Flea's services. */
type Services = Readonly<Record<'escrow' | 'trading' | 'wallet' | 'faucet', { readonly baseUrl: string }>>;

/** Every address of Purple Flea that a stage calls, once. */
export function addressesOf({ escrow, trading, wallet, faucet }: Services): string[] {
  return [...new Set([escrow, trading, wallet, faucet].map(({ baseUrl }) => baseUrl))];
}

/** Those that are not on this machine. */
export function realServices(services: Services): string[] {
  return addressesOf(services).filter((url) => !isLoopback(url));
}
