import { faultCode, faultText } from "./kit/fault.ts"
import { nodeVersionObjection } from "./kit/node-version.ts"

/** Exit status of a fault: we could not do what was asked. */
const FAULT = 3

/** What each program exports: takes the words after its name, gives the exit status. */
type Main = (argv: readonly string[]) => Promise<number>

// Who may read and write what we make is decided here, not by whoever starts us.
process.umask(0o022)

// A reader that has seen enough (`kkv render | head`) is no fault.
process.stdout.on("error", (error) => {
  if (faultCode(error) === "EPIPE") process.exit(0)
  throw error
})

process.exitCode = await kkv(process.argv.slice(2))

async function kkv(argv: readonly string[]): Promise<number> {
  const objection = nodeVersionObjection()
  if (objection !== null) return fault(objection)
  try {
    const [program, words] = await choose(argv)
    return await program(words)
  } catch (error) {
    return fault(isBug(error) ? (error.stack ?? error.message) : faultText(error))
  }
}

/** Loads only the program that was asked for: each has packages that the others do without. */
async function choose(argv: readonly string[]): Promise<[program: Main, words: readonly string[]]> {
  switch (argv[0]) {
    case "sync":
      return [(await import("./sync/main.ts")).main, argv.slice(1)]
    case "sidecar":
      return [(await import("./sidecar/main.ts")).main, argv.slice(1)]
    default:
      return [(await import("./cli/main.ts")).main, argv]
  }
}

/** A fault is thrown as a plain Error by us or by Node; a TypeError and its like are ours to mend and need their stack. */
function isBug(error: unknown): error is Error {
  return error instanceof Error && error.constructor !== Error
}

function fault(text: string): number {
  process.stderr.write(`kkv: ${text}\n`)
  return FAULT
}
