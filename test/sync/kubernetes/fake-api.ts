import { ApiFault } from "../../../src/kubernetes/api-fault.ts"
import type { Resource } from "../../../src/sync/kubernetes/collection.ts"
import type { KubernetesApi, WatchEnd, WatchOptions } from "../../../src/sync/kubernetes/ports.ts"
import type { Clock } from "../../../src/kit/time/clock.ts"

interface Request {
  /** By the clock, in ms. */
  readonly at: number
  readonly who: string
  readonly what: "list" | "watch" | "discovery"
}

/** A FAKE of the API server below the client library: it answers in no time, on a fake clock, and is down when it is told to be. */
export interface FakeApi {
  readonly asked: Request[]
  readonly objects: Map<Resource, readonly object[]>
  /** The version of every list; a watch from an older one is answered 410. */
  version: number
  /** What each watch does; a watch of an API server that is well stays open for as long as it was asked to. */
  watching: (options: WatchOptions) => Promise<WatchEnd>
  /** How many watches were open at the same time, at most. */
  mostWatches(): number
  /** What this client has; they share the objects. */
  client(who: string): KubernetesApi
  /** Ends all watches, and refuses everything until told otherwise. */
  goDown(): void
  comeBack(): void
}

export function createFakeApi(clock: Clock): FakeApi {
  let down = new AbortController()
  let open = 0
  let mostWatches = 0
  const fake: FakeApi = {
    asked: [],
    objects: new Map(),
    version: 10,
    watching: async ({ timeoutSeconds, signal }) => {
      await clock.delay(timeoutSeconds * 1000, AbortSignal.any([signal, down.signal]))
      if (!signal.aborted) mayAnswer()
      return "ended"
    },
    mostWatches: () => mostWatches,
    client,
    goDown: () => down.abort(),
    comeBack: () => (down = new AbortController()),
  }

  function mayAnswer(): void {
    if (down.signal.aborted) throw new ApiFault("Cannot ask: connect ECONNREFUSED", { status: null })
  }

  function client(who: string): KubernetesApi {
    const note = (what: Request["what"]) => {
      fake.asked.push({ at: clock.now(), who, what })
      mayAnswer()
    }
    return {
      list: async ({ resource }, { page }) => {
        note("list")
        page(fake.objects.get(resource) ?? [])
        return String(fake.version)
      },
      watch: async (_, options) => {
        note("watch")
        if (Number(options.resourceVersion) < fake.version) throw new ApiFault("Cannot watch: too old", { status: 410 })
        open += 1
        mostWatches = Math.max(mostWatches, open)
        try {
          return await fake.watching(options)
        } finally {
          open -= 1
        }
      },
      servesEndpointSlices: async () => {
        note("discovery")
        return true
      },
      nodeSelectorOf: async () => ({}),
      renew: () => {},
    }
  }
  return fake
}
