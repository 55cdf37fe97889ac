import { readFileSync } from "node:fs"
import { join } from "node:path"
import { faultCode } from "../../kit/fault.ts"
import { uptimeSeconds } from "../../kit/time/uptime.ts"
import type { ProcessIdentity, RunningKeepalived } from "../ports.ts"

/** Where keepalived writes its pids: `--pid`, `--checkers_pid` and `--vrrp_pid`. */
export interface PidFiles {
  readonly parent: string
  readonly checker: string
  readonly vrrp: string
}

/** The pid files in this directory of the service. */
export function pidFilesIn(runDirectory: string): PidFiles {
  return {
    parent: join(runDirectory, "keepalived.pid"),
    checker: join(runDirectory, "checkers.pid"),
    vrrp: join(runDirectory, "vrrp.pid"),
  }
}

/** The fields of /proc/<pid>/stat that matter here. Source: proc_pid_stat(5). */
export interface ProcessStat {
  readonly pid: number
  readonly name: string
  /** One letter: R running, S sleeping, Z zombie ... */
  readonly state: string
  readonly parentPid: number
  readonly startTime: string
}

const PROGRAM = "keepalived"
/** The kernel reports times to programs in 1/100 s on all machines. Source: time(7), USER_HZ. */
const TICKS_PER_SECOND = 100

/**
 * The running keepalived, or null. A pid file is only a starting point: the process must live, its name must be
 * keepalived, and its children must be its own.
 */
export function runningKeepalived(files: PidFiles): RunningKeepalived | null {
  const parent = processOf(files.parent)
  if (parent === null) return null
  const childOf = (file: string) => {
    const child = processOf(file)
    return child === null || child.parentPid !== parent.pid ? null : identityOf(child)
  }
  return { parent: identityOf(parent), checker: childOf(files.checker), vrrp: childOf(files.vrrp) }
}

/** True while this very process runs. A zombie does not count, nor another process with its pid. */
export function isRunning(identity: ProcessIdentity): boolean {
  const stat = readStat(identity.pid)
  return stat !== null && isAlive(stat) && stat.startTime === identity.startTime
}

/** True if both are one process: a pid may be reused, its start time may not. */
export function isSame(a: ProcessIdentity | null, b: ProcessIdentity): boolean {
  return a !== null && a.pid === b.pid && a.startTime === b.startTime
}

/** Seconds since the process began, by the clock of startTime; exact to 10 ms. */
export function ageOf(identity: ProcessIdentity): number {
  return uptimeSeconds() - Number(identity.startTime) / TICKS_PER_SECOND
}

/** @returns null if the text is not such a line. */
export function parseStat(text: string): ProcessStat | null {
  // The name is in parentheses, and may itself contain spaces and parentheses: the last one closes it.
  const match = /^(\d+) \((.*)\) (\S) (.*)$/s.exec(text)
  if (match === null) return null
  const [, pid = "", name = "", state = "", rest = ""] = match
  const fields = rest.trim().split(" ")
  // The first field of the rest is the 4th of the line; the start time is the 22nd.
  const [parentPid, startTime] = [fields[0], fields[18]]
  if (parentPid === undefined || startTime === undefined) return null
  return { pid: Number(pid), name, state, parentPid: Number(parentPid), startTime }
}

function processOf(pidFile: string): ProcessStat | null {
  const text = readOptional(pidFile)
  const pid = Number.parseInt(text ?? "", 10)
  if (!Number.isInteger(pid) || pid <= 0) return null
  const stat = readStat(pid)
  return stat !== null && isAlive(stat) && stat.name === PROGRAM ? stat : null
}

function readStat(pid: number): ProcessStat | null {
  const text = readOptional(`/proc/${pid}/stat`)
  return text === null ? null : parseStat(text)
}

function isAlive(stat: ProcessStat): boolean {
  return stat.state !== "Z" && stat.state !== "X"
}

function identityOf({ pid, startTime }: ProcessStat): ProcessIdentity {
  return { pid, startTime }
}

/** Synchronous: these files are a short line each, and many turns of the event loop would separate look and SIGHUP otherwise. */
function readOptional(path: string): string | null {
  try {
    return readFileSync(path, "utf8")
  } catch (error) {
    // ESRCH: the process ended between open and read.
    if (faultCode(error) === "ENOENT" || faultCode(error) === "ESRCH") return null
    throw new Error(`Cannot read "${path}"`, { cause: error })
  }
}

export function signalIfRunning(identity: ProcessIdentity, signal: NodeJS.Signals | number): void {
  if (!isRunning(identity)) return
  try {
    process.kill(identity.pid, signal)
  } catch (error) {
    if (faultCode(error) !== "ESRCH") throw error
  }
}
