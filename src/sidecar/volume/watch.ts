import { statSync } from "node:fs"
import { basename, join } from "node:path"

import { watch } from "chokidar"

import { POINTER_FILE, STATUS_FILE } from "../../contract/layout.ts"
import { backoffMs } from "../../kit/time/backoff.ts"
import type { Clock } from "../../kit/time/clock.ts"
import { createTimers, type Timers } from "../../kit/time/named-timers.ts"

/** Delay of a second look after an event: watchers sometimes lose the second of two quick changes. */
const LOOK_AGAIN_MS = { soon: 75, late: 250 }
/** Poll interval: the poll is reliable, the watcher only makes it faster. */
const POLL_MS = 1000
/** Time after the poll found a change in which the watcher may still report it. */
const GRACE_MS = 250
const BACKOFF = { firstMs: 1_000, maximumMs: 60_000, jitter: 0 }

/** The events of a watcher. */
export interface WatcherListener {
  /** Something below the directory changed; the event's content is not used, only a new look. */
  event(path: string): void
  error(error: unknown): void
  /** From now on changes are reported. */
  ready(): void
}

/** Watches one directory, not what is below it. */
export type OpenWatcher = (directory: string, listener: WatcherListener) => { close(): Promise<void> }

export interface VolumeWatchOptions {
  readonly directory: string
  /** Requests a look. It may come several times for a change. */
  readonly onChange: () => void
  /** Reports why the watcher is replaced. */
  readonly onWarning?: (reason: string, error: unknown) => void
  readonly open?: OpenWatcher
  readonly clock: Clock
}

type Wait = "soon" | "late" | "poll" | "grace" | "restart"

export interface WatchCounts {
  /** Changes that the poll found and the watcher did not report; above 0, the watcher does not work. */
  readonly pollRecovered: number
  readonly watcherErrors: number
}

export interface VolumeWatch {
  counts(): WatchCounts
  close(): Promise<void>
}

/** Calls whenever `current.json` may have changed: at once through the watcher, within a second in any case. */
export function watchVolume(options: VolumeWatchOptions): VolumeWatch {
  const { directory, onChange, clock } = options
  const timers = createTimers<Wait>(clock)
  const counts = { pollRecovered: 0, watcherErrors: 0 }
  let events = 0
  const keeper = keepWatcher(options, timers, { onEvent, onReady: onChange, onError: () => counts.watcherErrors++ })

  function onEvent(): void {
    events++
    timers.set("soon", LOOK_AGAIN_MS.soon, onChange)
    timers.set("late", LOOK_AGAIN_MS.late, onChange)
    onChange()
  }

  let identity = pointerIdentity(directory)
  let eventsAtPoll = 0
  pollLater()

  function pollLater(): void {
    timers.set("poll", POLL_MS, () => {
      pollLater()
      poll()
    })
  }

  function poll(): void {
    const [before, seen] = [identity, eventsAtPoll]
    identity = pointerIdentity(directory)
    eventsAtPoll = events
    if (identity === before) return
    onChange()
    if (events === seen) timers.set("grace", GRACE_MS, () => events === seen && recovered())
  }

  function recovered(): void {
    counts.pollRecovered++
    keeper.replace("Cannot trust the watcher: the poll found a change that it did not report", null)
  }

  async function close(): Promise<void> {
    timers.stop()
    await keeper.close()
  }

  return { counts: () => ({ ...counts }), close }
}

/** chokidar, with settings for its known behaviour: see the comments. */
export const openChokidar: OpenWatcher = (directory, listener) => {
  const watcher = watch(directory, {
    depth: 0,
    // A symlink in the volume is not ours, and must not lead the watcher elsewhere.
    followSymlinks: false,
    // Would delay deletions by 100 ms and ignore names that look like an editor's.
    atomic: false,
    ignoreInitial: true,
    persistent: true,
  })
  // The kernel's own event, 8 ms before chokidar has processed it: a hint needs no processing.
  watcher.on("raw", (_event, path) => listener.event(path ?? directory))
  // Without a listener an error would end the process.
  watcher.on("error", (error) => listener.error(error))
  watcher.on("ready", () => listener.ready())
  return { close: () => watcher.close() }
}

interface Keeper {
  replace(reason: string, error: unknown): void
  close(): Promise<void>
}

interface KeeperEvents {
  readonly onEvent: () => void
  readonly onReady: () => void
  readonly onError: () => void
}

/** Keeps one watcher open. Replaces a broken or silent one, at growing intervals while none reports an event. */
function keepWatcher(
  { directory, onWarning, open = openChokidar }: VolumeWatchOptions,
  timers: Timers<Wait>,
  on: KeeperEvents,
): Keeper {
  let failures = 0
  let closed = false
  let current = start()

  function start(): { close(): Promise<void> } {
    const own = { live: true }
    const watcher = open(directory, {
      event: (path) => {
        if (!own.live || isNoise(path)) return
        failures = 0
        on.onEvent()
      },
      error: (error) => {
        if (!own.live) return
        on.onError()
        replace("Cannot watch the volume: the watcher reports an error", error)
      },
      ready: () => own.live && on.onReady(),
    })
    const close = () => {
      own.live = false
      return watcher.close()
    }
    return { close }
  }

  function replace(reason: string, error: unknown): void {
    if (closed || timers.isSet("restart")) return
    onWarning?.(reason, error)
    void current.close().catch(() => undefined)
    failures += 1
    timers.set("restart", backoffMs(BACKOFF, failures), () => {
      current = start()
    })
  }

  async function close(): Promise<void> {
    closed = true
    await current.close()
  }

  return { replace, close }
}

/** The writer's own report and its temporary files change beside the pointer and do not matter here. */
function isNoise(path: string): boolean {
  const name = basename(path)
  return name === STATUS_FILE || (name.startsWith(".") && !name.startsWith(".."))
}

function pointerIdentity(directory: string): string {
  try {
    const { ino, size, mtimeNs } = statSync(join(directory, POINTER_FILE), { bigint: true })
    return `${ino} ${size} ${mtimeNs}`
  } catch {
    // Absent or unreadable: the reader reports the reason.
    return "none"
  }
}
