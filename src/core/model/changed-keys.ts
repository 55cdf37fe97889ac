/**
 * The keys under which two maps have other values. Values are compared as they are: equal objects are not the same.
 *
 * @returns null where the keys themselves, or their order, are others.
 */
export function changedKeys<V>(
  before: ReadonlyMap<string, V>,
  after: ReadonlyMap<string, V>,
): readonly string[] | null {
  if (before === after) return []
  if (before.size !== after.size) return null
  const [keys, keysBefore] = [[...after.keys()], [...before.keys()]]
  if (!keys.every((key, at) => key === keysBefore[at])) return null
  const [values, valuesBefore] = [[...after.values()], [...before.values()]]
  return keys.filter((_, at) => values[at] !== valuesBefore[at])
}
