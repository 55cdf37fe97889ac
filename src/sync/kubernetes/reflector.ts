import { backoffMs } from "../../kit/backoff.ts"
import type { Clock } from "../../kit/clock.ts"
import { type Collection, collectionTitle } from "./collection.ts"
import { driftOf, type Listed } from "./drift.ts"
import { ApiFault } from "../api-fault.ts"
import type { KubernetesApi } from "./ports.ts"
import { concerns, createStore, identityOf, isOlder, type Store, versionOf } from "./store.ts"

/** How long things take. A test has shorter ones. */
export interface Patience {
  /** Without a byte for so long, a watch is replaced. Bookmarks come about once a minute. */
  readonly inactivityMs: number
  /** Between two full comparisons, give or take a fifth. */
  readonly compareMs: number
  /** What a comparison finds may still be on its way for so long. */
  readonly graceMs: number
  /** The first wait after a failure; it doubles up to 30 s, and chance makes each up to twice as long. */
  readonly backoffMs: number
  /** The wait where the API server refuses for good (403, 404): only a person can change that. */
  readonly refusedMs: number
  /** A watch that ends sooner and brought nothing counts as a failure. */
  readonly shortWatchMs: number
}

export const PATIENCE: Patience = {
  inactivityMs: 120_000,
  compareMs: 600_000,
  graceMs: 5000,
  backoffMs: 800,
  refusedMs: 30_000,
  shortWatchMs: 1000,
}

const LONGEST_BACKOFF_MS = 20_000

/** So many refusals in a row are tried again as any failure is. */
const HASTY_REFUSALS = 3

export interface ReflectorOptions {
  readonly collection: Collection
  readonly api: KubernetesApi
  readonly clock: Clock
  /** From 0 to below 1. */
  readonly random: () => number
  readonly patience: Patience
  /** Something of ours differs, or everything has been listed for the first time. */
  readonly changed: () => void
  /** Hears each failure, and what a comparison found that no watch had brought. */
  readonly trouble: (event: "list or watch failed" | "drift", facts: Readonly<Record<string, unknown>>) => void
}

/** One collection, mirrored for as long as it runs, whatever fails. */
export interface Reflector {
  readonly collection: Collection
  readonly store: Pick<Store, "objects">
  /** Whether everything was listed once. */
  listed(): boolean
  /** The version that the mirror has; null before the first list, and before the next one where it is too old. */
  resourceVersion(): string | null
  /** When the API server last said anything about it, by the clock; null before the first list. */
  heardAt(): number | null
  /** The last failure; null while all is well. */
  fault(): ApiFault | null
  /** Resolves when nothing of it runs any more. */
  stop(): Promise<void>
}

/**
 * Starts to list and to watch.
 *
 * The API server is asked for everything once, then for what changes, from the version that is known; only where that
 * version is too old (410), for everything again. What is mirrored stays whatever happens: an API server that cannot be
 * asked has not said that anything is gone.
 */
export function startReflector(options: ReflectorOptions): Reflector {
  const { collection, clock, patience } = options
  const store = createStore(collection)
  const stop = new AbortController()
  const state: State = {
    ...{ version: null, listed: false, heardAt: null, fault: null },
    ...{ failures: 0, failure: null, current: null },
  }

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      let waitMs = 0
      try {
        if (state.version === null) await list(options, { store, state, stop: stop.signal })
        waitMs = await watch(options, { store, state, stop: stop.signal })
      } catch (error) {
        if (stop.signal.aborted) return
        waitMs = recover(options, state, faultOf(error))
      }
      if (waitMs > 0) await clock.delay(waitMs, stop.signal)
    }
  }

  async function compareNowAndThen(): Promise<void> {
    while (!stop.signal.aborted) {
      await clock.delay(patience.compareMs * (0.8 + 0.4 * options.random()), stop.signal)
      if (stop.signal.aborted || state.version === null) continue
      try {
        await compare(options, { store, state, stop: stop.signal })
      } catch {
        // The watch meets the same fault, and says so.
      }
    }
  }

  const ended = Promise.all([run(), compareNowAndThen()])
  return {
    collection,
    store,
    listed: () => state.listed,
    resourceVersion: () => state.version,
    heardAt: () => state.heardAt,
    fault: () => state.fault,
    stop: async () => {
      stop.abort()
      state.current?.abort()
      await ended
    },
  }
}

interface State {
  /** From where a watch goes on; null where everything must be listed first. */
  version: string | null
  listed: boolean
  heardAt: number | null
  fault: ApiFault | null
  /** How often in a row it failed in this way. */
  failures: number
  failure: Failure | null
  /** Ends the watch that is open. */
  current: AbortController | null
}

/** Another kind of failure is news of the API server, such as that it is back: so the waits begin anew. */
type Failure = "unreachable" | "refused" | "too old"

interface Mirror {
  readonly store: Store
  readonly state: State
  readonly stop: AbortSignal
}

