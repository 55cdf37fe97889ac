import { ApiFault, isAboutCredentials } from "../../kubernetes/api-fault.ts"
import { type Collection, collectionTitle } from "./collection.ts"
import { lacksSomething } from "./compare.ts"
import { isDoubtful } from "./list-guard.ts"
import type { WatchEnd } from "./ports.ts"
import { createRecovery, errorEvent, failureOf, type Recovery } from "./recovery.ts"
import type { ReflectorOptions } from "./reflector-options.ts"
import { createStore, isOlder, type Listing, type Store, versionOf } from "./store.ts"

/** The mirror of one collection. It runs until it is stopped, whatever fails. */
export interface Reflector {
  readonly collection: Collection
  readonly store: Pick<Store, "objects">
  /** Whether everything has been listed once. */
  listed(): boolean
  /** The mirror's version; null before the first list, and before a list that replaces a version that is too old. */
  resourceVersion(): string | null
  /** When the API server last sent anything about it, by the clock; null before the first list. */
  heardAt(): number | null
  /** The last failure; null while all is well. */
  fault(): ApiFault | null
  /** Resolves when it has stopped completely. */
  stop(): Promise<void>
}

/**
 * Starts to list and to watch.
 *
 * It lists everything once, then watches for changes from the known version. It lists again only if that version is too old
 * (410). The mirror stays whatever happens: if the API server does not answer, that does not mean that objects are deleted.
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
        // The watch has the same fault, and logs it.
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
  /** Version from which a watch continues; null if everything must be listed first. */
  version: string | null
  listed: boolean
  heardAt: number | null
  fault: ApiFault | null
  /** Ends the open watch. */
  current: AbortController | null
}

interface Mirror {
  readonly store: Store
  readonly state: State
  readonly recovery: Recovery
  readonly stop: AbortSignal
}

async function list(options: ReflectorOptions, mirror: Mirror): Promise<void> {
  const { collection, clock, random, patience, known, onChange, onWarning } = options
  const { store, state, stop } = mirror
  const first = !state.listed
  // At the start, any cached state is good enough for a small list: so five hundred nodes that start together do not load etcd.
  let found = await listOnce(options, mirror, first && collection.fieldSelector !== null ? "0" : null)
  const before = first ? known : store.objects.size
  const after = found.listing.size()
  if (isDoubtful(before, after)) {
    const retryAfterMs = Math.round(patience.doubtMs * (0.8 + 0.4 * random()))
    onWarning("list held", { collection: collectionTitle(collection), had: before, has: after, retryAfterMs })
    await clock.delay(retryAfterMs, stop)
    if (stop.aborted) return
    found = await listOnce(options, mirror, null)
  }
  state.version = found.version
  state.listed = true
  state.fault = null
  state.heardAt = clock.now()
  if (found.listing.commit(found.version) || first) onChange()
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

/** Runs one watch to its end. @returns Wait before the next one, in ms. */
async function watch(options: ReflectorOptions, mirror: Mirror): Promise<number> {
  const { api, collection, clock, random, patience } = options
  const { state, stop } = mirror
  const current = new AbortController()
  state.current = current
  const course: Course = { startedAt: clock.now(), events: 0, refusal: null }
  const ending = await api.watch(collection, {
    resourceVersion: state.version ?? "0",
    // Jitter, so that watches that start together do not end together.
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
  // An API server that leaves the stream open after an ERROR event must not delay sync.
  if (course.refusal !== null) throw course.refusal
  return stop.aborted || current.signal.aborted ? 0 : waitAfter(options, mirror, { ending, course })
}

/** The progress of a watch. */
interface Course {
  readonly startedAt: number
  events: number
  /** The ERROR event with which the API server ended it. */
  refusal: ApiFault | null
}

interface WatchEvent {
  readonly type: unknown
  readonly object: unknown
  readonly course: Course
}

function take(options: ReflectorOptions, mirror: Mirror, { type, object, course }: WatchEvent): void {
  const { clock, patience, onChange } = options
  const { store, state, recovery } = mirror
  const version = versionOf(object)
  if (version === null) return
  course.events += 1
  state.heardAt = clock.now()
  state.fault = null
  if (clock.now() - course.startedAt >= patience.shortWatchMs) recovery.settled()
  if (!isOlder(version, state.version ?? "")) state.version = version
  const isChange = type === "ADDED" || type === "MODIFIED" || type === "DELETED"
  if (isChange && store.apply(type, object)) onChange()
}

interface Ending {
  readonly ending: WatchEnd
  readonly course: Course
}

/** Wait after a watch that did not fail, in ms. */
function waitAfter(options: ReflectorOptions, { state, recovery }: Mirror, { ending, course }: Ending): number {
  const { clock, patience, collection, onWarning } = options
  const tooShortMs = patience.shortWatchMs - (clock.now() - course.startedAt)
  if (ending === "silent") {
    // The watch was silent for two minutes: more waiting is not necessary.
    onWarning("watch silent", { collection: collectionTitle(collection), silentMs: patience.inactivityMs })
    return 0
  }
  if (tooShortMs > 0) return course.events > 0 ? tooShortMs : recovery.afterShortWatch()
  recovery.settled()
  // A watch that ran its full time shows that the API server has nothing newer.
  state.heardAt = clock.now()
  state.fault = null
  return 0
}

/** Records the failure. @returns Wait before the next try, in ms. */
function recover(options: ReflectorOptions, { state, recovery }: Mirror, fault: ApiFault): number {
  const { api, onWarning, collection } = options
  state.fault = fault
  const failure = failureOf(fault)
  // Later events do not repeat the content of an unreadable line.
  if (failure === "too old" || failure === "garbled") state.version = null
  if (isAboutCredentials(fault)) api.renew()
  const retryAfterMs = recovery.afterFault(fault)
  onWarning(failure === "garbled" ? "watch garbled" : "list or watch failed", {
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
