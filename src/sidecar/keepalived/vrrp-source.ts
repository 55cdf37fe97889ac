import { join } from "node:path"
import type { Clock } from "../../kit/time/clock.ts"
import { runCommand } from "../../kit/process/run-command.ts"
import type { RunningKeepalived, VrrpAnswer, VrrpSource } from "../ports.ts"
import { createProcessLog, type LogMark, type ProcessLog } from "./log.ts"
import { isRunning, isSame, pidFilesIn, runningKeepalived, signalIfRunning } from "./process.ts"
import { createReadiness, type Readiness } from "./readiness.ts"
import { askForVrrp } from "./vrrp-data.ts"
import { createVrrpReader } from "./vrrp-log.ts"

export interface VrrpSourceOptions {
  /** Path of the program, which knows the number of its signal. */
  readonly program: string
  /** Directory of the service's pid files, its answers (TMPDIR) and, in `log/`, its log. */
  readonly runDirectory: string
  readonly clock: Clock
}

/**
 * VRRP's state from keepalived: its log has each change and its reason, and its VRRP child reports the current state when it
 * gets the signal JSON. keepalived does not wait for either: its log goes to s6-log, which runs without the agent.
 */
export function createVrrpSource({ program, runDirectory, clock }: VrrpSourceOptions): VrrpSource {
  const files = pidFilesIn(runDirectory)
  const log = createProcessLog(join(runDirectory, "log"), clock)
  const readiness = createReadiness({ files, log, limitMs: () => Promise.resolve(0), clock })
  const reader = createVrrpReader()
  let mark: LogMark | null = null
  let signal: Promise<number | null> | null = null
  return {
    news: async () => {
      if (mark !== null && isEnd(mark, await log.mark())) return []
      const next = await log.next(mark)
      mark = next.mark
      return reader.read(next.lines)
    },
    ask: async (target) => {
      const number = await (signal ??= signalOf(program))
      return number === null ? { kind: "cannot" } : ask(target, { number, runDirectory, clock, readiness, files })
    },
    listen: (hint) => listen(log, hint, clock),
  }
}

function isEnd(mark: LogMark, end: LogMark): boolean {
  return mark.inode === end.inode && mark.offset === end.offset
}

/** The signal's number depends on the C library. @returns null if this build does not write JSON. */
async function signalOf(program: string): Promise<number | null> {
  const { status, stdout } = await runCommand(program, ["--signum=JSON"], {
    timeoutMs: 5_000,
    maximumOutputBytes: 4_096,
  })
  const number = Number(stdout.trim())
  return status === 0 && Number.isInteger(number) && number > 0 ? number : null
}

interface Asking {
  readonly number: number
  readonly runDirectory: string
  readonly clock: Clock
  readonly readiness: Readiness
  readonly files: Parameters<typeof runningKeepalived>[0]
}

async function ask({ parent, vrrp }: RunningKeepalived, asking: Asking): Promise<VrrpAnswer> {
  const { number, runDirectory, clock, readiness, files } = asking
  const now = runningKeepalived(files)
  if (now === null || vrrp === null || !isSame(now.parent, parent) || !isSame(now.vrrp, vrrp))
    return { kind: "not-ready" }
  // A signal before its handlers exist would end it.
  if (!(await readiness.isReady(now))) return { kind: "not-ready" }
  const answer = await askForVrrp(runDirectory, () => signalIfRunning(vrrp, number), clock)
  return answer ?? (isRunning(vrrp) ? { kind: "silent" } : { kind: "not-ready" })
}

/** The log's directory is created at keepalived's first start. */
function listen(log: ProcessLog, hint: () => void, clock: Clock): () => void {
  const stopping = new AbortController()
  let end: (() => void) | null = null
  const begin = async () => {
    while (!stopping.signal.aborted && (end = log.listen(hint)) === null) await clock.delay(LISTEN_MS, stopping.signal)
  }
  void begin()
  return () => {
    stopping.abort()
    end?.()
  }
}

const LISTEN_MS = 1_000
