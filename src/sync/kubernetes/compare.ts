import { collectionTitle } from "./collection.ts"
import { missedEvents, type Listed } from "./missed-events.ts"
import type { ReflectorOptions } from "./reflector-options.ts"
import { concerns, identityOf, type Store } from "./store.ts"

/** Lists everything while the watch goes on, and reports what the store still lacks after the delay of an event. @returns Whether it lacks anything. */
export async function lacksSomething(
  { api, collection, clock, patience, onWarning }: ReflectorOptions,
  store: Pick<Store, "objects">,
  stop: AbortSignal,
): Promise<boolean> {
  const found: Listed[] = []
  const version = await api.list(collection, {
    resourceVersion: null,
    signal: stop,
    page: (objects) => {
      for (const object of objects) if (concerns(collection, object)) found.push(identityOf(object))
    },
  })
  await clock.delay(patience.graceMs, stop)
  if (stop.aborted) return false
  const drift = missedEvents(store.objects, found, version)
  if (drift.length === 0) return false
  onWarning("resync drift", { collection: collectionTitle(collection), objects: drift })
  return true
}
