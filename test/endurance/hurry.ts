/**
 * Loaded before a program (`node --import`): its timers of a second and less ring sooner, by the factor in HURRY, while its clocks go on as
 * they are. So the program does in minutes what its pace spreads over an hour and a half, and whatever it measures is true. Longer ones
 * are limits of what others may take, and stay, and so do those that repeat.
 * On SIGUSR2 it collects garbage and writes down what it then holds in memory, one line of JSON a time, in the file HURRY_FIGURES.
 */
import { appendFileSync } from "node:fs"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

const LONGEST_PACE_MS = 1_000
const factor = Number(process.env["HURRY"] ?? "1")
const file = process.env["HURRY_FIGURES"] ?? "/dev/null"
const inner = globalThis.setTimeout
const hurried = (act: (...words: unknown[]) => void, ms = 0, ...words: unknown[]) =>
  inner(act, ms > LONGEST_PACE_MS ? ms : ms / factor, ...words)
globalThis.setTimeout = Object.assign(hurried, inner)

for (const flag of ["--optimize-for-size", "--no-maglev", "--expose-gc"]) setFlagsFromString(flag)
const collect = runInNewContext("gc") as () => void
process.on("SIGUSR2", () => {
  collect()
  collect()
  const { heapUsed, external } = process.memoryUsage()
  appendFileSync(file, `${JSON.stringify({ heapBytes: heapUsed, externalBytes: external })}\n`)
})
