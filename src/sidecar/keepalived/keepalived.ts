import { stat } from "node:fs/promises"
import { join } from "node:path"
import { systemClock } from "../../kit/clock.ts"
import { faultCode } from "../../kit/fault.ts"
import { runCommand } from "../../kit/run-command.ts"
import type { Keepalived, ProcessIdentity, ReloadVerdict, RunningKeepalived } from "../ports.ts"
import { createConfigTest } from "./config-test.ts"
import { createProcessLog, type LogMark, type ProcessLog } from "./log.ts"
import { ageOf, isRunning, type PidFiles, runningKeepalived } from "./process.ts"
import { createSupervisor, type Supervisor, type SupervisorOptions } from "./supervisor.ts"
import {
  isCheckerDue,
  type LogVerdict,
  messageOf,
  reloadVerdict,
  type StartState,
  startState,
  startVerdict,
  tellsOfStart,
} from "./verdict.ts"

export interface KeepalivedOptions extends SupervisorOptions {
  /** Path of the program, for the config test and its version; the service's run script starts the same. */
  readonly program: string
  /** Where the service keeps its pid files and, in `log/`, its log: `/run/keepalived`. */
  readonly runDirectory: string
  /** The file that keepalived reads. */
  readonly liveFile: string
  /** Overrides the limit that follows from the live file's size, in ms. */
  readonly limitMs?: number
}

/** What all that follows works with. */
interface Parts {
  readonly files: PidFiles
  readonly log: ProcessLog
  readonly supervisor: Supervisor
  /** Ms that a start or a reload may take. */
  readonly limitMs: () => Promise<number>
  /** The parent that is known to have come through its start, and to take files. */
  started: ProcessIdentity | null
}

const ANSWER_LIMIT_MS = 10_000
/** Measured, 2.2.7 with a check for each of 10,000 real servers (1 MB): 20 s, 48 s on a busy machine; without checks 1 s. */
const ANSWER_LIMIT_MS_PER_MB = 40_000
/** After this time a start whose log is no longer kept is taken as over. */
const START_AGE_SECONDS = 5
/** A child younger than this may not have its signal handlers yet: SIGHUP would end it. */
const CHILD_AGE_SECONDS = 1
/** A keepalived that does not stop on SIGTERM for so long is killed: it gives its own children 5 s. */
const STOP_LIMIT_MS = 8_000
/** Measured: keepalived waits 0, 1, 2, 4, 8, 16 ... s before a respawn that follows another within a minute. */
const RESPAWN_LIMIT_MS = 20_000
const POLL_MS = 50
const MOST_LOG_LINES = 40

/** The keepalived of this node, which an s6 service runs beside us. */
export function createKeepalived(options: KeepalivedOptions): Keepalived {
  const parts: Parts = {
    files: {
      parent: join(options.runDirectory, "keepalived.pid"),
      checker: join(options.runDirectory, "checkers.pid"),
      vrrp: join(options.runDirectory, "vrrp.pid"),
    },
    log: createProcessLog(join(options.runDirectory, "log")),
    supervisor: createSupervisor(options),
    limitMs: async () =>
      options.limitMs ?? ANSWER_LIMIT_MS + (ANSWER_LIMIT_MS_PER_MB * (await sizeOf(options.liveFile))) / 1e6,
    started: null,
  }
  let version: Promise<string> | null = null
  return {
    version: () => (version ??= versionOf(options.program)),
    test: createConfigTest({ program: options.program }),
    running: () => Promise.resolve(runningKeepalived(parts.files)),
    start: () => start(parts),
    reload: (target) => reload(parts, target),
    restart: () => restart(parts),
    respawnChecker: (target) => respawnChecker(parts.files, target),
  }
}

