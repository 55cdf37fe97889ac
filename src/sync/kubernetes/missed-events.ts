import { compare } from "../../kit/problem.ts"
import { type Identity, isOlder, type Stored } from "./store.ts"

/** An object of a list; null if it has no name. */
export type Listed = Identity | null

/**
 * Names the objects that the mirror lacks, has in an older version, or still has although they are deleted; sorted.
 *
 * @param objects The mirror, a few seconds after the list.
 * @param listed All objects of the API server, at `version`.
 */
export function missedEvents(
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
    // An object that is newer than the list cannot be in it.
    if (!there.has(key) && !isOlder(version, resourceVersion)) drift.push(key)
  }
  return drift.sort(compare)
}
