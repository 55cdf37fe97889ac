import { isDeepStrictEqual } from "node:util"

import type { Placed } from "../../core/objects/kinds.ts"
import { parseObject } from "../../core/objects/parse.ts"
import type { ShapeIssue } from "../../core/objects/shape-issue.ts"
import { SERVICE_NAME_LABEL } from "../../core/objects/schema.ts"
import type { Collection } from "./collection.ts"

/** An object of the store, trimmed. */
export interface Stored {
  readonly resourceVersion: string
  /** Empty where the API server gave none. */
  readonly uid: string
  /** Of a Node: whether the cluster thinks that it lives. Null for other kinds. */
  readonly ready: boolean | null
  /** Its newest form that can be read; null before there is one. */
  readonly placed: Placed | null
  /** Why the newest form cannot be read; empty when all is well. */
  readonly issues: readonly ShapeIssue[]
}

/** The mirror of one collection. Whatever is not kept is forgotten at once. */
export interface Store {
  /** By `namespace/name`; a Node by its name. */
  readonly objects: ReadonlyMap<string, Stored>
  /** Begins a list. */
  listing(): Listing
  /** Takes one event; gives true when anything of ours differs. Events that are not newer than what is stored are dropped. */
  apply(type: "ADDED" | "MODIFIED" | "DELETED", object: unknown): boolean
}

/** What takes the place of all that is stored, object by object: a list never stands in memory as a whole. */
export interface Listing {
  add(object: unknown): void
  /** How many objects it keeps so far. */
  size(): number
  /** Gives true when anything of ours differs from what was stored. @param version Of the list: no older event is news. */
  commit(version: string): boolean
}

/** An object whose trimmed form is what it was is the same JavaScript object as before: nothing is published for it. */
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
    // An object that no longer carries a Service's label leaves as one that is deleted does.
    const goes = type === "DELETED" || !concerns(collection, object)
    const stored = goes ? null : reduce({ object, identity, before })
    if (stored === null) {
      // Strangers, of which a watch of a whole namespace brings many, are not remembered.
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

/** So many objects that are gone are remembered: an event that comes too late must not bring them back. */
const MOST_GONE = 1000

/** Up to which version an object that is not stored is known not to be there. */
interface Absent {
  /** Whether this version is none that could have come since. */
  since(identity: Identity): boolean
  one(identity: Identity): void
  /** Nothing but what is stored was there at this version. */
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
  const metadata: unknown = Reflect.get(Object(object), "metadata")
  const name: unknown = Reflect.get(Object(metadata), "name")
  const namespace: unknown = Reflect.get(Object(metadata), "namespace")
  const uid: unknown = Reflect.get(Object(metadata), "uid")
  const resourceVersion = versionOf(object)
  if (typeof name !== "string" || resourceVersion === null) return null
  return {
    key: typeof namespace === "string" ? `${namespace}/${name}` : name,
    resourceVersion,
    uid: typeof uid === "string" ? uid : "",
  }
}

/** The version that an event carries; a bookmark has nothing else. Null where there is none. */
export function versionOf(object: unknown): string | null {
  const metadata: unknown = Reflect.get(Object(object), "metadata")
  const version: unknown = Reflect.get(Object(metadata), "resourceVersion")
  return typeof version === "string" && version !== "" ? version : null
}

/** Whether version `a` is older than `b`. Decimal versions are ordered (KEP-5504); of others nothing is known. */
export function isOlder(a: string, b: string): boolean {
  return /^\d+$/.test(a) && /^\d+$/.test(b) && BigInt(a) < BigInt(b)
}

function isNoNewer(a: string, b: string): boolean {
  return a === b || isOlder(a, b)
}

/** Whether an object is one that the collection keeps: by its own name or, of a slice, by that of its Service. */
export function concerns({ resource, names }: Collection, object: unknown): boolean {
  if (names === null) return true
  const metadata: unknown = Reflect.get(Object(object), "metadata")
  const labels: unknown = Reflect.get(Object(metadata), "labels")
  const name: unknown =
    resource === "endpointslices"
      ? Reflect.get(Object(labels), SERVICE_NAME_LABEL)
      : Reflect.get(Object(metadata), "name")
  return typeof name === "string" && names.has(name)
}

interface Found {
  readonly object: unknown
  readonly identity: Identity
  readonly before: Stored | undefined
}

/** Null where the object is nothing to us. */
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

/** By the condition that the kubelet keeps, and the node controller where the kubelet is silent. */
function isReady(node: unknown): boolean {
  const conditions: unknown = Reflect.get(Object(Reflect.get(Object(node), "status")), "conditions")
  if (!Array.isArray(conditions)) return false
  const ready: unknown = conditions.find((one: unknown) => Reflect.get(Object(one), "type") === "Ready")
  return Reflect.get(Object(ready), "status") === "True"
}

function isNews(before: Stored | undefined, after: Stored): boolean {
  return (
    before?.placed !== after.placed ||
    before?.ready !== after.ready ||
    !isDeepStrictEqual(before?.issues ?? [], after.issues)
  )
}