async function versionOf(program: string): Promise<string> {
  const result = await runCommand(program, ["--version"], { timeoutMs: 5_000, maximumOutputBytes: 16_384 })
  const version = /^Keepalived v(\d+\.\d+\.\d+)/m.exec(result.stderr + result.stdout)?.[1]
  if (version !== undefined) return version
  throw new Error(`Cannot tell the version of "${program}": it printed "${result.stderr.trim().slice(0, 200)}"`)
}

async function start(parts: Parts): Promise<ReloadVerdict> {
  const startedAt = performance.now()
  const before = runningKeepalived(parts.files)
  const mark = await parts.log.mark()
  await parts.supervisor.up()
  if (before === null) {
    const limitMs = await parts.limitMs()
    return awaitStart(parts, { mark, startedAt, limitMs, begunEarlier: (lines) => earlierStart(parts, lines) })
  }
  const reason = await awaitStarted(parts, before)
  return reason === null ? acknowledged(startedAt) : failed(parts, mark, reason)
}

async function restart(parts: Parts): Promise<ReloadVerdict> {
  const startedAt = performance.now()
  const before = runningKeepalived(parts.files)
  if (before === null) return start(parts)
  const mark = await parts.log.mark()
  await parts.supervisor.restart()
  // A process that hangs must not keep a good file from being served; its children end with it (PR_SET_PDEATHSIG).
  const killer = setTimeout(() => killIfRunning(before.parent), STOP_LIMIT_MS)
  try {
    return await awaitStart(parts, { mark, startedAt, limitMs: STOP_LIMIT_MS + (await parts.limitMs()) })
  } finally {
    clearTimeout(killer)
  }
}

interface Waiting {
  readonly mark: LogMark
  readonly startedAt: number
  readonly limitMs: number
  readonly begunEarlier?: (lines: readonly string[]) => Promise<Earlier | null>
}

/** A keepalived whose start the supervisor had begun before it was asked to. */
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
  parts.started = now.parent
  return acknowledged(startedAt)
}

/** Its first lines are older than the mark, and what it has read may be older than the live file: it must read that again. */
async function earlierStart(parts: Parts, lines: readonly string[]): Promise<Earlier | null> {
  const running = runningKeepalived(parts.files)
  if (running === null || tellsOfStart(lines)) return null
  return (await stateOf(parts, running)) === "complete" ? { kind: "earlier", running } : null
}

async function reload(parts: Parts, target: RunningKeepalived): Promise<ReloadVerdict> {
  const startedAt = performance.now()
  await awaitChecker(parts)
  const early = await awaitStarted(parts, target)
  const mark = await parts.log.mark()
  if (early !== null) return failed(parts, mark, early)
  const limitMs = await parts.limitMs()
  // Once more, because waiting takes time: the pid may be another's by now.
  if (!isRunning(target.parent)) return failed(parts, mark, ENDED)
  process.kill(target.parent.pid, "SIGHUP")
  const verdict = await parts.log.waitFor({
    mark,
    deadlineMs: limitMs,
    judge: (lines) => decided(reloadVerdict(lines)) ?? (isRunning(target.parent) ? null : ended),
  })
  // What made it fail stands in the log: the next reload looks there before it signals.
  if (verdict?.kind !== "complete") parts.started = null
  if (verdict === null) return failed(parts, mark, `no "Reload complete" within ${seconds(limitMs)}`)
  if (verdict.kind === "failed") return failed(parts, mark, verdict.reason)
  const now = runningKeepalived(parts.files)
  if (now === null || !isSame(now.parent, target.parent)) return failed(parts, mark, ENDED)
  if (target.vrrp !== null && !isSame(now.vrrp, target.vrrp)) {
    return failed(parts, mark, "the VRRP child of keepalived was replaced")
  }
  return acknowledged(startedAt)
}

/** When the time is over it may be signalled all the same: two checkers do less harm than no change at all. */
async function awaitChecker(parts: Parts): Promise<void> {
  for (let waitedMs = 0; waitedMs < LONGEST_RESPAWN_MS; waitedMs += POLL_MS) {
    if (runningKeepalived(parts.files)?.checker !== null || !isCheckerDue(await parts.log.since(null))) return
    await systemClock.delay(POLL_MS)
  }
}

