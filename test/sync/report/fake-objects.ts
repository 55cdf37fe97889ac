import { ApiFault } from "../../../src/kubernetes/api-fault.ts"
import type { ObjectPath, ObjectsApi } from "../../../src/sync/report/ports.ts"

interface Stored {
  metadata: { name: string; resourceVersion: string; generation: number; labels?: Record<string, string> }
  [field: string]: unknown
}

/** A FAKE of the part of the API server that sync writes: objects in memory, with versions that refuse the second writer. */
export interface FakeObjects extends ObjectsApi {
  /** By `plural/namespace/name`. */
  readonly objects: Map<string, Stored>
  /** Every write: `create leases` or `patch leases`. */
  readonly writes: string[]
  /** Set: what every call throws. */
  fault: ApiFault | null
}

export function createFakeObjects(): FakeObjects {
  const objects = new Map<string, Stored>()
  const writes: string[] = []
  let version = 0
  const keyOf = ({ plural, namespace, name }: ObjectPath) => `${plural}/${namespace}/${name}`
  const may = () => {
    if (fake.fault !== null) throw fake.fault
  }
  const put = (key: string, object: object): Stored => {
    version += 1
    const before = objects.get(key)
    const stored = merged(before ?? {}, object) as Stored
    stored.metadata = { ...stored.metadata, resourceVersion: String(version), generation: 1 }
    objects.set(key, stored)
    return stored
  }
  const fake: FakeObjects = {
    objects,
    writes,
    fault: null,
    get: async (path) => {
      may()
      return objects.get(keyOf(path)) ?? null
    },
    list: async ({ plural, namespace }, selector) => {
      may()
      const [label = "", value] = selector.split("=")
      return [...objects]
        .filter(
          ([key, { metadata }]) => key.startsWith(`${plural}/${namespace}/`) && metadata.labels?.[label] === value,
        )
        .map(([, object]) => object)
    },
    create: async (path, object) => {
      may()
      const key = keyOf({ ...path, name: (object as Stored).metadata.name })
      writes.push(`create ${path.plural}`)
      if (objects.has(key)) throw new ApiFault("there is one already", { status: 409 })
      return put(key, object)
    },
    patch: async (path, patch) => {
      may()
      const before = objects.get(keyOf(path))
      if (before === undefined) return null
      const wanted: unknown = Reflect.get(Object(Reflect.get(patch, "metadata")), "resourceVersion")
      if (wanted !== undefined && wanted !== before.metadata.resourceVersion)
        throw new ApiFault("the object has been modified", { status: 409 })
      writes.push(`patch ${path.plural}`)
      return put(keyOf(path), patch)
    },
  }
  return fake
}

/** JSON merge patch (RFC 7396). */
function merged(before: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch
  const known = typeof before === "object" && before !== null && !Array.isArray(before) ? before : {}
  const next: Record<string, unknown> = { ...known }
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete next[key]
    else next[key] = merged(next[key], value)
  }
  return next
}
