import { appendFile, readdir, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { decodeNodeEvent, encodeNodeEvent, type RoleChange } from "../../../src/contract/node/history.ts"
import { openNodeHistory } from "../../../src/sidecar/volume/node-history.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"

const change = (second: number, to: RoleChange["to"], reason: string | null = null): RoleChange => ({
  kind: "role",
  instance: "vips",
  time: new Date(Date.parse("2026-11-22T23:00:00.000Z") + second * 1_000).toISOString(),
  from: "backup",
  to,
  reason,
})
const quiet = { failed: (error: unknown) => assert.unreachable(String(error)), done: () => {} }

test("openNodeHistory() gives the next agent what this one added, past half a line (fault 255)", () =>
  withTemporaryDirectory(async (state) => {
    const first = openNodeHistory(state, quiet)
    assert.equal(first.roles, [])
    first.add(change(1, "master", "why"))
    await first.idle()
    await appendFile(join(state, "history.jsonl"), '{"kind":"role","ti')
    const second = openNodeHistory(state, quiet)
    assert.equal(second.roles, [change(1, "master", "why")])
    second.add(change(2, "fault"))
    await second.idle()
    assert.equal(openNodeHistory(state, quiet).roles, [change(1, "master", "why"), change(2, "fault")])
  }))

test("openNodeHistory() keeps at least the last 200 changes, and no more than two files of bounded size", () =>
  withTemporaryDirectory(async (state) => {
    const history = openNodeHistory(state, quiet)
    const longest = "x".repeat(1_000)
    for (let second = 0; second < 700; second++) history.add(change(second, "master", longest))
    await history.idle()
    const { roles } = openNodeHistory(state, quiet)
    assert.ok(roles.length >= 200, `${roles.length}`)
    assert.is(roles.at(-1)?.time, change(699, "master").time)
    for (const name of await readdir(state)) assert.ok((await stat(join(state, name))).size < 150 * 1024)
  }))

test("openNodeHistory() skips lines that are not events, and survives an unreadable file", () =>
  withTemporaryDirectory(async (state) => {
    const file = join(state, "history.jsonl")
    const lines = ["", "{}", "null", '{"kind":"later","time":"x"}', "\0\0\0", encodeNodeEvent(change(3, "backup"))]
    await writeFile(file, `${lines.join("\n")}\n`)
    assert.equal(openNodeHistory(state, quiet).roles, [change(3, "backup")])
    await writeFile(file, Buffer.alloc(1024 * 1024))
    let failed = 0
    assert.equal(openNodeHistory(state, { ...quiet, failed: () => void failed++ }).roles, [])
    assert.is(failed, 1)
  }))

test("openNodeHistory() a full disk throws nothing, and the next success is reported", () =>
  withTemporaryDirectory(async (state) => {
    const seen: string[] = []
    const history = openNodeHistory(join(state, "gone"), {
      failed: () => seen.push("failed"),
      done: () => seen.push("done"),
    })
    history.add(change(1, "master"))
    await history.idle()
    assert.equal(seen, ["failed"])
  }))

test("decodeNodeEvent() gives back what encodeNodeEvent() was given", () => {
  const event = change(5, "fault", 'interface "eth0" is down')
  assert.equal(decodeNodeEvent(encodeNodeEvent(event)), event)
})

test.run()
