import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { encodeStatus } from "../../../src/contract/status.ts"
import { createStatusReader } from "../../../src/sync/volume/applied-status.ts"
import { forgedHeartbeat, heartbeatText, STATUS } from "../../cli/support/volume.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"

/** A sidecar's volume with its status, and a reader of it. */
function withStatus(use: (scene: { directory: string; reader: ReturnType<typeof createStatusReader> }) => void) {
  return withTemporaryDirectory((directory) => {
    writeFileSync(join(directory, "status.yaml"), encodeStatus(STATUS))
    mkdirSync(join(directory, "beat"))
    use({ directory, reader: createStatusReader(directory) })
    return Promise.resolve()
  })
}

test("createStatusReader() says how long the sidecar is silent, whatever its status says (fault 260)", () =>
  withStatus(({ directory, reader }) => {
    writeFileSync(join(directory, "beat/heartbeat"), heartbeatText(60))
    const said = reader.read()
    assert.equal([said?.status.node, said?.status.vips], [STATUS.node, STATUS.vips])
    assert.ok(said?.agent.silence.kind === "age" && said.agent.silence.seconds >= 60)
    writeFileSync(join(directory, "beat/heartbeat"), heartbeatText(1))
    const { silence } = reader.read()?.agent ?? {}
    assert.ok(silence?.kind === "age" && silence.seconds < 60)
  }))

for (const [what, text] of [
  ["missing", null],
  ["empty", ""],
  ["of another boot", heartbeatText(1, "another")],
  ["forged", forgedHeartbeat("[")],
] as const)
  test(`createStatusReader() knows nothing of the life of a sidecar whose heartbeat is ${what} (faults 260, 262)`, () =>
    withStatus(({ directory, reader }) => {
      if (text !== null) writeFileSync(join(directory, "beat/heartbeat"), text)
      assert.is(reader.read()?.agent.silence.kind, "unknown")
    }))

test("createStatusReader() forgets what was said when it cannot be read any more (fault 262)", () =>
  withStatus(({ directory, reader }) => {
    const path = join(directory, "status.yaml")
    assert.ok(reader.read() !== null)
    writeFileSync(path, "{{{")
    assert.is(reader.read(), null)
    writeFileSync(path, encodeStatus(STATUS))
    assert.ok(reader.read() !== null)
    rmSync(path)
    mkdirSync(path)
    assert.is(reader.read(), null)
  }))

test("createStatusReader() gives the fault that the heartbeat alone can tell (fault 262)", () =>
  withStatus(({ directory, reader }) => {
    writeFileSync(join(directory, "beat/heartbeat"), heartbeatText(1, undefined, { fault: "Cannot write the status" }))
    assert.is(reader.read()?.agent.fault, "Cannot write the status")
  }))

test.run()
