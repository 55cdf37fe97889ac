import { compare } from "../../kit/problem.ts"
import { type Identity, isOlder, type Stored } from "./store.ts"

/** An object of a list; null where it had no name. */
export type Listed = Identity | null

/**
 * Names what the mirror should have and has not, or has in an older version, or still has though it is gone; sorted.
 *
 * @param objects The mirror, some seconds after the list.
 * @param listed All that the API server has of it, at `version`.
 */
export function driftOf(
  objects: ReadonlyMap<string, Pick<Stored, "resourceVersion">>,
  listed: readonly Listed[],
  version: string,
): readonly string[] {
  const there = new Set<string>()
  const drift: string[] = []
  for (const identity of listed) {
    if (identity === null) continue
    there.add(identity.key)
    const mine = objects.get(identity.key)
    if (mine === undefined || isOlder(mine.resourceVersion, identity.resourceVersion)) drift.push(identity.key)
  }
  for (const [key, { resourceVersion }] of objects) {
    // What came after the list is not missing in it.
    if (!there.has(key) && !isOlder(version, resourceVersion)) drift.push(key)
  }
  return drift.sort(compare)
}
