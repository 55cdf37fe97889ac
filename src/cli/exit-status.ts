/** How a command ends; stable, and the same for all of them. */
export const EXIT = {
  /** Done, or the answer is good. */
  good: 0,
  /** The answer is no: problems found, files differ, not healthy. */
  no: 1,
  /** The command line cannot be understood. */
  usage: 2,
  /** We could not do what was asked. */
  fault: 3,
} as const

/** The command line asks for something that cannot be: the command ends with status 2. */
export class UsageError extends Error {
  override readonly name = "UsageError"
}
