/**
 * Which room of src/ may import what: the dependency rule of CONTRIBUTING.md as a table.
 *
 * `files` and `may` are patterns over paths below src/: `*` stands for a file name, `**` for anything. In `may` there
 * are packages too, and Node's own modules: `node:*` for all of them, `node:net#isIP` for one name of one module.
 * A file always may import from its own room. Of several rooms that match a file, the first counts.
 */
export interface Room {
  readonly name: string
  readonly files: readonly string[]
  readonly may: readonly string[]
  /** What only types may be taken from: such a room is handed the values by its caller. Elsewhere types count as values do. */
  readonly mayTypes?: readonly string[]
  /** No effect, no clock, no chance: equal input gives equal output. */
  readonly pure: boolean
  /** Time, date and chance are parameters: a test gives them, and waits for nothing. */
  readonly givenTime?: true
}

/** What a pure room may take from the kit. */
export const pureKit = ["kit/*.ts", "kit/text/**"]

/** Whether a path (or the name of a package) fits a pattern of the table. */
export function fits(pattern: string, path: string): boolean {
  const expression = pattern
    .split("**")
    .map((part) => part.split("*").map(escaped).join("[^/]*"))
    .join(".*")
  return new RegExp(`^${expression}$`).test(path)
}

function escaped(text: string): string {
  return text.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`)
}
