/** A function that does nothing: what a process costs anyway. */
export const handler = async (): Promise<void> => {};
