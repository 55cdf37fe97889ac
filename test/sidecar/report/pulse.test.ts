import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { decodeHeartbeat, type Heartbeat, LONGEST_FAULT } from "../../../src/contract/heartbeat.ts"
import { startPulse } from "../../../src/sidecar/report/pulse.ts"
import { createStandingFaults } from "../../../src/sidecar/faults/standing-faults.ts"
import { writeHeartbeat } from "../../../src/sidecar/volume/heartbeat-writer.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"

const BEAT: Heartbeat = { bootId: "b", pid: 1, beat: 5, sourceRead: 4, published: 3, fault: null }
const nothing = () => undefined

test("startPulse() beats at once, and a failed write is a fault until a write succeeds (fault 260)", async () => {
  const faults = createStandingFaults(() => new Date(0), { raised: nothing, cleared: nothing, onChange: nothing })
  const beats: Heartbeat[] = []
  const write = (heartbeat: Heartbeat) => {
    beats.push(heartbeat)
    if (beats.length === 1) throw new Error("EIO: i/o error")
  }
  let uptime = 100
  const pulse = startPulse({
    write,
    inEffect: () => 7,
    fault: () => "ENOSPC".repeat(99),
    uptime: () => uptime,
    bootId: "b",
    faults,
  })
  try {
    assert.equal(
      faults.standing().map(({ code, message }) => `${code} ${message}`),
      ["HEARTBEAT_FAILED Cannot write the agent's heartbeat: EIO: i/o error; others take the agent for dead"],
    )
    uptime = 101
    pulse.looked()
    uptime = 102
    while (beats.length < 2) await new Promise((resolve) => setTimeout(resolve, 50))
    assert.equal(faults.standing(), [])
    assert.is(beats[0]?.fault?.length, LONGEST_FAULT)
    assert.equal(
      beats.map(({ beat, sourceRead, published }) => [beat, sourceRead, published]),
      [
        [100, null, 7],
        [102, 101, 7],
      ],
    )
  } finally {
    pulse.stop()
  }
})

test("writeHeartbeat() creates a removed file again, and other users can read it", () =>
  withTemporaryDirectory((applied) => {
    const path = join(applied, "beat", "heartbeat")
    writeHeartbeat(applied, BEAT)
    rmSync(join(applied, "beat"), { recursive: true })
    writeHeartbeat(applied, { ...BEAT, beat: 6 })
    assert.equal(decodeHeartbeat(readFileSync(path, "latin1")), { kind: "heartbeat", heartbeat: { ...BEAT, beat: 6 } })
    assert.is(statSync(path).mode & 0o777, 0o644)
    writeHeartbeat(applied, { ...BEAT, beat: 7 })
    assert.equal(decodeHeartbeat(readFileSync(path, "latin1")), { kind: "heartbeat", heartbeat: { ...BEAT, beat: 7 } })
    return Promise.resolve()
  }))

test("writeHeartbeat() does not follow a link, and reports what is in its place", () =>
  withTemporaryDirectory((applied) => {
    mkdirSync(join(applied, "beat"))
    writeFileSync(join(applied, "mine"), "precious")
    symlinkSync(join(applied, "mine"), join(applied, "beat", "heartbeat"))
    assert.throws(() => writeHeartbeat(applied, BEAT), /ELOOP/)
    assert.is(readFileSync(join(applied, "mine"), "utf8"), "precious")
    return Promise.resolve()
  }))

test.run()
