import type { Clock } from "../../kit/time/clock.ts"
import { faultText } from "../../kit/fault.ts"
import type { Log } from "../../kit/process/log.ts"
import { type Collection, collectionTitle } from "./collection.ts"
import type { KubernetesApi } from "./ports.ts"
import type { Timings } from "./timings.ts"
import { type Reflector, startReflector } from "./reflector.ts"
import type { ReflectorWarning } from "./reflector-options.ts"

/** Counts of events since the start. */
export interface MirrorCounts {
  /** Lists and watches that failed. */
  readonly failures: number
  /** Watches that were replaced because no byte arrived. */
  readonly silentWatches: number
  /** Watches that were replaced because one of their lines was not an event. */
  readonly garbledWatches: number
  /** Lists that lacked too much, so that sync listed again. */
  readonly heldLists: number
  /** Changed objects that no watch reported; must stay 0. */
  readonly drift: number
}

/** The collections that sync mirrors now. */
export interface Mirror {
  /** Starts the missing collections; ends those that are no longer needed once all needed ones are listed. */
  want(collections: readonly Collection[]): void
  /** Reflectors of the needed collections, in the given order. */
  wanted(): readonly Reflector[]
  /** Reflectors of earlier collections that still run. */
  retiring(): readonly Reflector[]
  /** Time spent waiting for needed collections, in ms; null when all are listed. */
  waitingMs(): number | null
  counts(): MirrorCounts
  stop(): Promise<void>
}

export interface MirrorOptions {
  readonly api: KubernetesApi
  readonly clock: Clock
  readonly random: () => number
  readonly patience: Timings
  readonly log: Log
  readonly onChange: () => void
}

/** A replaced collection stays until its replacement is listed, so that no Service is missing in between. */
export function createMirror({ log, onChange, ...ports }: MirrorOptions): Mirror {
  const running = new Map<string, Reflector>()
  const ending = new Set<Promise<void>>()
  let order: readonly string[] = []
  let waitingSince: number | null = null
  const counts: Record<keyof MirrorCounts, number> = {
    failures: 0,
    silentWatches: 0,
    garbledWatches: 0,
    heldLists: 0,
    drift: 0,
  }

  function start(collection: Collection): Reflector {
    return startReflector({
      ...ports,
      collection,
      known: [...running.values()].reduce((sum, reflector) => sum + sharedWith(collection, reflector), 0),
      onChange: () => {
        settle()
        onChange()
      },
      onWarning: (event, { error, objects, ...facts }) => {
        const counter = COUNTER[event]
        counts[counter] += Array.isArray(objects) ? objects.length : 1
        const reason = error === undefined ? {} : { reason: faultText(error) }
        log.warn(event, { ...reason, ...(objects === undefined ? {} : { objects }), ...facts, total: counts[counter] })
      },
    })
  }

  const wanted = () => order.map((id) => running.get(id)).filter((reflector) => reflector !== undefined)
  const retiring = () => [...running.values()].filter(({ collection }) => !order.includes(collection.id))

  /** Ends the collections that are no longer needed. */
  function settle(): void {
    if (wanted().some((reflector) => !reflector.listed())) {
      waitingSince ??= ports.clock.now()
      return
    }
    waitingSince = null
    for (const reflector of retiring()) {
      running.delete(reflector.collection.id)
      const end = reflector.stop().finally(() => ending.delete(end))
      ending.add(end)
    }
  }

  return {
    want: (collections) => {
      const ids = collections.map(({ id }) => id)
      if (ids.join("\n") === order.join("\n")) return
      order = ids
      for (const collection of collections) {
        if (running.has(collection.id)) continue
        log.debug("mirroring", { collection: collectionTitle(collection) })
        running.set(collection.id, start(collection))
      }
      settle()
    },
    wanted,
    retiring,
    waitingMs: () => (waitingSince === null ? null : ports.clock.now() - waitingSince),
    counts: () => ({ ...counts }),
    stop: async () => {
      await Promise.all([...[...running.values()].map((reflector) => reflector.stop()), ...ending])
      running.clear()
    },
  }
}

/** Number of objects of this reflector that also belong to the collection. */
function sharedWith({ resource, namespace, names }: Collection, { collection, store }: Reflector): number {
  if (collection.resource !== resource || collection.namespace !== namespace) return 0
  const objects = [...store.objects.values()].flatMap(({ placed }) => placed?.object ?? [])
  const owners = objects.map(({ kind, metadata }) => (kind === "EndpointSlice" ? metadata.service : metadata.name))
  return owners.filter((owner) => names === null || names.has(owner)).length
}

const COUNTER: Readonly<Record<ReflectorWarning, keyof MirrorCounts>> = {
  "list or watch failed": "failures",
  "watch silent": "silentWatches",
  "watch garbled": "garbledWatches",
  "list held": "heldLists",
  "resync drift": "drift",
}
