/** Whether an address is on this machine: then no real money moves there. */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return (
    hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || LOOPBACK_V4.test(hostname)
  );
}

const LOOPBACK_V4 = /^127(\.\d{1,3}){3}$/;
