import type { CommandResult } from "../../kit/process/run-command.ts"

/** A fault of the environment: a program of this host failed. */
export function programFault(what: string, program: string, result: CommandResult): Error {
  const ending = result.timedOut ? "did not end in time" : `ended with ${result.status ?? result.signal}`
  return new Error(`${what}: "${program}" ${ending}: ${result.stderr.trim() || "it printed nothing"}`)
}
