import { type ChildProcess, spawn } from "node:child_process"
import { appendFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { run } from "../../support/run.ts"
import type { Action } from "../inject.ts"
import { ROOT } from "../labels.ts"

/** The bundle as it is shipped, built from this checkout for one file of tests. */
export interface Bundle {
  readonly kkv: string
  remove(): void
}

export async function buildBundle(): Promise<Bundle> {
  const out = join(ROOT, `.cache/faults/${process.pid}`)
  const built = await run(process.execPath, ["scripts/build.ts", "--no-maps", "--out", out], { directory: ROOT })
  if (built.status !== 0) throw new Error(`Cannot build the bundle: ${built.stderr}`)
  return { kkv: join(out, "kkv.mjs"), remove: () => rmSync(out, { recursive: true, force: true }) }
}

export interface Line {
  readonly event?: string
  readonly msg?: string
  readonly [field: string]: unknown
}

/** A program of the bundle that runs under the preload. */
export interface Program {
  readonly child: ChildProcess
  /** What it has logged. */
  readonly lines: readonly Line[]
  /** What it has printed that is no line of its log. */
  readonly printed: () => string
  /** Resolves with how it ended: an exit status, or a signal. */
  readonly ended: Promise<number | string | null>
}

/** The file that tells the preload what to do, and the one in which it says what was reached. */
export interface Faults {
  readonly file: string
  /** From now on this happens; nothing if empty. */
  set(actions: Readonly<Record<string, Action>>): void
  reached(): ReadonlySet<string>
  forget(): void
}

export function faultsIn(directory: string): Faults {
  const file = join(directory, "faults.json")
  const set: Faults["set"] = (actions) => {
    // Replaced whole: the program under test may read it at any moment.
    writeFileSync(`${file}.new`, JSON.stringify(actions))
    renameSync(`${file}.new`, file)
  }
  set({})
  return {
    file,
    set,
    reached: () =>
      new Set(existsSync(`${file}.reached`) ? readFileSync(`${file}.reached`, "utf8").trim().split("\n") : []),
    forget: () => rmSync(`${file}.reached`, { force: true }),
  }
}

export interface StartOptions {
  readonly faults?: Faults
  /** Words before the program, such as those that enter a namespace. */
  readonly within?: readonly string[]
  /** More modules that are loaded before it. */
  readonly preload?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

/** Starts `kkv` with these words. */
export function start(bundle: Bundle, words: readonly string[], options: StartOptions = {}): Program {
  const preload = [
    ...(options.faults === undefined ? [] : [join(ROOT, "test/faults/preload.ts")]),
    ...(options.preload ?? []),
  ]
  const command = [
    ...(options.within ?? []),
    process.execPath,
    ...preload.flatMap((module) => ["--import", module]),
    bundle.kkv,
    ...words,
  ]
  const child = spawn(command[0] ?? "", command.slice(1), {
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      ...process.env,
      ...options.environment,
      ...(options.faults !== undefined && { FAULTS: options.faults.file }),
    },
  })
  const lines: Line[] = []
  let printed = ""
  let rest = ""
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    if (process.env["FAULTS_SHOW"] !== undefined) appendFileSync(process.env["FAULTS_SHOW"], text)
    const parts = (rest + text).split("\n")
    rest = parts.pop() ?? ""
    for (const part of parts)
      if (part.startsWith("{")) lines.push(JSON.parse(part) as Line)
      else printed += `${part}\n`
  })
  const ended = new Promise<number | string | null>((resolve) => {
    child.once("close", (status, signal) => resolve(signal ?? status))
  })
  return { child, lines, printed: () => printed + rest, ended }
}

/** Waits until something holds; the test's own limit ends it. */
export async function until(holds: () => boolean | Promise<boolean>, claim: string, limitMs = 20_000): Promise<void> {
  const deadline = performance.now() + limitMs
  while (!(await holds())) {
    if (performance.now() > deadline)
      throw new Error(`Cannot go on: after ${limitMs} ms it is still not so that ${claim}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
