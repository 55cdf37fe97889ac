import { stat } from "node:fs/promises"
import { join } from "node:path"
import type { Clock } from "../../kit/time/clock.ts"
import { ifPresent } from "../../kit/fault.ts"
import { runCommand } from "../../kit/process/run-command.ts"
import type { Keepalived, ProcessIdentity, ReloadVerdict, RunningKeepalived } from "../ports.ts"
import { askForAdverts } from "./adverts.ts"
import { createConfigTest } from "./config-test.ts"
import { createProcessLog, type LogMark, type ProcessLog } from "./log.ts"
import { isRunning, isSame, type PidFiles, pidFilesIn, runningKeepalived, signalIfRunning } from "./process.ts"
import { createReadiness, ENDED, type Readiness, seconds } from "./readiness.ts"
import { createSupervisor, type Supervisor, type SupervisorOptions } from "./supervisor.ts"
import { isCheckerDue, type LogVerdict, messageOf, reloadVerdict, startVerdict, tellsOfStart } from "./verdict.ts"

export interface KeepalivedOptions extends SupervisorOptions {
  /** Path of the program, for the config test and its version; the service's run script starts the same program. */
  readonly program: string
  /** Directory of the service's pid files, its statistics (TMPDIR) and, in `log/`, its log: `/run/keepalived`. */
  readonly runDirectory: string
  /** The file that keepalived reads. */
  readonly liveFile: string
  /** Overrides the limit computed from the live file's size, in ms. */
  readonly limitMs?: number
  readonly clock: Clock
}

/** The parts that the functions below work with. */
interface Parts {
  readonly runDirectory: string
  readonly files: PidFiles
  readonly log: ProcessLog
  readonly readiness: Readiness
  readonly supervisor: Supervisor
  readonly clock: Clock
  /** Time limit of a start or a reload, in ms. */
  readonly limitMs: () => Promise<number>
}

const ANSWER_LIMIT_MS = 10_000
/** Time limit. Measured, 2.2.7 with a check for each of 10,000 real servers (1 MB): 20 s, 48 s on a busy machine; without checks 1 s. */
const ANSWER_LIMIT_MS_PER_MB = 40_000
/** Time after SIGTERM until keepalived is killed: it gives its own children 5 s. */
const STOP_LIMIT_MS = 8_000
/** Measured: keepalived waits 0, 1, 2, 4, 8, 16 ... s before a respawn that follows another within a minute. */
const RESPAWN_LIMIT_MS = 20_000
const POLL_MS = 50
const MOST_LOG_LINES = 40

/** The keepalived of this node, which an s6 service runs beside the agent. */
export function createKeepalived(options: KeepalivedOptions): Keepalived {
  const parts = openParts(options)
  let version: Promise<string> | null = null
  return {
    version: () => (version ??= versionOf(options.program)),
    test: createConfigTest(options),
    running: () => Promise.resolve(runningKeepalived(parts.files)),
    start: () => start(parts),
    reload: (target) => reload(parts, target),
    restart: () => restart(parts),
    advertsHeard: (target) => advertsHeard(parts, target),
    respawnChecker: (target) => respawnChecker(parts, target),
  }
}

function openParts({ runDirectory, liveFile, limitMs: fixed, clock, ...supervised }: KeepalivedOptions): Parts {
  const files = pidFilesIn(runDirectory)
  const log = createProcessLog(join(runDirectory, "log"), clock)
  const limitMs = async () =>
    fixed ?? ANSWER_LIMIT_MS + (ANSWER_LIMIT_MS_PER_MB * ((await ifPresent(stat(liveFile)))?.size ?? 0)) / 1e6
  const readiness = createReadiness({ files, log, limitMs, clock })
  return { runDirectory, files, log, readiness, supervisor: createSupervisor(supervised), clock, limitMs }
}

