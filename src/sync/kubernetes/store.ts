import { isDeepStrictEqual } from "node:util"

import type { Placed } from "../../core/objects/kinds.ts"
import { parseObject } from "../../core/objects/parse.ts"
import type { ShapeIssue } from "../../core/objects/shape-issue.ts"
import { fieldOf } from "../../kit/field.ts"
import { SERVICE_NAME_LABEL } from "../../core/objects/schema.ts"
import type { Collection } from "./collection.ts"

/** An object of the store, trimmed. */
export interface Stored {
  readonly resourceVersion: string
  /** Empty if the API server gave none. */
  readonly uid: string
  /** For a Node: whether its status is Ready. Null for other kinds. */
  readonly ready: boolean | null
  /** The newest readable form; null before there is one. */
  readonly placed: Placed | null
  /** Why the newest form cannot be read; empty if it can. */
  readonly issues: readonly ShapeIssue[]
}

/** The mirror of one collection. It forgets all other objects at once. */
export interface Store {
  /** By `namespace/name`; a Node by its name. */
  readonly objects: ReadonlyMap<string, Stored>
  /** Begins a list. */
  listing(): Listing
  /** Takes one event; returns true if a kept object changes. Drops events that are not newer than the stored object. */
  apply(type: "ADDED" | "MODIFIED" | "DELETED", object: unknown): boolean
}

/** Replaces all stored objects, object by object, so that a list is never in memory as a whole. */
export interface Listing {
  add(object: unknown): void
  /** Number of objects kept so far. */
  size(): number
  /** Returns true if a kept object has changed. @param version Version of the list: older events are dropped. */
  commit(version: string): boolean
}

/** An object whose trimmed form is unchanged stays the same JavaScript object: sync publishes nothing for it. */
export function createStore(collection: Collection): Store {
  let objects: Map<string, Stored> = new Map()
  const absent = createAbsent()

  function listing(): Listing {
    const next = new Map<string, Stored>()
    return {
      add: (object) => {
        const identity = identityOf(object)
        if (identity === null || !concerns(collection, object)) return
        const stored = reduce({ object, identity, before: objects.get(identity.key) })
        if (stored !== null) next.set(identity.key, stored)
      },
      size: () => next.size,
      commit: (version) => {
        const before = objects
        objects = next
        absent.all(version)
        return before.size !== next.size || [...next].some(([key, stored]) => isNews(before.get(key), stored))
      },
    }
  }

  function apply(type: "ADDED" | "MODIFIED" | "DELETED", object: unknown): boolean {
    const identity = identityOf(object)
    if (identity === null) return false
    const before = objects.get(identity.key)
    if (before === undefined && absent.since(identity)) return false
    if (before !== undefined && isOlder(identity.resourceVersion, before.resourceVersion)) return false
    // An object that loses its Service's label counts as deleted.
    const goes = type === "DELETED" || !concerns(collection, object)
    const stored = goes ? null : reduce({ object, identity, before })
    if (stored === null) {
      // Other objects, which are many in the watch of a namespace, are not remembered.
      if (before !== undefined || concerns(collection, object)) absent.one(identity)
      return objects.delete(identity.key)
    }
    objects.set(identity.key, stored)
    return isNews(before, stored)
  }

  return {
    get objects() {
      return objects
    },
    listing,
    apply,
  }
}

/** Number of deleted objects that are remembered, so that a late event does not bring them back. */
const MOST_GONE = 1000

/** Up to which version an object that is not stored is known to be absent. */
interface Absent {
  /** Whether this version is too old to be new. */
  since(identity: Identity): boolean
  one(identity: Identity): void
  /** Records that only the stored objects existed at this version. */
  all(version: string): void
}

function createAbsent(): Absent {
  const gone = new Map<string, string>()
  let listed = ""
  return {
    since: ({ key, resourceVersion }) =>
      [gone.get(key), listed].some((version) => version !== undefined && isNoNewer(resourceVersion, version)),
    one: ({ key, resourceVersion }) => {
      gone.delete(key)
      gone.set(key, resourceVersion)
      const [oldest] = gone.keys()
      if (gone.size > MOST_GONE && oldest !== undefined) gone.delete(oldest)
    },
    all: (version) => {
      gone.clear()
      listed = version
    },
  }
}

export interface Identity {
  readonly key: string
  readonly resourceVersion: string
  readonly uid: string
}

/** Name and version of anything that looks like an object of the API; null for anything else. */
export function identityOf(object: unknown): Identity | null {
  const name = fieldOf(object, "metadata", "name")
  const namespace = fieldOf(object, "metadata", "namespace")
  const uid = fieldOf(object, "metadata", "uid")
  const resourceVersion = versionOf(object)
  if (typeof name !== "string" || resourceVersion === null) return null
  return {
    key: typeof namespace === "string" ? `${namespace}/${name}` : name,
    resourceVersion,
    uid: typeof uid === "string" ? uid : "",
  }
}

/** The version in an event; a bookmark has nothing else. Null if there is none. */
export function versionOf(object: unknown): string | null {
  const version = fieldOf(object, "metadata", "resourceVersion")
  return typeof version === "string" && version !== "" ? version : null
}

/** Whether version `a` is older than `b`. Decimal versions are ordered (KEP-5504); the order of others is unknown. */
export function isOlder(a: string, b: string): boolean {
  return /^\d+$/.test(a) && /^\d+$/.test(b) && BigInt(a) < BigInt(b)
}

function isNoNewer(a: string, b: string): boolean {
  return a === b || isOlder(a, b)
}

/** Whether the collection keeps an object: by its name or, for a slice, by the name of its Service. */
export function concerns({ resource, names }: Collection, object: unknown): boolean {
  if (names === null) return true
  const path = resource === "endpointslices" ? ["labels", SERVICE_NAME_LABEL] : ["name"]
  const name = fieldOf(object, "metadata", ...path)
  return typeof name === "string" && names.has(name)
}

interface Found {
  readonly object: unknown
  readonly identity: Identity
  readonly before: Stored | undefined
}

/** Null if sync ignores the object. */
function reduce({ object, identity, before }: Found): Stored | null {
  const { resourceVersion, uid } = identity
  const parsed = parseObject(object)
  switch (parsed.kind) {
    case "ignored":
      return null
    case "issues":
      return { resourceVersion, uid, ready: null, placed: before?.placed ?? null, issues: parsed.issues }
    case "object": {
      const known = before?.placed ?? null
      const ready = parsed.object.kind === "Node" ? isReady(object) : null
      if (known !== null && isDeepStrictEqual(known.object, parsed.object)) {
        return { resourceVersion, uid, ready, placed: known, issues: [] }
      }
      const place = { file: `${parsed.object.kind} ${identity.key}`, line: null, column: null }
      return { resourceVersion, uid, ready, placed: { object: parsed.object, place, keyPlaces: new Map() }, issues: [] }
    }
  }
}

/** From the condition that the kubelet updates, or the node controller if the kubelet is silent. */
function isReady(node: unknown): boolean {
  const conditions = fieldOf(node, "status", "conditions")
  if (!Array.isArray(conditions)) return false
  return (
    fieldOf(
      conditions.find((one: unknown) => fieldOf(one, "type") === "Ready"),
      "status",
    ) === "True"
  )
}

function isNews(before: Stored | undefined, after: Stored): boolean {
  return (
    before?.placed !== after.placed ||
    before?.ready !== after.ready ||
    !isDeepStrictEqual(before?.issues ?? [], after.issues)
  )
}
