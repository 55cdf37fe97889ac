import { spawn } from "node:child_process"

export interface Ended {
  /** Null where a signal ended it. */
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  readonly tookMs: number
}

export interface RunOptions {
  readonly directory?: string
  /** Added to this process's environment; undefined removes a variable. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  readonly input?: string
  /** SIGKILL after this many ms; 50,000 if absent, since a busy machine is no failure. */
  readonly limitMs?: number
}

/**
 * Runs a program to its end and gives what it printed. A failing program is no exception: its status is the answer.
 *
 * @throws When the program cannot be started.
 */
export function run(program: string, words: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now()
    const child = spawn(program, words, {
      cwd: options.directory,
      env: { ...process.env, ...options.environment },
      stdio: ["pipe", "pipe", "pipe"],
    })
    const output = { stdout: "", stderr: "" }
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text))
    child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text))
    // A program may end without having read its input.
    child.stdin.on("error", () => {})
    child.stdin.end(options.input ?? "")
    const limit = setTimeout(() => child.kill("SIGKILL"), options.limitMs ?? 50_000)
    child.on("error", (cause) => {
      clearTimeout(limit)
      reject(new Error(`Cannot run "${program}"`, { cause }))
    })
    child.on("close", (status, signal) => {
      clearTimeout(limit)
      resolve({ status, signal, ...output, tookMs: performance.now() - startedAt })
    })
  })
}
