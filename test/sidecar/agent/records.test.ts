import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { NodeEvent } from "../../../src/contract/node/history.ts"
import { createLog } from "../../../src/kit/process/log.ts"
import { archivist } from "../../../src/sidecar/agent/records.ts"
import { NO_HISTORY } from "../../../src/sidecar/agent/history.ts"
import { openArchive } from "../../../src/sidecar/volume/archive.ts"
import { openLastKnownGood } from "../../../src/sidecar/volume/last-known-good.ts"
import { createFakeClock } from "../../support/clock.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"
import { renderedOf } from "../scripted.ts"

const generation = (sequence: number) => {
  const objects = { configMaps: new Map(), services: new Map(), nodes: [] }
  return { sequence, name: String(sequence), path: "/nowhere", manifestSha256: "0".repeat(64), objects }
}

/** What the history is told where these VIPs are applied one after the other, each after so many ms. */
function told(...steps: readonly (readonly [vips: readonly string[], sinceMs: number])[]) {
  return withTemporaryDirectory(async (directory) => {
    const [applied, state] = [join(directory, "applied"), join(directory, "state")]
    for (const path of [applied, state]) mkdirSync(path)
    const events: NodeEvent[] = []
    const records = archivist({
      ...{ applied, archive: await openArchive(state), lastKnownGood: await openLastKnownGood(state) },
      ...{ candidate: () => null, facts: { node: "n1", keepalivedVersion: "2.3.3" }, failed: () => undefined },
      ...{
        faults: { raise: () => undefined, clear: () => undefined },
        history: { add: (event) => events.push(event) },
      },
      ...{ clock: createFakeClock(), date: () => new Date(), log: createLog({}, { level: "silent" }) },
    })
    for (const [at, [vips, since]] of steps.entries()) {
      const { sha256, model } = renderedOf(...vips)
      records.applied({ sha256, model, generation: generation(at + 1), since }, NO_HISTORY)
    }
    await records.idle()
    return events.map((event) =>
      event.kind === "replaced" ? `${event.sequence} ${event.vips} ${event.reason}` : event.kind,
    )
  })
}

test("archivist: a generation without VIPs that ran for less than 5 s is in the history", async () => {
  assert.equal(await told([[], 0], [["10.4.0.50", "10.4.0.51"], 4_000]), [
    "1 0 replaced after 4.0 s: +VIP 10.4.0.50, +VIP 10.4.0.51",
  ])
})

test("archivist: what is replaced by the same VIPs is not in the history", async () => {
  assert.equal(await told([["10.4.0.50"], 0], [["10.4.0.50"], 500]), [])
})

test("archivist: a VIP that went is named", async () => {
  assert.equal(await told([["10.4.0.50"], 0], [["10.4.0.51"], 500]), [
    "1 1 replaced after 0.5 s: +VIP 10.4.0.51, -VIP 10.4.0.50",
  ])
})

test.run()
