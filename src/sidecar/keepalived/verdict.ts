/** What keepalived's log says about a start or a reload. */
export type LogVerdict =
  | { readonly kind: "complete" }
  | { readonly kind: "failed"; readonly reason: string }
  /** Not complete yet, or not begun. */
  | { readonly kind: "pending" }

/** The progress of a process, from its log. */
export type StartState =
  | "starting"
  | "complete"
  /** It refused a reload as a whole. Measured on 2.2.7 and 2.3.3: from then on it misreads every file, also a good one. */
  | "spoiled"
  /** The log does not contain it. */
  | "unknown"

const STARTING = /^Starting Keepalived v/
const STARTED = /^Startup complete$/
const RELOADING = /^Reloading \.\.\.$/
const RELOADED = /^Reload complete$/
const UNCHANGEABLE = /^Cannot change .* at a reload/

/**
 * Lines that mean that keepalived did not accept the configuration as written, and the reason for each. `Reload complete`
 * follows some of them anyway: measured, keepalived continues with the part that it understood.
 * Source: keepalived, lib/parser.c, core/main.c, check/ipwrapper.c; log lines of 2.2.7 and 2.3.3.
 */
const NEGATIVE: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [UNCHANGEABLE, "keepalived must be restarted for this change"],
  [/exited with permanent error/, "a child of keepalived ended for good"],
  [/^daemon is already running/, "another keepalived runs here, or a stale pid file says so"],
  [/segmentation fault/i, "a child of keepalived crashed"],
  [/ died: Respawning/, "a child of keepalived died"],
  [/^Stopped Keepalived v/, "keepalived ended"],
  [/^\((?:.+: )?Line \d+\) /, "keepalived does not understand the file"],
  [/^Unknown keyword /, "keepalived does not understand the file"],
  [/missing '\}'s or extra '\{'s/, "keepalived does not understand the file"],
  [
    /^Configuration file .* (?:is a directory|cannot be opened)|^Config files? missing/,
    "keepalived cannot read the file",
  ],
  [/^IPVS: Can't initialize ipvs/, "the kernel has no IPVS"],
  [/^IPVS cmd .* error: (?!.*(?:already exists|No such|not defined))/, "the kernel refused an IPVS command"],
]

/** Judges the lines since SIGHUP was sent. */
export function reloadVerdict(lines: readonly string[]): LogVerdict {
  const texts = lines.map(messageOf)
  const failed = negativeSign(texts)
  if (failed !== null) return failed
  // An earlier reload may have ended only now: the relevant end comes after a beginning.
  const begun = texts.findIndex((text) => RELOADING.test(text))
  return begun >= 0 && texts.some((text, i) => i > begun && RELOADED.test(text))
    ? { kind: "complete" }
    : { kind: "pending" }
}

/** Judges the lines since the start was requested; the last lines of an earlier process do not count. */
export function startVerdict(lines: readonly string[]): LogVerdict {
  const texts = lines.map(messageOf)
  const begin = texts.findIndex((text) => STARTING.test(text))
  if (begin < 0) return { kind: "pending" }
  const since = texts.slice(begin)
  const failed = negativeSign(since)
  if (failed !== null) return failed
  // The supervisor started it again, so there was a crash that left no line.
  if (since.filter((text) => STARTING.test(text)).length > 1)
    return { kind: "failed", reason: "keepalived ended at its start" }
  return since.some((text) => STARTED.test(text)) ? { kind: "complete" } : { kind: "pending" }
}

/**
 * Whether the checker has died and its successor has not started yet: keepalived delays that by 0, 1, 2, 4 … seconds when it
 * dies often. A SIGHUP meanwhile would start one as well, and both would stay (measured, 2.2.7).
 */
export function isCheckerDue(lines: readonly string[]): boolean {
  const texts = lines.map(messageOf)
  const died = texts.findLastIndex((text) => CHECKER_DIED.test(text))
  return died >= 0 && !texts.slice(died).some((text) => CHECKER_STARTS.test(text))
}

const CHECKER_DIED = /^Healthcheck child process\(\d+\) died: Respawning$/
const CHECKER_STARTS = /^Starting Healthcheck child process, pid=\d+$/

/** Whether a start has begun within these lines. */
export function tellsOfStart(lines: readonly string[]): boolean {
  return lines.some((line) => STARTING.test(messageOf(line)))
}

/**
 * The progress of the process with this VRRP child. The log does not name the parent's pid, but it
 * names each child's pid, which shows whether its last start belongs to this process.
 */
export function startState(lines: readonly string[], vrrpPid: number | null): StartState {
  const texts = lines.map(messageOf)
  const begin = texts.findLastIndex((text) => STARTING.test(text))
  if (begin < 0 || vrrpPid === null) return "unknown"
  const life = texts.slice(begin)
  if (!life.some((text) => text === `Starting VRRP child process, pid=${vrrpPid}`)) return "unknown"
  if (life.some((text) => UNCHANGEABLE.test(text))) return "spoiled"
  return life.some((text) => STARTED.test(text)) ? "complete" : "starting"
}

/** Without the time that keepalived writes first: `Sun Nov 22 18:38:37 2026: message`. */
export function messageOf(line: string): string {
  return line.replace(/^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}: /, "")
}

function negativeSign(texts: readonly string[]): LogVerdict | null {
  for (const text of texts) {
    const sign = NEGATIVE.find(([pattern]) => pattern.test(text))
    if (sign !== undefined) return { kind: "failed", reason: `${sign[1]}: "${text}"` }
  }
  return null
}