async function list({ api, collection, clock, changed }: ReflectorOptions, mirror: Mirror): Promise<void> {
  const { store, state, stop } = mirror
  const listing = store.listing()
  // At the start any state will do, if the list is small: five hundred nodes that start together ask etcd for nothing.
  const resourceVersion = !state.listed && collection.fieldSelector !== null ? "0" : null
  const version = await api.list(collection, {
    resourceVersion,
    signal: stop,
    page: (objects) => objects.forEach(listing.add),
  })
  const first = !state.listed
  state.version = version
  state.listed = true
  state.fault = null
  state.heardAt = clock.now()
  if (listing.commit() || first) changed()
}

/** One watch, to its end. Gives how long to wait before the next, in ms. */
async function watch(options: ReflectorOptions, { store, state, stop }: Mirror): Promise<number> {
  const { api, collection, clock, random, patience, changed } = options
  const current = new AbortController()
  state.current = current
  const startedAt = clock.now()
  let events = 0
  let refusal: ApiFault | null = null
  await api.watch(collection, {
    resourceVersion: state.version ?? "0",
    // So that watches that began together do not end together.
    timeoutSeconds: Math.round(240 + 120 * random()),
    inactivityMs: patience.inactivityMs,
    signal: AbortSignal.any([current.signal, stop]),
    event: (type, object) => {
      if (type === "ERROR") {
        refusal = errorEvent(collection, object)
        current.abort()
        return
      }
      const version = versionOf(object)
      if (version === null) return
      events += 1
      state.heardAt = clock.now()
      if (!isOlder(version, state.version ?? "")) state.version = version
      goesWell(state)
      const isChange = type === "ADDED" || type === "MODIFIED" || type === "DELETED"
      if (isChange && store.apply(type, object)) changed()
    },
  })
  if (refusal !== null) throw refusal
  if (stop.aborted || current.signal.aborted) return 0
  if (events > 0 || clock.now() - startedAt >= patience.shortWatchMs) {
    goesWell(state)
    // A watch that ran its time is the API server's word that it knows nothing newer.
    state.heardAt = clock.now()
    return 0
  }
  return nextWait(options, state, null)
}

function goesWell(state: State): void {
  state.fault = null
  state.failures = 0
  state.failure = null
}

function errorEvent(collection: Collection, object: unknown): ApiFault {
  const status: unknown = Reflect.get(Object(object), "code")
  const message: unknown = Reflect.get(Object(object), "message")
  return new ApiFault(`Cannot watch ${collectionTitle(collection)}: the API server ended it: ${String(message)}`, {
    status: typeof status === "number" ? status : null,
  })
}

/** Notes what failed and gives how long to wait, in ms. */
function recover(options: ReflectorOptions, state: State, fault: ApiFault): number {
  const { patience, api, random, trouble, collection } = options
  state.fault = fault
  const failure = failureOf(fault)
  if (state.failure !== failure) state.failures = 0
  state.failure = failure
  if (failure === "too old") state.version = null
  if (fault.status === 401 || (fault.status === null && /certificate|CERT/.test(fault.message))) api.renew()
  // A version that is too old is no one's failure; a second one on its heels is.
  const atOnce = failure === "too old" && state.failures === 0
  // An API server that has just started refuses what it will grant a second later.
  const forGood = failure === "refused" && state.failures >= HASTY_REFUSALS
  const wait = nextWait(options, state, fault)
  const retryAfterMs = atOnce ? 0 : forGood ? Math.round(patience.refusedMs * (1 + random())) : wait
  trouble("list or watch failed", { collection: collectionTitle(collection), error: fault, retryAfterMs })
  return retryAfterMs
}

function failureOf({ status }: ApiFault): Failure {
  if (status === 410) return "too old"
  return status === 403 || status === 404 ? "refused" : "unreachable"
}

function nextWait({ patience, random }: ReflectorOptions, state: State, fault: ApiFault | null): number {
  state.failures += 1
  // From once to twice the wait, which is half of it around one and a half.
  const pace = { firstMs: 1.5 * patience.backoffMs, maximumMs: LONGEST_BACKOFF_MS, jitter: 1 / 3 }
  return Math.max(backoffMs(pace, state.failures, random()), fault?.retryAfterMs ?? 0)
}

function faultOf(error: unknown): ApiFault {
  if (error instanceof ApiFault) return error
  throw error
}

/** Lists everything beside the watch. What differs for longer than an event can take was lost: then all is read again. */
async function compare(options: ReflectorOptions, { store, state, stop }: Mirror): Promise<void> {
  const { api, collection, clock, patience, trouble } = options
  const found: Listed[] = []
  const version = await api.list(collection, {
    resourceVersion: null,
    signal: stop,
    page: (objects) => {
      for (const object of objects) if (concerns(collection, object)) found.push(identityOf(object))
    },
  })
  await clock.delay(patience.graceMs, stop)
  if (stop.aborted) return
  const drift = driftOf(store.objects, found, version)
  if (drift.length === 0) return
  trouble("drift", { collection: collectionTitle(collection), objects: drift })
  state.version = null
  state.current?.abort()
}
