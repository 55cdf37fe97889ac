import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { sha256Of } from "../../src/kit/sha256.ts"
import { createGenerations } from "../../src/sidecar/volume/generations.ts"
import { encodeStatus } from "../../src/contract/status.ts"
import { createStatusReader } from "../../src/sync/volume/applied-status.ts"
import { createPublisher } from "../../src/sync/volume/publisher.ts"
import { STATUS } from "../cli/support/volume.ts"
import { vipsText } from "../support/manifests.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"
import { publicationOf, publisherOf } from "../support/volume.ts"

const publication = publicationOf(vipsText('10.4.0.50: ""'))
const change = (path: string, from: string | RegExp, to: string) => {
  const text = readFileSync(path, "utf8")
  const changed = text.replace(from, to)
  assert.is.not(changed, text, path)
  writeFileSync(path, changed)
  return changed
}

for (const schema of [3, 1, 0])
  test(`the sidecar holds and says what to do where sync writes schema ${schema} (fault 76)`, () =>
    withTemporaryDirectory(async (directory) => {
      const { directory: name } = await publisherOf(directory).publish(publication)
      const generations = createGenerations({ directory, alarm: () => {} })
      const pointer = join(directory, "current.json")
      const before = readFileSync(pointer)
      change(pointer, '"schema": 2', `"schema": ${schema}`)
      const reading = await generations.read()
      const reason = `Cannot read current.json: it has schema ${schema}, expected 2; update the older container`
      assert.equal(reading, { kind: "refused", reason, problems: [] })
      // A pointer that it knows, to a manifest that it does not.
      writeFileSync(pointer, before)
      const manifest = change(
        join(directory, "generations", name, "manifest.json"),
        '"schema": 2',
        `"schema": ${schema}`,
      )
      change(pointer, /"manifestSha256": "\w+"/, `"manifestSha256": "${sha256Of(manifest)}"`)
      const second = await generations.read()
      assert.is(second.kind === "refused" && second.reason, reason.replace("current.json", "manifest.json"))
    }))

test("sync of schema 2 takes nothing over from a volume of schema 3, and counts on (fault 76)", () =>
  withTemporaryDirectory(async (directory) => {
    await publisherOf(directory).publish(publication)
    change(join(directory, "current.json"), '"schema": 2', '"schema": 3')
    const trouble = (error: unknown) => assert.unreachable(String(error))
    const writer = { bootId: "boot", pid: 2, startedAtUptime: 2 }
    const next = createPublisher({ directory, retain: 5, writer, trouble, gaveUp: () => {} })
    next.open()
    assert.is(next.current(), null)
    assert.is((await next.publish(publication)).sequence, 2)
    assert.is(readdirSync(join(directory, "generations")).length, 2)
  }))

test("sync takes nothing for said by a sidecar whose status has another schema (fault 76)", () =>
  withTemporaryDirectory((directory) => {
    const reader = createStatusReader(directory)
    writeFileSync(join(directory, "status.yaml"), encodeStatus(STATUS))
    assert.equal(reader.read()?.status.vips, STATUS.vips)
    writeFileSync(join(directory, "status.yaml"), "schema: 3\noutcome: applied\n")
    assert.is(reader.read(), null)
    return Promise.resolve()
  }))

test.run()
