/** Number of objects that may disappear between two lists without a doubt. */
const FEW = 3

/**
 * Whether a list lacks too many of the earlier objects, so that sync must list again: it is empty, or more than half of them,
 * and at least three, are missing. An API server during a restore, or a faulty proxy, may give such a list.
 *
 * @param before Number of objects before.
 * @param after Number of objects in the list.
 */
export function isDoubtful(before: number, after: number): boolean {
  if (before === 0) return false
  const gone = before - after
  return after === 0 || (gone >= FEW && gone > before / 2)
}
