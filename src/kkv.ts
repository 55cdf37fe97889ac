import { faultCode, faultText } from "./kit/fault.ts"
import { nodeVersionObjection } from "./kit/process/node-version.ts"
import { standardError } from "./kit/process/output.ts"

/** Exit status of a fault: we could not do what was asked. */
const FAULT = 3

/** What each program exports: takes the words after its name, gives the exit status. */
type Main = (argv: readonly string[]) => Promise<number>

// Who may read and write what we make is decided here, not by the program that starts us.
process.umask(0o022)

// A reader that has seen enough (`kkv validate | head`) is not a fault, and the answer stays the same; a full disk is a fault.
process.stdout.on("error", (error) => {
  if (faultCode(error) === "EPIPE") return
  end(new Error("Cannot write to standard output", { cause: error }))
})

// Node's own words on these would wait for a reader of standard error, and with them the whole process.
process.on("uncaughtException", end)
process.removeAllListeners("warning").on("warning", (warning) => standardError().write(`kkv: ${warning.message}\n`))

try {
  process.exitCode = await kkv(process.argv.slice(2))
} catch (error) {
  end(error)
}

async function kkv(argv: readonly string[]): Promise<number> {
  const objection = nodeVersionObjection()
  if (objection !== null) throw new Error(objection)
  const [program, words] = await choose(argv)
  return program(words)
}

/** Says why, and ends the process whatever it still has open: a program that could not start must not go on by half. */
function end(error: unknown): never {
  standardError().write(`kkv: ${isBug(error) ? (error.stack ?? error.message) : faultText(error)}\n`)
  process.exit(FAULT)
}

/** Loads only the program that was asked for: each has packages that the others do without. */
async function choose(argv: readonly string[]): Promise<[program: Main, words: readonly string[]]> {
  switch (argv[0]) {
    case "sync":
      return [await loadSync(), argv.slice(1)]
    case "sidecar":
      return [(await import("./sidecar/main.ts")).main, argv.slice(1)]
    case "doctor":
      return [(await import("./sidecar/main.ts")).main, argv]
    case "plugin":
      return [(await import("./plugin/main.ts")).main, argv.slice(1)]
    default:
      process.once("SIGINT", () => end(new Error("Interrupted")))
      return [(await import("./cli/main.ts")).main, argv]
  }
}

/** In a container it is PID 1, for which a signal without a handler does not exist: it has one while its program loads, too. */
async function loadSync(): Promise<Main> {
  let isLoading = true
  // It stays: to take the last listener away would lose what has arrived and was not told yet.
  process.once("SIGTERM", () => {
    if (isLoading) process.exit(0)
  })
  const { main } = await import("./sync/main.ts")
  isLoading = false
  return main
}

/** A fault is thrown as a plain Error by us or by Node; a TypeError and its like are ours to mend and need their stack. */
function isBug(error: unknown): error is Error {
  return error instanceof Error && error.constructor !== Error
}
