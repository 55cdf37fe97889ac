import { test } from "uvu"
import * as assert from "uvu/assert"

import { type Heartbeat, LONGEST_FAULT } from "../../../src/contract/heartbeat.ts"
import { startPulse } from "../../../src/sidecar/report/pulse.ts"
import { createStandingFaults } from "../../../src/sidecar/faults/standing-faults.ts"

const nothing = () => undefined

test("startPulse() beats at once, and a failed write is a fault until a write succeeds (fault 260)", async () => {
  const faults = createStandingFaults(() => new Date(0), { raised: nothing, cleared: nothing, onChange: nothing })
  const beats: Heartbeat[] = []
  let isClosed = false
  const record = {
    write: (heartbeat: Heartbeat) => {
      beats.push(heartbeat)
      if (beats.length === 1) throw new Error("EIO: i/o error")
    },
    close: () => {
      isClosed = true
    },
  }
  let uptime = 100
  const pulse = startPulse({
    record,
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
  assert.ok(isClosed)
})

test.run()
