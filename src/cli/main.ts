import { VARIABLE_PREFIX, VARIABLES } from "../contract/variables.ts"
import { MODEL_FLAGS } from "../core/model/flags.ts"
import { unknownVariables } from "../kit/process/variables.ts"
import { EXIT, statusAfter, UsageError } from "../terminal/exit-status.ts"
import { programFor } from "./program.ts"
import { processTerminal, type Terminal, visibleTerminal } from "./output/terminal.ts"

/**
 * Runs a command of kkv that works from files alone.
 *
 * @param argv The words after `kkv`.
 * @returns the exit status: 0 good, 1 the answer is no, 2 the command line is not valid, 3 a fault.
 * @throws bugs of kkv.
 */
export async function main(argv: readonly string[], own: Terminal = processTerminal()): Promise<number> {
  const terminal = visibleTerminal(own)
  let status: number = EXIT.good
  const program = programFor(terminal, (ended) => {
    status = ended
  })
  try {
    const unknown = unknownVariables(process.env, { prefix: VARIABLE_PREFIX, known: VARIABLES })
    if (unknown.length > 0) throw new UsageError(unknown.join("\n"))
    await program.parseAsync(wordsOf(argv), { from: "user" })
    return status
  } catch (error) {
    return statusAfter(error, "kkv", terminal)
  }
}

/**
 * The words as commander expects them: `--version` becomes a command, and a switch may be written as
 * in release 0.35 and other Go programs, `--use-unicast=true`.
 */
function wordsOf(argv: readonly string[]): string[] {
  if (argv[0] === "--version" || argv[0] === "-V") return ["version", ...argv.slice(1)]
  return argv.flatMap((word) => {
    const [, flag, value] = /^(--[a-z-]+)=(true|false)$/.exec(word) ?? []
    if (!SWITCHES.has(flag ?? "")) return word
    return value === "true" ? (flag ?? []) : []
  })
}

const SWITCHES: ReadonlySet<string> = new Set(
  Object.values(MODEL_FLAGS).flatMap(({ flag, value }) => (value === null ? flag : [])),
)
