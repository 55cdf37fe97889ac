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
