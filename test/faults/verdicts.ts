import { spawn } from "node:child_process"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { runFile } from "../../scripts/test/run-file.ts"
import { compare } from "../../src/kit/problem.ts"
import { type Bed, type LabelledFile, labelsIn, ROOT } from "./labels.ts"

/** What became of one test that speaks of rows. */
export interface Verdict {
  readonly rows: readonly number[]
  readonly bed: Bed
  readonly name: string
  readonly ended: "passed" | "failed" | "not run"
  /** Why it failed or was not run; what the file printed, where that is all there is. */
  readonly reason: string | null
}

export type Hear = (verdict: Verdict) => void

/** Runs the labelled tests of a uvu file. */
export async function runUvu({ path, bed, rows }: LabelledFile, hear: Hear): Promise<void> {
  const open = new Set<string>()
  const tell = (name: string, ended: Verdict["ended"], reason: string | null) =>
    hear({ rows: labelsIn(name), bed, name: `${path}: ${name}`, ended, reason })
  const settings = { limitMs: 10_000, filter: "(fault" }
  let failed = false
  const outcome = await runFile(join(ROOT, path), settings, {
    stop: new AbortController().signal,
    hear: (event) => {
      if (event.kind === "registered") open.add(event.name)
      if (event.kind === "skipped") tell(event.name, "not run", reasonIn(event.name))
      if (event.kind !== "ended") return
      open.delete(event.name)
      failed ||= !event.passed
      tell(event.name, event.passed ? "passed" : "failed", null)
    },
  })
  const printed = [outcome.output.trimEnd(), ...outcome.complaints].join("\n")
  for (const name of open) tell(name, "failed", "it never ended")
  if (outcome.failed > 0)
    hear({ rows: failed || open.size > 0 ? [] : rows, bed, name: path, ended: "failed", reason: printed })
}

/** A skipped test has its reason after its label: `… (fault 3) (needs root)`. */
function reasonIn(name: string): string {
  return /\(([^()]*)\)$/.exec(name.replace(/\(faults? [^()]*\)$/, ""))?.[1] ?? "it is skipped here"
}

/** Runs scenarios of the lab, or parts of the cluster bed, whose checks are lines. */
export async function runLines(bed: "lab" | "cluster", files: readonly LabelledFile[], hear: Hear): Promise<void> {
  const names = [...new Set(files.map(({ path }) => nameOf(bed, path)))].toSorted(compare)
  const [program, what] = bed === "lab" ? ["test/lab/run.sh", "scenario"] : ["test/cluster/run.sh", "part"]
  const child = spawn(join(ROOT, program), names, { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] })
  const heard = new Set<number>()
  let objection: string | null = null
  const lines = createInterface({ input: child.stdout })
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve))
  for await (const line of lines) {
    console.log(line)
    const skipped = /^skip .*: NOT RUN: (.*)$/.exec(line)
    if (skipped !== null) objection = skipped[1] ?? ""
    const found = /^(ok {2}|FAIL) (.*)$/.exec(line)
    const rows = labelsIn(line)
    if (found === null || rows.length === 0) continue
    for (const row of rows) heard.add(row)
    hear({ rows, bed, name: found[2] ?? "", ended: found[1] === "FAIL" ? "failed" : "passed", reason: null })
  }
  const status = await ended
  const silent = files.map((file) => ({ ...file, rows: file.rows.filter((row) => !heard.has(row)) }))
  for (const { path, rows } of silent) {
    if (rows.length === 0) continue
    if (objection !== null) hear({ rows, bed, name: path, ended: "not run", reason: objection })
    else
      hear({ rows, bed, name: path, ended: "failed", reason: `its ${what} ended with status ${status} and no verdict` })
  }
}

function nameOf(bed: "lab" | "cluster", path: string): string {
  const [, , folder = "", file = ""] = path.split("/")
  return bed === "lab" ? file.replace(/\.sh$/, "") : folder
}
