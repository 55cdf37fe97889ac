import { CommanderError } from "commander"

import { faultText } from "../kit/fault.ts"
import type { Screen } from "./screen.ts"

/** The exit status of all commands; stable. */
export const EXIT = {
  /** Done, or the answer is good. */
  good: 0,
  /** The answer is no: problems found, files differ, not healthy. */
  no: 1,
  /** The command line is not valid. */
  usage: 2,
  /** A fault prevented the command. */
  fault: 3,
} as const

/** The command line asks for something impossible: the command ends with status 2. */
export class UsageError extends Error {
  override readonly name = "UsageError"
}

/**
 * The exit status of a program that ended with an error, which it prints; commander has already printed its own.
 *
 * @param name Begins each line. @param isFault Whether an error is a fault of the environment.
 * @throws Bugs: a TypeError and similar errors.
 */
export function statusAfter(error: unknown, name: string, { err }: Pick<Screen, "err">, isFault = isPlain): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.good : EXIT.usage
  if (error instanceof UsageError) {
    for (const line of error.message.split("\n")) err(`${name}: ${line}\n`)
    return EXIT.usage
  }
  if (!isFault(error)) throw error
  err(`${name}: ${faultText(error)}\n`)
  return EXIT.fault
}

/** A plain Error is a fault of the environment. */
function isPlain(error: unknown): boolean {
  return error instanceof Error && error.constructor === Error
}
