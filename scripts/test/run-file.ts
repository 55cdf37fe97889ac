import { type ChildProcess, spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { Readable } from "node:stream"
import { fileURLToPath } from "node:url"
import { EVENT_DESCRIPTOR, type FileSettings, SETTINGS_VARIABLE, type TestEvent } from "./event.ts"
import { judge, type FileOutcome } from "./judge.ts"

/** How long a file may take to load, or to come from one test to the next, in ms. */
const BETWEEN_TESTS_MS = 30_000
/** How long after its limit a test is left alone: the limit inside the process has the better message. */
const BLOCKED_AFTER_MS = 3_000
/** How long the output may stay open after the process has ended: a stray child may hold it. */
const OUTPUT_AFTER_EXIT_MS = 500

/** Node.js keeps what it compiled, and TypeScript without its types, for the next run: a third of the time of all tests. */
const compileCache = fileURLToPath(new URL("../../.cache/node", import.meta.url))
const preload = new URL("preload.ts", import.meta.url).href

export interface RunFileOptions {
  readonly stop: AbortSignal
  /** Is told of each event as it comes. */
  readonly hear: (event: TestEvent) => void
}

/** Runs one test file in its own process, in a process group that is gone when this resolves. */
export async function runFile(
  file: string,
  settings: FileSettings,
  { stop, hear }: RunFileOptions,
): Promise<FileOutcome> {
  const startedAt = performance.now()
  const child = spawn(process.execPath, ["--import", preload, file], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    env: { NODE_COMPILE_CACHE: compileCache, ...process.env, [SETTINGS_VARIABLE]: JSON.stringify(settings) },
  })
  const output: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => output.push(text))
  }
  const watchdog = createWatchdog(child)
  const events: TestEvent[] = []
  const lines = eventLines(child)
  lines.on("line", (line) => {
    const event = JSON.parse(line) as TestEvent
    events.push(event)
    watchdog.look(event)
    hear(event)
  })
  const onStop = () => killGroup(child)
  stop.addEventListener("abort", onStop)
  const ending = await endOf(child)
  stop.removeEventListener("abort", onStop)
  watchdog.stop()
  killGroup(child)
  const tookMs = performance.now() - startedAt
  return judge(
    { events, filtered: settings.filter !== null, ending, blocked: watchdog.blocked() },
    output.join(""),
    tookMs,
  )
}

function eventLines(child: ChildProcess) {
  const stream = child.stdio[EVENT_DESCRIPTOR]
  if (!(stream instanceof Readable)) throw new Error("Cannot read the events of a test file: the pipe is missing")
  return createInterface({ input: stream })
}

/** `status 1` or `SIGKILL`; null for a good end. */
function endOf(child: ChildProcess): Promise<string | null> {
  return new Promise((resolve, reject) => {
    child.on("error", reject)
    child.on("exit", (status, signal) => {
      const ending = signal ?? (status === 0 ? null : `status ${status}`)
      const limit = setTimeout(() => resolve(ending), OUTPUT_AFTER_EXIT_MS)
      child.on("close", () => {
        clearTimeout(limit)
        resolve(ending)
      })
    })
  })
}

/** Ends a process whose event loop is blocked: no limit of its own can fire there. */
function createWatchdog(child: ChildProcess) {
  let blocked: string | null = null
  let timer: NodeJS.Timeout | undefined
  const arm = (limitMs: number, what: string) => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      blocked = `${what} blocked the process for ${limitMs} ms`
      killGroup(child)
    }, limitMs)
  }
  arm(BETWEEN_TESTS_MS, "Loading the file")
  return {
    look: (event: TestEvent) =>
      event.kind === "started"
        ? arm(event.limitMs + Math.min(BLOCKED_AFTER_MS, event.limitMs), `"${event.name}"`)
        : arm(BETWEEN_TESTS_MS, `What follows "${"name" in event ? event.name : event.kind}"`),
    stop: () => clearTimeout(timer),
    blocked: () => blocked,
  }
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, "SIGKILL")
  } catch {
    // ESRCH: the whole group has ended, as it should.
  }
}
