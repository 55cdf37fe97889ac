import { packageVersion } from "../kit/files/package-file.ts"
import { ApiFault } from "../kubernetes/api-fault.ts"
import { EXIT, statusAfter } from "../terminal/exit-status.ts"
import { processScreen, type Screen, withNothingHidden } from "../terminal/screen.ts"
import { OUTSIDE, type Outside } from "./options.ts"
import { programFor } from "./program.ts"

/**
 * Runs a command of `kubectl kkv`, which reads the cluster, and runs commands on nodes.
 *
 * @param argv The words after `kkv plugin`, or after `kubectl kkv`.
 * @returns the exit status: 0 well, 1 not well or not known, 2 the command line is not valid, 3 a fault.
 * @throws bugs of kkv.
 */
export async function main(
  argv: readonly string[],
  own: Screen = processScreen(),
  outside: Outside = OUTSIDE,
): Promise<number> {
  const screen = withNothingHidden(own)
  if (argv[0] === "--version" || argv[0] === "version") {
    screen.out(`kubectl-kkv ${packageVersion()}\n`)
    return EXIT.good
  }
  let status: number = EXIT.good
  const interrupt = new AbortController()
  const end = () => interrupt.abort()
  process.once("SIGINT", end)
  const program = programFor({ screen, outside, ended: (ended) => (status = ended), signal: interrupt.signal })
  try {
    if (argv[0] === "__complete") {
      const { completionOf } = await import("./complete.ts")
      screen.out(await completionOf(argv.slice(1), program, outside))
      return EXIT.good
    }
    await program.parseAsync([...argv], { from: "user" })
    return status
  } catch (error) {
    return statusAfter(error, "kubectl kkv", screen, isFault)
  } finally {
    process.removeListener("SIGINT", end)
  }
}

/** A plain Error is a fault of the environment, an ApiFault one of the cluster; a TypeError and its like are bugs of kkv. */
function isFault(error: unknown): boolean {
  return error instanceof ApiFault || (error instanceof Error && error.constructor === Error)
}
