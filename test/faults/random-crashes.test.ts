import { spawn } from "node:child_process"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { figures } from "../support/figures.ts"
import { slow } from "../support/slow.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"

/** 1,000 in `make test-faults`. */
const POINTS = Number(process.env["FAULT_POINTS"] ?? "60")
const RUNS = 4

interface Found {
  readonly violations: readonly string[]
  readonly converged: number
  readonly reloads: number
}

function crash(directory: string, points: number, seed: number): Promise<Found> {
  mkdirSync(directory)
  const words = [join(import.meta.dirname, "random-crashes.ts"), directory, String(points), String(seed)]
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] })
  let output = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text))
  return new Promise((resolve, reject) => {
    child.on("close", (status) => {
      if (status === 0) resolve(JSON.parse(output) as Found)
      else reject(new Error(`Cannot go on: seed ${seed} ended with ${status}: ${output}`))
    })
  })
}

test(
  "the agent killed at random points, with a fake keepalived, ends on the newest; no untested file, no lost SIGHUP (faults 25-30, 32-34)",
  slow(900_000, () =>
    withTemporaryDirectory(async (directory) => {
      const first = Number(process.env["FAULT_SEED"] ?? Date.now() % 1_000_000)
      const runs = Array.from({ length: RUNS }, (_, index) => {
        const seed = first + index
        return crash(join(directory, String(seed)), Math.ceil(POINTS / RUNS), seed).then((found) => ({ seed, found }))
      })
      let [converged, reloads] = [0, 0]
      for (const { seed, found } of await Promise.all(runs)) {
        assert.equal(found.violations, [], `FAULT_SEED=${seed} replays it`)
        converged += found.converged
        reloads += found.reloads
      }
      assert.ok(converged >= RUNS && reloads > POINTS / 5)
      figures({ points: POINTS, seed: first, converged, reloads })
    }),
  ),
)

test.run()
