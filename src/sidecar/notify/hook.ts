import { runCommand } from "../../kit/process/run-command.ts"

/** What the program of `--notify` is told: its last four words in keepalived.conf(5), `notify`. */
export interface Told {
  /** Name of the VRRP instance. */
  readonly instance: string
  readonly state: "MASTER" | "BACKUP" | "FAULT"
  /** 1 to 254. */
  readonly priority: number
}

/** How a call ended. `output` is one text of what the program printed, shortened. */
export type HookResult =
  | { readonly kind: "done"; readonly output: string; readonly ms: number }
  | { readonly kind: "failed" | "timed-out"; readonly why: string; readonly output: string; readonly ms: number }

export type Hook = (told: Told) => Promise<HookResult>

export interface HookOptions {
  /** Absolute path of the program. */
  readonly program: string
  /** Time after which it gets SIGTERM, and 2 s later SIGKILL, in ms. */
  readonly limitMs: number
  /** Its environment, apart from PATH. */
  readonly environment: Readonly<Record<string, string>>
  /** The user and group to call it as; null if this process is not root, and so has no other choice. */
  readonly user: number | null
}

/** The user that owns no file. */
export const NOBODY = 65_534

/**
 * Calls a program without our privileges: as another user, without capabilities, and without a way to get any. setpriv(1) of
 * util-linux gives the privileges up, and timeout(1) of coreutils ends the program: root without CAP_KILL cannot end another
 * user's processes. If this process dies, so does the program, so that two never run at a time.
 */
export function createHook({ program, limitMs, environment, user }: HookOptions): Hook {
  const identity = user === null ? [] : [`--reuid=${user}`, `--regid=${user}`, "--clear-groups"]
  const seconds = Math.max(1, Math.ceil(limitMs / 1_000))
  const words = [
    ...[...identity, "--inh-caps=-all", "--ambient-caps=-all", "--no-new-privs", "--pdeathsig=TERM", "--"],
    ...["timeout", `--kill-after=${KILL_AFTER_S}`, String(seconds), program],
  ]
  const limits = { timeoutMs: (seconds + 2 * KILL_AFTER_S) * 1_000, maximumOutputBytes: 64 * 1024, environment }
  return async ({ instance, state, priority }) => {
    const all = [...words, "INSTANCE", instance, state, String(priority)]
    const result = await runCommand("setpriv", all, limits)
    const output = `${result.stdout}${result.stderr}`.trim().slice(0, LONGEST_OUTPUT)
    const about = { output, ms: Math.round(result.tookMs) }
    if (result.status === 0) return { kind: "done", ...about }
    const isLate = result.tookMs >= seconds * 1_000 && result.signal === "SIGKILL"
    if (result.timedOut || isLate || result.status === STOPPED)
      return { kind: "timed-out", why: `it did not end within ${seconds} s`, ...about }
    return { kind: "failed", why: whyOf(result), ...about }
  }
}

const KILL_AFTER_S = 2
const LONGEST_OUTPUT = 4_000
/** Of timeout(1): SIGTERM has ended the program. Where it needs SIGKILL, timeout(1) ends by that itself. */
const STOPPED = 124

function whyOf({ status, signal, stderr }: { status: number | null; signal: string | null; stderr: string }): string {
  if (/^setpriv: .*Operation not permitted/m.test(stderr))
    return "this container must not change the user: give the sidecar the capabilities SETUID and SETGID (components/notify)"
  if (status === 127) return "there is no such program in this container, or its first line names one that is not there"
  if (status === 126) return "user 65534 must not execute it: set its mode to 0555"
  return status === null ? `${signal ?? "a signal"} ended it` : `it ended with status ${status}`
}
