import { ApiFault, isAboutCredentials } from "../api-fault.ts"
import { type Collection, collectionTitle } from "./collection.ts"
import { lacksSomething } from "./compare.ts"
import { isDoubtful } from "./list-guard.ts"
import type { WatchEnd } from "./ports.ts"
import { createRecovery, errorEvent, failureOf, type Recovery } from "./recovery.ts"
import type { ReflectorOptions } from "./reflector-options.ts"
import { createStore, isOlder, type Listing, type Store, versionOf } from "./store.ts"

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
  const { collection, clock, patience, random } = options
  const store = createStore(collection)
  const stop = new AbortController()
  const state: State = { version: null, listed: false, heardAt: null, fault: null, current: null }
  const mirror: Mirror = { store, state, recovery: createRecovery(patience, random), stop: stop.signal }

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      let waitMs = 0
      try {
        if (state.version === null) await list(options, mirror)
        waitMs = await watch(options, mirror)
      } catch (error) {
        if (stop.signal.aborted) return
        waitMs = recover(options, mirror, faultOf(error))
      }
      if (waitMs > 0) await clock.delay(waitMs, stop.signal)
    }
  }

  async function compareNowAndThen(): Promise<void> {
    while (!stop.signal.aborted) {
      await clock.delay(patience.compareMs * (0.8 + 0.4 * random()), stop.signal)
      if (stop.signal.aborted || state.version === null) continue
      try {
        if (!(await lacksSomething(options, store, stop.signal))) continue
        state.version = null
        state.current?.abort()
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
  /** Ends the watch that is open. */
  current: AbortController | null
}

interface Mirror {
  readonly store: Store
  readonly state: State
  readonly recovery: Recovery
  readonly stop: AbortSignal
}

async function list(options: ReflectorOptions, mirror: Mirror): Promise<void> {
  const { collection, clock, random, patience, known, changed, trouble } = options
  const { store, state, stop } = mirror
  const first = !state.listed
  // At the start any state will do, if the list is small: five hundred nodes that start together ask etcd for nothing.
  let found = await listOnce(options, mirror, first && collection.fieldSelector !== null ? "0" : null)
  const before = first ? known : store.objects.size
  const after = found.listing.size()
  if (isDoubtful(before, after)) {
    const retryAfterMs = Math.round(patience.doubtMs * (0.8 + 0.4 * random()))
    trouble("list held", { collection: collectionTitle(collection), had: before, has: after, retryAfterMs })
    await clock.delay(retryAfterMs, stop)
    if (stop.aborted) return
    found = await listOnce(options, mirror, null)
  }
  state.version = found.version
  state.listed = true
  state.fault = null
  state.heardAt = clock.now()
  if (found.listing.commit(found.version) || first) changed()
}

async function listOnce(
  { api, collection }: ReflectorOptions,
  { store, stop }: Mirror,
  resourceVersion: "0" | null,
): Promise<{ readonly listing: Listing; readonly version: string }> {
  const listing = store.listing()
  const page = (objects: readonly unknown[]) => objects.forEach(listing.add)
  return { listing, version: await api.list(collection, { resourceVersion, signal: stop, page }) }
}

/** One watch, to its end. Gives how long to wait before the next, in ms. */
async function watch(options: ReflectorOptions, mirror: Mirror): Promise<number> {
  const { api, collection, clock, random, patience } = options
  const { state, stop } = mirror
  const current = new AbortController()
  state.current = current
  const course: Course = { startedAt: clock.now(), events: 0, refusal: null }
  const ending = await api.watch(collection, {
    resourceVersion: state.version ?? "0",
    // So that watches that began together do not end together.
    timeoutSeconds: Math.round(240 + 120 * random()),
    inactivityMs: patience.inactivityMs,
    signal: AbortSignal.any([current.signal, stop]),
    event: (type, object) => {
      if (type === "ERROR") {
        course.refusal = errorEvent(collection, object)
        current.abort()
      } else {
        take(options, mirror, { type, object, course })
      }
    },
  })
  // Whatever else it says: an API server that leaves the stream open after it must not hold us up.
  if (course.refusal !== null) throw course.refusal
  return stop.aborted || current.signal.aborted ? 0 : waitAfter(options, mirror, { ending, course })
}

/** How a watch went so far. */
interface Course {
  readonly startedAt: number
  events: number
  /** What the API server ended it with. */
  refusal: ApiFault | null
}

interface WatchEvent {
  readonly type: unknown
  readonly object: unknown
  readonly course: Course
}

function take(options: ReflectorOptions, mirror: Mirror, { type, object, course }: WatchEvent): void {
  const { clock, patience, changed } = options
  const { store, state, recovery } = mirror
  const version = versionOf(object)
  if (version === null) return
  course.events += 1
  state.heardAt = clock.now()
  state.fault = null
  if (clock.now() - course.startedAt >= patience.shortWatchMs) recovery.settled()
  if (!isOlder(version, state.version ?? "")) state.version = version
  const isChange = type === "ADDED" || type === "MODIFIED" || type === "DELETED"
  if (isChange && store.apply(type, object)) changed()
}

interface Ending {
  readonly ending: WatchEnd
  readonly course: Course
}

/** After a watch that did not fail, in ms. */
function waitAfter(options: ReflectorOptions, { state, recovery }: Mirror, { ending, course }: Ending): number {
  const { clock, patience, collection, trouble } = options
  const tooShortMs = patience.shortWatchMs - (clock.now() - course.startedAt)
  if (ending === "silent") {
    // It has stood for two minutes: there is no need to wait any longer.
    trouble("watch silent", { collection: collectionTitle(collection), silentMs: patience.inactivityMs })
    return 0
  }
  if (tooShortMs > 0) return course.events > 0 ? tooShortMs : recovery.afterShortWatch()
  recovery.settled()
  // A watch that ran its time is the API server's word that it knows nothing newer.
  state.heardAt = clock.now()
  state.fault = null
  return 0
}

/** Notes what failed and gives how long to wait, in ms. */
function recover(options: ReflectorOptions, { state, recovery }: Mirror, fault: ApiFault): number {
  const { api, trouble, collection } = options
  state.fault = fault
  const failure = failureOf(fault)
  // Whatever the line has told is in no event that comes after it.
  if (failure === "too old" || failure === "garbled") state.version = null
  if (isAboutCredentials(fault)) api.renew()
  const retryAfterMs = recovery.afterFault(fault)
  trouble(failure === "garbled" ? "watch garbled" : "list or watch failed", {
    collection: collectionTitle(collection),
    error: fault,
    retryAfterMs,
  })
  return retryAfterMs
}

function faultOf(error: unknown): ApiFault {
  if (error instanceof ApiFault) return error
  throw error
}
