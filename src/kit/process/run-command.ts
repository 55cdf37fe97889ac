import { type ChildProcess, spawn } from "node:child_process"
import { StringDecoder } from "node:string_decoder"
import { faultCode } from "../fault.ts"

export interface RunCommandOptions {
  /** Time after which the program and its children are killed, in ms. */
  readonly timeoutMs: number
  /** Maximum bytes kept of standard output and of standard error; the rest is read and dropped. */
  readonly maximumOutputBytes: number
  /** Gets each line of standard output as it arrives, without its line feed; `stdout` of the result is then empty. */
  readonly line?: (line: string) => void
  /** More of its environment, apart from PATH and LC_ALL. */
  readonly environment?: Readonly<Record<string, string>>
  /** Standard input; empty if absent. */
  readonly input?: string
  /** Kills the program and its children; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

export interface CommandResult {
  /** Exit status; null if a signal ended the program. */
  readonly status: number | null
  /** The signal that ended the program, such as `SIGSEGV`; null if it ended by itself. */
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  readonly timedOut: boolean
  /** True if the program printed more than is kept. */
  readonly truncated: boolean
  readonly tookMs: number
}

/** The environment of a program: nothing from our own, unless it is given. Messages are in English, whatever the machine's locale. */
const ENVIRONMENT = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  LC_ALL: "C",
}
/** Time that a child may keep the output of an ended program open, in ms. */
const OUTPUT_GRACE_MS = 500

/**
 * Runs a program until it ends, in its own process group and without a shell. A failing program does not throw: the result says
 * how it ended. A timeout kills the whole group.
 *
 * @param file A path, or a name that is looked up in the system's program directories.
 * @throws If the program cannot be started, or `options.signal` aborts.
 */
export async function runCommand(
  file: string,
  words: readonly string[],
  options: RunCommandOptions,
): Promise<CommandResult> {
  options.signal?.throwIfAborted()
  const startedAt = performance.now()
  const child = spawnProgram(file, words, options.environment)
  const { line, maximumOutputBytes } = options
  const stdout =
    line === undefined
      ? collect(child.stdout, maximumOutputBytes)
      : passLines(child.stdout, { line, maximumBytes: maximumOutputBytes })
  const stderr = collect(child.stderr, options.maximumOutputBytes)
  const kill = () => killGroup(child)
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    kill()
  }, options.timeoutMs)
  options.signal?.addEventListener("abort", kill)
  try {
    const ended = ending(file, child)
    // A program may end without reading its input.
    child.stdin?.on("error", () => {})
    child.stdin?.end(options.input ?? "")
    const { status, signal } = await ended
    options.signal?.throwIfAborted()
    const output = { stdout: stdout.text(), stderr: stderr.text(), truncated: stdout.isCut() || stderr.isCut() }
    return { status, signal, ...output, timedOut, tookMs: performance.now() - startedAt }
  } finally {
    clearTimeout(timer)
    options.signal?.removeEventListener("abort", kill)
  }
}

function spawnProgram(file: string, words: readonly string[], more: RunCommandOptions["environment"]): ChildProcess {
  try {
    return spawn(file, words, { env: { ...more, ...ENVIRONMENT }, detached: true, stdio: ["pipe", "pipe", "pipe"] })
  } catch (cause) {
    throw startFault(file, cause)
  }
}

function startFault(file: string, cause: unknown): Error {
  return new Error(`Cannot run "${file}": ${startReason(cause)}`, { cause })
}

function startReason(cause: unknown): string {
  switch (faultCode(cause)) {
    case "ENOENT":
      return "there is no such program; install it, or name the path where it is"
    case "EACCES":
      return "it may not be executed; make it executable (chmod +x), on a file system that is not mounted noexec"
    case "ENOEXEC":
      return "it is not a program for this machine; install the one for this kind of processor"
    case "EAGAIN":
      return "this container has too many processes; raise its limit of pids"
    default:
      return "the system refused to start it"
  }
}

interface Collected {
  text(): string
  isCut(): boolean
}

/** Keeps the first bytes of a stream and reads the rest: a program blocks if its output is not read. */
function collect(stream: NodeJS.ReadableStream | null, maximumBytes: number): Collected {
  const chunks: Buffer[] = []
  let kept = 0
  let cut = false
  stream?.on("data", (chunk: Buffer) => {
    if (kept + chunk.length > maximumBytes) cut = true
    // A copy, because a slice would keep the whole chunk in memory.
    const part = Buffer.from(chunk.subarray(0, maximumBytes - kept))
    if (part.length === 0) return
    chunks.push(part)
    kept += part.length
  })
  return { text: () => Buffer.concat(chunks).toString("utf8"), isCut: () => cut }
}

interface LinesOptions {
  readonly line: (line: string) => void
  readonly maximumBytes: number
}

/** Passes on each line as it arrives; at most `maximumBytes` in total. */
function passLines(stream: NodeJS.ReadableStream | null, { line, maximumBytes }: LinesOptions): Collected {
  const decoder = new StringDecoder("utf8")
  let passed = 0
  let rest = ""
  let cut = false
  stream?.on("data", (chunk: Buffer) => {
    passed += chunk.length
    cut ||= passed > maximumBytes
    if (cut) return
    const lines = `${rest}${decoder.write(chunk)}`.split("\n")
    rest = lines.pop() ?? ""
    for (const one of lines) line(one)
  })
  stream?.on("end", () => {
    if (!cut && rest !== "") line(rest)
  })
  return { text: () => "", isCut: () => cut }
}

interface Ending {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
}

/** Resolves once the program has ended and its output is closed, at most `OUTPUT_GRACE_MS` later. */
function ending(file: string, child: ChildProcess): Promise<Ending> {
  return new Promise((resolve, reject) => {
    let grace: NodeJS.Timeout | undefined
    child.once("error", (cause) => reject(startFault(file, cause)))
    child.once("exit", () => {
      grace = setTimeout(() => {
        killGroup(child)
        child.stdout?.destroy()
        child.stderr?.destroy()
      }, OUTPUT_GRACE_MS)
    })
    child.once("close", (status, signal) => {
      clearTimeout(grace)
      resolve({ status, signal })
    })
  })
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, "SIGKILL")
  } catch (error) {
    // EPERM: it has become another user's, whose processes end only by themselves where we lack CAP_KILL.
    if (faultCode(error) !== "ESRCH" && faultCode(error) !== "EPERM") throw error
  }
}
