/**
 * Text that starts with the client reference, at most so many characters. It is cut between characters and ends in no
 * blank, so that a service which trims or checks its text gives back what it was sent.
 */
export function leadWithReference(reference: string, text: string, maxLength: number): string {
  return cut(`${reference} ${text}`, maxLength);
}

/** The beginning of a text: at most so many UTF-16 units, never half a character, no blank at the end. */
export function cut(text: string, maxLength: number): string {
  return text
    .toWellFormed()
    .slice(0, maxLength)
    .replace(/[\uD800-\uDBFF]$/, '')
    .trimEnd();
}
