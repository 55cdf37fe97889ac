/**
 * Runs what is asked for, one after the other whatever fails, and sums up.
 * Usage: node scripts/total.ts [--checks] [--unit] [--faults] [--real] [--lab] [--image] [--cluster]
 *   --checks  types, lint, format, dead code, generated files
 *   --unit    tests that need nothing but Node.js
 *   --faults  crashes, full disks and hostile strings, as far as they need nothing but Node.js
 *   --real    tests with the real keepalived, and with a real browser (root)
 *   --lab     the lab's scenarios (root)
 *   --image   the container images, built and run (root)
 *   --cluster the parts of the cluster bed (root, and Go or ready programs); its programs are built beside the other tests, from the
 *             start on, with the processor time that nothing else wants
 * Ends with the line `N passed, N failed, N skipped` over all tests; a check that fails counts as one failed test. Before it stand
 * the time of each part, every flake (again.ts) and every line that told a failure, since the output is long and a log may keep only its end.
 */
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { type Counts, countsOf, failuresIn, flakesIn, sumOf } from "./counts.ts"

interface Step {
  readonly name: string
  readonly command: readonly [program: string, ...words: string[]]
  /** Whether it ends with a summary line of its own. */
  readonly counts: boolean
  /** The step is left out where this path, if any, is missing. */
  readonly needs?: string
}

const root = join(import.meta.dirname, "..")
const checks: readonly Step[] = ["types", "lint", "format:check", "dead-code", "schema:check", "chart:check"].map(
  (name) => ({
    name,
    command: ["npm", "run", "--silent", name],
    counts: false,
    ...(name === "schema:check" && { needs: "scripts/schema.ts" }),
  }),
)
const unit: Step = {
  name: "unit tests",
  // Many of them wait more than they work.
  command: [process.execPath, "scripts/test.ts", "--kind", "plain", "--jobs", "3"],
  counts: true,
}
const faults: Step = {
  name: "tests of faults",
  command: [process.execPath, "scripts/test.ts", "--kind", "faults"],
  counts: true,
}
const real: Step = {
  name: "tests with the real keepalived and a real browser",
  command: [process.execPath, "scripts/test.ts", "--kind", "real"],
  counts: true,
}
const lab: Step = { name: "lab", command: ["test/lab/run.sh"], counts: true, needs: "test/lab/run.sh" }
const image: Step = { name: "images", command: ["test/image/run.sh"], counts: true, needs: "test/image/run.sh" }
const cluster: Step = {
  name: "cluster bed",
  command: ["test/cluster/run.sh"],
  counts: true,
  needs: "test/cluster/run.sh",
}

const { values: wanted } = parseArgs({
  options: {
    checks: { type: "boolean" },
    unit: { type: "boolean" },
    faults: { type: "boolean" },
    real: { type: "boolean" },
    lab: { type: "boolean" },
    image: { type: "boolean" },
    cluster: { type: "boolean" },
  },
})
const steps = [
  ...(wanted.checks === true ? checks : []),
  ...(wanted.unit === true ? [unit] : []),
  ...(wanted.faults === true ? [faults] : []),
  ...(wanted.real === true ? [real] : []),
  ...(wanted.lab === true ? [lab] : []),
  ...(wanted.image === true ? [image] : []),
  ...(wanted.cluster === true ? [cluster] : []),
].filter(({ needs }) => needs === undefined || existsSync(join(root, needs)))

if (wanted.cluster === true) buildAhead()

// The checks together, since most of them use one processor; the tests one after the other, since some measure time.
const failures: string[] = []
const flakes: string[] = []
const times: string[] = []
const startedAt = performance.now()
const counts: Counts[] = await Promise.all(steps.filter((step) => !step.counts).map(runCheck))
for (const step of steps) if (step.counts) counts.push(await runTests(step))
const total = sumOf(counts)
process.exitCode = total.failed > 0 ? 1 : 0
if (times.length > 0) console.log(["== time of each part", ...times, timeLine("all", startedAt)].join("\n"))
if (flakes.length > 0) console.log([`== flaky: failed once, then passed twice: ${flakes.length}`, ...flakes].join("\n"))
if (failures.length > 0) console.log(["== what failed", ...failures].join("\n"))
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)

async function runCheck(step: Step): Promise<Counts> {
  const beganAt = performance.now()
  const { status, output } = await runStep(step, false)
  const good = status === 0
  const verdict = `${good ? "ok  " : "FAIL"} ${step.name} in ${Math.round(performance.now() - beganAt)} ms`
  console.log(verdict)
  if (!good) {
    failures.push(verdict)
    console.log(output.trimEnd())
  }
  return { passed: 0, failed: good ? 0 : 1, skipped: 0 }
}

async function runTests(step: Step): Promise<Counts> {
  console.log(`== ${step.name}`)
  const beganAt = performance.now()
  const { status, output } = await runStep(step, true)
  times.push(timeLine(step.name, beganAt))
  flakes.push(...flakesIn(output))
  const found = countsOf(status, output)
  if (found.failed > 0) {
    const verdict = `FAIL ${step.name}: status ${status}`
    console.log(verdict)
    failures.push(...failuresIn(output), verdict)
  }
  return found
}

/**
 * Starts to build what the cluster bed needs: half an hour the first time, nothing after that. Where this fails, the bed builds it again
 * and says why. Ends when this process does.
 */
function buildAhead(): void {
  const builds = "test/cluster/build.sh can > /dev/null && test/cluster/build.sh && test/lab/kernel.sh > /dev/null"
  const child = spawn("chrt", ["--idle", "0", "bash", "-c", builds], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
    detached: true,
  })
  const end = () => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    try {
      process.kill(-child.pid)
    } catch {
      // It has ended meanwhile.
    }
  }
  child.on("error", () => {}) // Without chrt: not ahead.
  process.once("exit", end)
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130))
}

function timeLine(name: string, since: number): string {
  return `${String(Math.round((performance.now() - since) / 1000)).padStart(6)} s  ${name}`
}

function runStep(step: Step, shown: boolean): Promise<{ readonly status: number | null; readonly output: string }> {
  const [program, ...words] = step.command
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { cwd: root, stdio: ["ignore", "pipe", "pipe"] })
    let output = ""
    for (const [from, to] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ] as const) {
      from.setEncoding("utf8").on("data", (text: string) => {
        // The summary is looked for in what went to standard output; a check's complaint may go to either.
        if (from === child.stdout || !shown) output += text
        if (shown) to.write(text)
      })
    }
    child.on("error", (cause) => reject(new Error(`Cannot run ${step.name}`, { cause })))
    child.on("close", (status) => resolve({ status, output }))
  })
}
