import { faultText } from "../../kit/fault.ts"
import { compare, type Problem } from "../../kit/problem.ts"
import type { StandingCode } from "../problem-codes.ts"

/** A fault of the environment that persists: it occurred, and no success has ended it. */
export interface StandingFault {
  /** What failed, such as `firewall` or `record archive`. Raising it again renews the fault; a success clears it. */
  readonly key: string
  readonly code: StandingCode
  /** What failed, why, and what to do about it. */
  readonly message: string
  /** When it first occurred. */
  readonly since: Date
}

export interface StandingFaults {
  /** Reports that `key` has failed. The time of the first failure stays, the newest message counts. */
  raise(key: string, fault: Pick<StandingFault, "code" | "message">): void
  /** Reports that `key` works. Does nothing if it never failed. */
  clear(key: string): void
  /** In the order of the keys. */
  standing(): readonly StandingFault[]
}

export interface FaultListeners {
  /** Called once for each fault that begins. */
  readonly raised: (fault: StandingFault) => void
  /** Called once for each fault that ends. */
  readonly cleared: (fault: StandingFault) => void
  /** Called for every change of `standing()`. */
  readonly onChange: () => void
}

/**
 * The register of faults that persist. Brief faults are counted elsewhere; a fault in this register is shown by the
 * status, the metrics and the log until its own success clears it.
 */
export function createStandingFaults(now: () => Date, listeners: FaultListeners): StandingFaults {
  const faults = new Map<string, StandingFault>()
  return {
    raise: (key, { code, message }) => {
      const before = faults.get(key)
      if (before?.code === code && before.message === message) return
      const isNew = before?.code !== code
      const fault = { key, code, message, since: isNew ? now() : before.since }
      faults.set(key, fault)
      if (isNew && before !== undefined) listeners.cleared(before)
      if (isNew) listeners.raised(fault)
      listeners.onChange()
    },
    clear: (key) => {
      const before = faults.get(key)
      if (before === undefined) return
      faults.delete(key)
      listeners.cleared(before)
      listeners.onChange()
    },
    standing: () => [...faults.values()].sort((a, b) => compare(a.key, b.key)),
  }
}

/** What is attempted, and the name of its failure. */
export interface Attempted {
  readonly key: string
  readonly code: StandingCode
  /** Follows "Cannot ": `apply the newest generation`. */
  readonly what: string
}

/** Does the work. Its failure persists until it succeeds. @throws what the work throws. */
export async function standsUntilDone<T>(
  { raise, clear }: Pick<StandingFaults, "raise" | "clear">,
  { key, code, what }: Attempted,
  work: () => Promise<T>,
): Promise<T> {
  try {
    const done = await work()
    clear(key)
    return done
  } catch (error) {
    raise(key, { code, message: `Cannot ${what}: ${stableText(error)}` })
    throw error
  }
}

/** Reports how each attempt ended: null for success, or the error. */
export function heardBy(
  { raise, clear }: Pick<StandingFaults, "raise" | "clear">,
  { key, code, what }: Attempted,
): (error: unknown) => void {
  return (error) =>
    error === null ? clear(key) : raise(key, { code, message: `Cannot ${what}: ${stableText(error)}` })
}

/** A fault in one line that is the same each time: omits the random part of a temporary file's name (kit/atomic-file.ts). */
export function stableText(error: unknown): string {
  return faultText(error).replaceAll(/\.(\S+)\.[0-9a-f]{12}\b/g, "$1")
}

/** A fault as the status shows it. */
export function faultProblem({ key, code, message, since }: StandingFault): Problem<StandingCode> {
  const time = since.toISOString().replace(/\.\d+Z$/, "Z")
  return { code, severity: "error", path: [key], place: null, message: `${message} (since ${time})` }
}