async function versionOf(program: string): Promise<string> {
  const result = await runCommand(program, ["--version"], { timeoutMs: 5_000, maximumOutputBytes: 16_384 })
  const version = /^Keepalived v(\d+\.\d+\.\d+)/m.exec(result.stderr + result.stdout)?.[1]
  if (version !== undefined) return version
  throw new Error(`Cannot tell the version of "${program}": it printed "${result.stderr.trim().slice(0, 200)}"`)
}

async function start(parts: Parts): Promise<ReloadVerdict> {
  const startedAt = parts.clock.now()
  const before = runningKeepalived(parts.files)
  const mark = await parts.log.mark()
  await parts.supervisor.up()
  if (before === null) {
    const limitMs = await parts.limitMs()
    return awaitStart(parts, { mark, startedAt, limitMs, begunEarlier: (lines) => earlierStart(parts, lines) })
  }
  const reason = await parts.readiness.awaitReady(before)
  return reason === null ? acknowledged(parts, startedAt) : failed(parts, mark, reason)
}

async function restart(parts: Parts): Promise<ReloadVerdict> {
  const startedAt = parts.clock.now()
  const before = runningKeepalived(parts.files)
  if (before === null) return start(parts)
  const mark = await parts.log.mark()
  await parts.supervisor.restart()
  // A hanging process must not block a good file; its children end with it (PR_SET_PDEATHSIG).
  const patience = new AbortController()
  void parts.clock.delay(STOP_LIMIT_MS, patience.signal).then(() => {
    if (!patience.signal.aborted) signalIfRunning(before.parent, "SIGKILL")
  })
  try {
    return await awaitStart(parts, { mark, startedAt, limitMs: STOP_LIMIT_MS + (await parts.limitMs()) })
  } finally {
    patience.abort()
  }
}

interface Waiting {
  readonly mark: LogMark
  readonly startedAt: number
  readonly limitMs: number
  readonly begunEarlier?: (lines: readonly string[]) => Promise<Earlier | null>
}

/** A keepalived that the supervisor had started before the request. */
interface Earlier {
  readonly kind: "earlier"
  readonly running: RunningKeepalived
}

async function awaitStart(parts: Parts, { mark, startedAt, limitMs, begunEarlier }: Waiting): Promise<ReloadVerdict> {
  const verdict = await parts.log.waitFor<LogVerdict | Earlier>({
    mark,
    deadlineMs: limitMs,
    judge: async (lines) => (await begunEarlier?.(lines)) ?? decided(startVerdict(lines)),
  })
  if (verdict === null) {
    return failed(
      parts,
      mark,
      `no "Startup complete" within ${seconds(limitMs)}; s6 says: ${await parts.supervisor.status()}`,
    )
  }
  if (verdict.kind === "failed") return failed(parts, mark, verdict.reason)
  if (verdict.kind === "earlier") return reload(parts, verdict.running)
  const now = runningKeepalived(parts.files)
  if (now === null) return failed(parts, mark, "keepalived ended right after its start")
  parts.readiness.note(now.parent)
  return acknowledged(parts, startedAt)
}

/** Its first lines are older than the mark, and it may have read an older file than the live one: it must read that again. */
async function earlierStart(parts: Parts, lines: readonly string[]): Promise<Earlier | null> {
  const running = runningKeepalived(parts.files)
  if (running === null || tellsOfStart(lines)) return null
  return (await parts.readiness.stateOf(running)) === "complete" ? { kind: "earlier", running } : null
}

