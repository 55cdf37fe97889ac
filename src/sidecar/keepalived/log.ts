import { watch } from "node:fs"
import { open, readdir, stat } from "node:fs/promises"
import { join } from "node:path"
import { ifPresent } from "../../kit/fault.ts"
import type { Clock } from "../../kit/time/clock.ts"

/** A position in the log: later lines are new. It stays valid when the file is rotated. */
export interface LogMark {
  /** Null: the file did not exist yet. */
  readonly inode: bigint | null
  readonly offset: number
}

export interface LogWait<T> {
  readonly mark: LogMark
  /** Called with all complete lines since the mark, at once and then at each change; null: continue to wait. */
  readonly judge: (lines: readonly string[]) => T | null | Promise<T | null>
  readonly deadlineMs: number
}

/** The log of keepalived's standard error, kept by s6-log: `current`, and older files beside it. */
export interface ProcessLog {
  /** The current end of the log. */
  mark(): Promise<LogMark>
  /** Complete lines since the mark, as they were written; with null as mark, all lines that are kept. */
  since(mark: LogMark | null): Promise<readonly string[]>
  /** The same, with the position to continue from: no line is returned twice, or in two parts. */
  next(mark: LogMark | null): Promise<{ readonly lines: readonly string[]; readonly mark: LogMark }>
  /** Calls at each change, as far as the kernel reports it; a call may be lost. @returns what ends the calls; null: no directory yet. */
  listen(hint: () => void): (() => void) | null
  /** Waits for a judgement other than null; null when the deadline has passed. */
  waitFor<T>(wait: LogWait<T>): Promise<T | null>
}

/** Poll interval: s6-log sends no notification when it writes, and a file event may be lost. */
const POLL_MS = 50
const MAXIMUM_FILE_BYTES = 16 * 1024 * 1024
/** Maximum repeated reads: a rotation takes a moment, and does not happen this often in one. */
const MOST_ATTEMPTS = 20

/** @param directory The directory that s6-log writes to; it may still be missing. */
export function createProcessLog(directory: string, clock: Clock): ProcessLog {
  return {
    mark: () => markOf(directory),
    since: async (mark) => (await nextLines(directory, mark)).lines,
    next: (mark) => nextLines(directory, mark),
    listen: (hint) => {
      const watcher = tryWatch(directory, hint)
      return watcher === null ? null : () => watcher.close()
    },
    waitFor: (wait) => waitFor(directory, clock, wait),
  }
}

async function markOf(directory: string): Promise<LogMark> {
  const current = await ifPresent(stat(join(directory, "current"), { bigint: true }))
  return current === null ? { inode: null, offset: 0 } : { inode: current.ino, offset: Number(current.size) }
}

interface Lines {
  readonly lines: readonly string[]
  /** The end of the last complete line. */
  readonly mark: LogMark
}

async function nextLines(directory: string, mark: LogMark | null): Promise<Lines> {
  for (let attempt = 1; ; attempt++) {
    const before = await layoutOf(directory)
    const found = await linesSince(directory, mark)
    const after = await layoutOf(directory)
    // A step of a rotation between the list of files and their reading could have hidden a file: `previous` gets its final name
    // when a new `current` already exists.
    if (before === after || attempt === MOST_ATTEMPTS) return found
  }
}

/** Differs after each step of a rotation. */
async function layoutOf(directory: string): Promise<string> {
  const { inode } = await markOf(directory)
  const names = (await ifPresent(readdir(directory))) ?? []
  return [inode, ...names.toSorted()].join(" ")
}

async function linesSince(directory: string, mark: LogMark | null): Promise<Lines> {
  const names = (await ifPresent(readdir(directory))) ?? []
  // s6-log renames `current` to `previous`, links that to a name made of its time (TAI64N: the order of names is the order of
  // time), and begins a new `current`.
  const old = names.filter((name) => /^@[0-9a-f]{24}\.[su]$/.test(name)).toSorted()
  const ordered = [...old, ...names.filter((name) => name === "previous"), "current"]
  const files = (await Promise.all(ordered.map((name) => contentOf(join(directory, name))))).filter(
    (file) => file !== null,
  )
  const distinct = files.filter((file, i) => files.findIndex((other) => other.inode === file.inode) === i)
  const start = mark === null ? -1 : distinct.findIndex((file) => file.inode === mark.inode)
  const parts = distinct.slice(Math.max(0, start)).map(({ inode, content }, i) => {
    const offset = i === 0 && start >= 0 ? (mark?.offset ?? 0) : 0
    // The text after the last line end is an incomplete line: the rest follows.
    const end = Math.max(offset, content.lastIndexOf("\n") + 1)
    return { text: content.subarray(offset, end).toString("utf8"), mark: { inode, offset: end } }
  })
  return {
    lines: wholeLines(parts.map(({ text }) => text).join("")),
    mark: parts.at(-1)?.mark ?? mark ?? { inode: null, offset: 0 },
  }
}

async function contentOf(path: string): Promise<{ readonly inode: bigint; readonly content: Buffer } | null> {
  const file = await ifPresent(open(path))
  if (file === null) return null
  try {
    const { ino, size } = await file.stat({ bigint: true })
    const content = Buffer.alloc(Math.min(Number(size), MAXIMUM_FILE_BYTES))
    const { bytesRead } = await file.read(content, 0, content.length, 0)
    return { inode: ino, content: content.subarray(0, bytesRead) }
  } finally {
    await file.close()
  }
}

function wholeLines(text: string): readonly string[] {
  return text.split("\n").slice(0, -1)
}

async function waitFor<T>(directory: string, clock: Clock, wait: LogWait<T>): Promise<T | null> {
  const deadline = clock.now() + wait.deadlineMs
  const changes = watchDirectory(directory, clock)
  try {
    for (;;) {
      const changed = changes.next(Math.min(POLL_MS, Math.max(0, deadline - clock.now())))
      const found = await wait.judge((await nextLines(directory, wait.mark)).lines)
      if (found !== null || clock.now() >= deadline) return found
      await changed
    }
  } finally {
    changes.close()
  }
}

interface Changes {
  /** Resolves at the next change, or after `ms`. */
  next(ms: number): Promise<void>
  close(): void
}

function watchDirectory(directory: string, clock: Clock): Changes {
  let wake = () => {}
  const watcher = tryWatch(directory, () => wake())
  return {
    next: (ms) => {
      const change = new AbortController()
      wake = () => change.abort()
      return clock.delay(ms, change.signal)
    },
    close: () => {
      wake()
      watcher?.close()
    },
  }
}

/** Without a watcher (no directory yet, or no inotify watch left), only the poll works. */
function tryWatch(directory: string, onChange: () => void): ReturnType<typeof watch> | null {
  try {
    return watch(directory, onChange).on("error", () => {})
  } catch {
    return null
  }
}