/** The fifth death in a row puts the next life off by 16 s. */
const LONGEST_RESPAWN_MS = 20_000

const ENDED = "keepalived does not run any more"
const ended: LogVerdict = { kind: "failed", reason: ENDED }

/**
 * Waits until SIGHUP can no longer kill keepalived: before its start is complete it does (measured: at once, on 2.2.7 and
 * 2.3.3). Null, or why it never came so far.
 */
async function awaitStarted(parts: Parts, target: RunningKeepalived): Promise<string | null> {
  const limitMs = await parts.limitMs()
  const deadline = performance.now() + limitMs
  for (;;) {
    const now = runningKeepalived(parts.files)
    if (now === null || !isSame(now.parent, target.parent)) return ENDED
    const state = await stateOf(parts, now)
    if (state === "spoiled")
      return "keepalived must be restarted: it refused an earlier file, and misreads every one since"
    if (state === "complete" && childrenAreOfAge(now)) {
      parts.started = now.parent
      return null
    }
    if (performance.now() >= deadline) return `keepalived did not come through its start within ${seconds(limitMs)}`
    await systemClock.delay(POLL_MS)
  }
}

async function stateOf(parts: Parts, now: RunningKeepalived): Promise<StartState> {
  if (isSame(parts.started, now.parent)) return "complete"
  const state = startState(await parts.log.since(null), now.vrrp?.pid ?? null)
  // The log of a process that has run for long may have been rotated away.
  return state === "unknown" && ageOf(now.parent) > START_AGE_SECONDS ? "complete" : state
}

function childrenAreOfAge(now: RunningKeepalived): boolean {
  if (now.vrrp === null) return false
  const parentAge = ageOf(now.parent)
  const ages = [now.vrrp, now.checker].filter((child) => child !== null).map(ageOf)
  // Children that were born with their parent have come through its start; one that was respawned is on its own.
  return ages.every((age) => age > CHILD_AGE_SECONDS || parentAge - age < CHILD_AGE_SECONDS)
}

async function respawnChecker(files: PidFiles, target: RunningKeepalived): Promise<void> {
  const { checker, parent } = target
  if (checker === null) return
  killIfRunning(checker)
  const deadline = performance.now() + RESPAWN_LIMIT_MS
  for (;;) {
    const now = runningKeepalived(files)
    if (now !== null && now.checker !== null && !isSame(now.checker, checker)) return
    if (now === null || !isSame(now.parent, parent)) throw new Error(`Cannot respawn the checker child: ${ENDED}`)
    if (performance.now() >= deadline) {
      throw new Error(
        `Cannot respawn the checker child: keepalived started no other within ${seconds(RESPAWN_LIMIT_MS)}`,
      )
    }
    await systemClock.delay(POLL_MS)
  }
}

function killIfRunning(identity: ProcessIdentity): void {
  if (!isRunning(identity)) return
  try {
    process.kill(identity.pid, "SIGKILL")
  } catch (error) {
    if (faultCode(error) !== "ESRCH") throw error
  }
}

function isSame(a: ProcessIdentity | null, b: ProcessIdentity): boolean {
  return a !== null && a.pid === b.pid && a.startTime === b.startTime
}

function decided(verdict: LogVerdict): LogVerdict | null {
  return verdict.kind === "pending" ? null : verdict
}

function acknowledged(startedAt: number): ReloadVerdict {
  return { kind: "acknowledged", tookMs: performance.now() - startedAt }
}

async function failed(parts: Parts, mark: LogMark, reason: string): Promise<ReloadVerdict> {
  const lines = await parts.log.since(mark)
  return { kind: "failed", reason, log: lines.slice(-MOST_LOG_LINES).map(messageOf) }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size
  } catch (error) {
    if (faultCode(error) === "ENOENT") return 0
    throw error
  }
}
