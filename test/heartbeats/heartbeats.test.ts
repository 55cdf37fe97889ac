import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import {
  decodeHeartbeat,
  encodeHeartbeat,
  type Heartbeat,
  HEARTBEAT_DIRECTORY,
  HEARTBEAT_FILE,
} from "../../src/contract/heartbeat.ts"
import { createHeartbeatWriter } from "../../src/heartbeats/write.ts"
import { agentSignsIn, readHeartbeat, syncBeatIn } from "../../src/heartbeats/read.ts"
import { bootId, uptimeSeconds } from "../../src/kit/time/uptime.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"

const now = Math.floor(uptimeSeconds())
const BEAT: Heartbeat = {
  ...{ bootId: bootId(), pid: 7, beat: now, sourceRead: now - 100, published: 5 },
  fault: "ENOSPC: no space left on device, write",
}

function beatIn(volume: string, heartbeat: Heartbeat): void {
  mkdirSync(join(volume, HEARTBEAT_DIRECTORY), { recursive: true })
  writeFileSync(join(volume, HEARTBEAT_DIRECTORY, HEARTBEAT_FILE), encodeHeartbeat(heartbeat))
}

test("readHeartbeat() a file that is missing, unsafe, or that the disk cannot read is unknown, with a reason (fault 240)", () => {
  assert.equal(
    readHeartbeat(() => ({ kind: "absent" })),
    { kind: "unknown", why: "there is no heartbeat file" },
  )
  assert.equal(
    readHeartbeat(() => ({ kind: "unsafe", reason: "it is a fifo" })),
    { kind: "unknown", why: "it is a fifo" },
  )
  const fault = readHeartbeat(() => {
    throw new Error("EIO: i/o error, read")
  })
  assert.equal(fault, { kind: "unknown", why: "EIO: i/o error, read" })
  const whole = readHeartbeat(() => ({ kind: "file", bytes: Buffer.from(encodeHeartbeat(BEAT)) }))
  assert.equal(whole, { kind: "heartbeat", heartbeat: BEAT })
})

test("syncBeatIn() gives the fault, the published generation, and the two ages apart", () =>
  withTemporaryDirectory(async (volume) => {
    beatIn(volume, BEAT)
    const { silence, sourceAge, fault, published } = syncBeatIn(volume)
    assert.equal([fault, published], [BEAT.fault, 5])
    assert.ok(silence.kind === "age" && silence.seconds < 50, JSON.stringify(silence))
    assert.ok(sourceAge.kind === "age" && sourceAge.seconds >= 99, JSON.stringify(sourceAge))
  }))

test("agentSignsIn() gives the fault, and the age of the last check apart from that of the last beat", () =>
  withTemporaryDirectory(async (volume) => {
    beatIn(volume, BEAT)
    const { silence, lookAge, fault } = agentSignsIn(volume)
    assert.is(fault, BEAT.fault)
    assert.ok(silence.kind === "age" && silence.seconds < 50, JSON.stringify(silence))
    assert.ok(lookAge.kind === "age" && lookAge.seconds >= 99, JSON.stringify(lookAge))
  }))

test("syncBeatIn() of a volume without a heartbeat, or of another boot, is unknown in every part", () =>
  withTemporaryDirectory(async (volume) => {
    for (const prepare of [() => undefined, () => beatIn(volume, { ...BEAT, bootId: "another" })]) {
      prepare()
      const { silence, sourceAge, fault } = syncBeatIn(volume)
      assert.equal([silence.kind, sourceAge.kind, fault], ["unknown", "unknown", null])
    }
  }))

test("createHeartbeatWriter() makes a writer that creates a removed file again, and other users can read it", () =>
  withTemporaryDirectory((applied) => {
    const path = join(applied, "beat", "heartbeat")
    const writer = createHeartbeatWriter(applied)
    writer.write(BEAT)
    rmSync(join(applied, "beat"), { recursive: true })
    writer.write({ ...BEAT, beat: 6 })
    assert.equal(decodeHeartbeat(readFileSync(path, "latin1")), { kind: "heartbeat", heartbeat: { ...BEAT, beat: 6 } })
    assert.is(statSync(path).mode & 0o777, 0o644)
    writer.write({ ...BEAT, beat: 7 })
    assert.equal(decodeHeartbeat(readFileSync(path, "latin1")), { kind: "heartbeat", heartbeat: { ...BEAT, beat: 7 } })
    writer.close()
    return Promise.resolve()
  }))

test("createHeartbeatWriter() makes a writer that does not follow a link, and reports what is in its place", () =>
  withTemporaryDirectory((applied) => {
    mkdirSync(join(applied, "beat"))
    writeFileSync(join(applied, "mine"), "precious")
    symlinkSync(join(applied, "mine"), join(applied, "beat", "heartbeat"))
    const writer = createHeartbeatWriter(applied)
    assert.throws(() => writer.write(BEAT), /ELOOP/)
    assert.is(readFileSync(join(applied, "mine"), "utf8"), "precious")
    return Promise.resolve()
  }))

test.run()
