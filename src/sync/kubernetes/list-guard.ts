/** So few objects may go between two lists without a doubt. */
const FEW = 3

/**
 * Whether a list lacks so much of what was there before that it must be asked for again: when it is empty, and when more
 * than half is gone, three at least. An API server that is being restored, or a proxy with a fault, may answer so.
 *
 * @param before How many objects there were.
 * @param after How many the list has.
 */
export function isDoubtful(before: number, after: number): boolean {
  if (before === 0) return false
  const gone = before - after
  return after === 0 || (gone >= FEW && gone > before / 2)
}
