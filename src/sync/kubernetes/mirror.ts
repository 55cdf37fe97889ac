import type { Clock } from "../../kit/clock.ts"
import { faultText } from "../../kit/fault.ts"
import type { Log } from "../../kit/log.ts"
import { type Collection, collectionTitle } from "./collection.ts"
import type { KubernetesApi } from "./ports.ts"
import type { Patience } from "./patience.ts"
import { type Reflector, startReflector } from "./reflector.ts"
import type { Trouble } from "./reflector-options.ts"

/** How many of each thing happened since the start. */
export interface MirrorCounts {
  /** Lists and watches that failed. */
  readonly failures: number
  /** Watches that were replaced because not a byte came. */
  readonly silentWatches: number
  /** Watches that were replaced because a line of them was not an event. */
  readonly garbledWatches: number
  /** Lists that lacked so much that they were asked for again. */
  readonly heldLists: number
  /** Objects of which no watch had told; must stay 0. */
  readonly drift: number
}

/** The collections that are mirrored right now. */
export interface Mirror {
  /** Starts what is not mirrored yet; what is no longer wanted ends as soon as all that is wanted has been listed. */
  want(collections: readonly Collection[]): void
  /** Of the wanted collections, in the order they were asked for. */
  wanted(): readonly Reflector[]
  /** What is still there of what was wanted before. */
  retiring(): readonly Reflector[]
  /** For how long something wanted has been waited for, in ms; null when all of it has been listed. */
  waitingMs(): number | null
  counts(): MirrorCounts
  stop(): Promise<void>
}

export interface MirrorOptions {
  readonly api: KubernetesApi
  readonly clock: Clock
  readonly random: () => number
  readonly patience: Patience
  readonly log: Log
  readonly changed: () => void
}

/** What is replaced stays until its replacement has been listed, so that no Service is missing in between. */
export function createMirror({ log, changed, ...ports }: MirrorOptions): Mirror {
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
      changed: () => {
        settle()
        changed()
      },
      trouble: (event, { error, objects, ...facts }) => {
        const counter = COUNTER[event]
        counts[counter] += Array.isArray(objects) ? objects.length : 1
        const reason = error === undefined ? {} : { reason: faultText(error) }
        log.warn(event, { ...reason, ...(objects === undefined ? {} : { objects }), ...facts, total: counts[counter] })
      },
    })
  }

  const wanted = () => order.map((id) => running.get(id)).filter((reflector) => reflector !== undefined)
  const retiring = () => [...running.values()].filter(({ collection }) => !order.includes(collection.id))

  /** Ends what nobody waits for any more. */
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

/** How many objects of this reflector belong to the collection, too. */
function sharedWith({ resource, namespace, names }: Collection, { collection, store }: Reflector): number {
  if (collection.resource !== resource || collection.namespace !== namespace) return 0
  const objects = [...store.objects.values()].flatMap(({ placed }) => placed?.object ?? [])
  const owners = objects.map(({ kind, metadata }) => (kind === "EndpointSlice" ? metadata.service : metadata.name))
  return owners.filter((owner) => names === null || names.has(owner)).length
}

const COUNTER: Readonly<Record<Trouble, keyof MirrorCounts>> = {
  "list or watch failed": "failures",
  "watch silent": "silentWatches",
  "watch garbled": "garbledWatches",
  "list held": "heldLists",
  "resync drift": "drift",
}