async function reload(parts: Parts, target: RunningKeepalived): Promise<ReloadVerdict> {
  const startedAt = parts.clock.now()
  const limitMs = await parts.limitMs()
  let mark: LogMark
  let checker: ProcessIdentity | null
  do {
    checker = await awaitChecker(parts, target)
    const early = await parts.readiness.awaitReady(target)
    mark = await parts.log.mark()
    if (early !== null) return failed(parts, mark, early)
    // Check again after the wait: the pid may belong to another process now, and the checker may be dead.
    if (!isRunning(target.parent)) return failed(parts, mark, ENDED)
  } while (checker !== null && !isRunning(checker))
  process.kill(target.parent.pid, "SIGHUP")
  const verdict = await parts.log.waitFor({
    mark,
    deadlineMs: limitMs,
    judge: (lines) => decided(reloadVerdict(lines)) ?? (isRunning(target.parent) ? null : ended),
  })
  // The log has the cause of the failure: the next reload looks there before it signals.
  if (verdict?.kind !== "complete") parts.readiness.forget()
  if (verdict === null) return failed(parts, mark, `no "Reload complete" within ${seconds(limitMs)}`)
  if (verdict.kind === "failed") return failed(parts, mark, verdict.reason)
  const now = runningKeepalived(parts.files)
  if (now === null || !isSame(now.parent, target.parent)) return failed(parts, mark, ENDED)
  if (target.vrrp !== null && !isSame(now.vrrp, target.vrrp)) {
    return failed(parts, mark, "the VRRP child of keepalived was replaced")
  }
  return acknowledged(parts, startedAt)
}

/**
 * The checker that runs now. Waits for it if one has died: the log says so, or it existed a moment ago. Null if there is none,
 * or when the time is over: the reload then signals anyway, because two checkers do less harm than no change at all.
 */
async function awaitChecker(parts: Parts, target: RunningKeepalived): Promise<ProcessIdentity | null> {
  for (let waitedMs = 0; waitedMs < LONGEST_RESPAWN_MS; waitedMs += POLL_MS) {
    const now = runningKeepalived(parts.files)
    if (now === null || now.checker !== null) return now?.checker ?? null
    if (target.checker === null && !isCheckerDue(await parts.log.since(null))) return null
    await parts.clock.delay(POLL_MS)
  }
  return null
}

/** Time limit: keepalived delays the restart after the fifth death in a row by 16 s. */
const LONGEST_RESPAWN_MS = 20_000

const ended: LogVerdict = { kind: "failed", reason: ENDED }

async function advertsHeard(parts: Parts, { parent, vrrp }: RunningKeepalived): ReturnType<Keepalived["advertsHeard"]> {
  const now = runningKeepalived(parts.files)
  if (now === null || vrrp === null || !isSame(now.parent, parent) || !isSame(now.vrrp, vrrp)) return null
  // A signal before its handlers exist would end it.
  if (!(await parts.readiness.isReady(now))) return null
  return askForAdverts(parts.runDirectory, parts.clock, () => signalIfRunning(vrrp, "SIGUSR2"))
}

async function respawnChecker({ files, clock }: Parts, target: RunningKeepalived): Promise<void> {
  const { checker, parent } = target
  if (checker === null) return
  signalIfRunning(checker, "SIGKILL")
  const deadline = clock.now() + RESPAWN_LIMIT_MS
  for (;;) {
    const now = runningKeepalived(files)
    if (now !== null && now.checker !== null && !isSame(now.checker, checker)) return
    if (now === null || !isSame(now.parent, parent)) throw new Error(`Cannot respawn the checker child: ${ENDED}`)
    if (clock.now() >= deadline) {
      throw new Error(
        `Cannot respawn the checker child: keepalived started no other within ${seconds(RESPAWN_LIMIT_MS)}`,
      )
    }
    await clock.delay(POLL_MS)
  }
}

function decided(verdict: LogVerdict): LogVerdict | null {
  return verdict.kind === "pending" ? null : verdict
}

function acknowledged({ clock }: Parts, startedAt: number): ReloadVerdict {
  return { kind: "acknowledged", tookMs: clock.now() - startedAt }
}

async function failed(parts: Parts, mark: LogMark, reason: string): Promise<ReloadVerdict> {
  const lines = await parts.log.since(mark)
  return { kind: "failed", reason, log: lines.slice(-MOST_LOG_LINES).map(messageOf) }
}
