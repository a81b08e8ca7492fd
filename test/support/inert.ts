/** A dependency that a test does not expect to be called: a call is an error that names it. */
export function inert(name: string): (...args: unknown[]) => never {
  return () => {
    throw new Error(`${name} was called, and this test does not expect it`);
  };
}
