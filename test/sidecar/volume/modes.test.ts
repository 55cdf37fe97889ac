import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { archivist } from "../../../src/sidecar/agent/records.ts"
import { NO_HISTORY } from "../../../src/sidecar/agent/history.ts"
import { openArchive } from "../../../src/sidecar/volume/archive.ts"
import { openAppliedVolume } from "../../../src/sidecar/volume/config-files.ts"
import { openLastKnownGood } from "../../../src/sidecar/volume/last-known-good.ts"
import { createNodeRecordWriter } from "../../../src/sidecar/volume/node-record.ts"
import { createHeartbeatWriter } from "../../../src/heartbeats/write.ts"
import { createStatusWriter } from "../../../src/sidecar/volume/status-writer.ts"
import { STATUS } from "../../cli/support/volume.ts"
import { createFakeClock } from "../../support/clock.ts"
import { modesBelow, withOpenUmask } from "../../support/modes.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"
import { writeGeneration } from "../../support/volume.ts"
import { createLog } from "../../../src/kit/process/log.ts"
import { renderedOf } from "../scripted.ts"

const { sha256, text, model } = renderedOf("10.4.0.50")

/** Has everything written that the sidecar writes, through the parts that do. */
async function writeAll(applied: string, state: string, generations: string): Promise<string> {
  const failed = (error: unknown): never => {
    throw error
  }
  const lastKnownGood = await openLastKnownGood(state)
  const volume = await openAppliedVolume(applied, () => Promise.resolve(null))
  await volume.writeCandidate(sha256, text)
  await volume.makeLive(sha256)
  await volume.writeJournal({ phase: "in-effect", from: null, to: sha256 })
  await volume.claim(model)
  const [clock, date] = [createFakeClock(), () => new Date()]
  const heard = (error: unknown) => void (error === null || failed(error))
  const nodes = createNodeRecordWriter(applied, { clock, onOutcome: heard })
  nodes.write({ answered: [], unreachable: [] })
  await nodes.idle()
  const status = createStatusWriter(applied, { clock, date, onOutcome: heard })
  status.write(() => STATUS)
  await status.idle()
  const heartbeat = createHeartbeatWriter(applied)
  heartbeat.write({ bootId: "b", pid: 1, beat: 1, sourceRead: 1, published: 1, fault: null })
  heartbeat.close()
  const made = writeGeneration(generations, 1, { "vips/default/vips.yaml": "# none\n" })
  const records = archivist({
    ...{ applied, lastKnownGood, archive: await openArchive(state), candidate: (one) => volume.candidate(one) },
    ...{ facts: { node: "n1", keepalivedVersion: "2.3.3" }, failed: () => failed(new Error("Cannot record")) },
    faults: { raise: (_, { message }) => failed(new Error(message)), clear: () => undefined },
    history: { add: () => undefined },
    ...{ clock, date, log: createLog({}, { level: "silent" }) },
  })
  const objects = { configMaps: new Map(), services: new Map(), nodes: [] }
  const inEffect = { sha256, model, generation: { sequence: 1, ...made, objects }, since: 0 }
  records.applied(inEffect, NO_HISTORY)
  await records.soaked(inEffect, NO_HISTORY)
  await records.idle()
  return made.name
}

test("the sidecar's files are its own user's alone, whatever the umask; others read its status", () =>
  withTemporaryDirectory(async (directory) => {
    const [applied, state] = [join(directory, "applied"), join(directory, "state")]
    for (const path of [applied, state]) mkdirSync(path)
    const name = await withOpenUmask(() => writeAll(applied, state, join(directory, "generations")))
    assert.equal(modesBelow(applied), {
      beat: "755",
      "beat/heartbeat": "644",
      candidates: "700",
      [`candidates/${sha256}.conf`]: "600",
      "journal.json": "600",
      "keepalived.conf": "600",
      "ledger.json": "600",
      "applied.json": "600",
      "nodes.json": "600",
      "status.yaml": "644",
    })
    assert.equal(modesBelow(state), {
      archive: "700",
      [`archive/${name}.tar.gz`]: "600",
      "last-known-good": "700",
      "last-known-good/0000000001": "700",
      "last-known-good/0000000001/keepalived.conf": "600",
      "last-known-good/0000000001/record.json": "600",
    })
  }))

test.run()
