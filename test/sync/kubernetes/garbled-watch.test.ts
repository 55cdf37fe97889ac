import { test } from "uvu"
import * as assert from "uvu/assert"

import { faultText } from "../../../src/kit/fault.ts"
import { bookmark, service } from "./fake-api-server.ts"
import { mirrored, watching } from "./mirrored.ts"

const event = (version: number, port: number) =>
  JSON.stringify({ type: "MODIFIED", object: service("echo", version, port) })

/** Lines that are no events, and what is said of each. */
const GARBLED: Readonly<Record<string, readonly [line: string, said: RegExp]>> = {
  "is not JSON": ["no JSON\n", /line 2 is not JSON: no JSON/],
  "is empty": ["\n", /line 2 is not JSON/],
  "is cut in the middle": [`${event(11, 81).slice(0, 60)}\n`, /line 2 is not JSON: \{"type"/],
  "is split by a line feed": [`${event(11, 81).replace('"metadata"', '\n"metadata"')}\n`, /line 2 is not JSON/],
  "is a number": ["7\n", /line 2 has the type none/],
  "is null": ["null\n", /line 2 has the type none/],
  "has no type": [`{"object":${JSON.stringify(service("echo", 11, 81))}}\n`, /line 2 has the type none/],
  "has another type": [event(11, 81).replace("MODIFIED", "MODIFED") + "\n", /line 2 has the type "MODIFED"/],
  "has no object": ['{"type":"MODIFIED"}\n', /line 2, MODIFIED, has no resourceVersion/],
  "has an object without version": [
    '{"type":"DELETED","object":{"metadata":{"name":"echo"}}}\n',
    /has no resourceVersion/,
  ],
  "has an object without name": [
    '{"type":"ADDED","object":{"metadata":{"resourceVersion":"12"}}}\n',
    /ADDED, has no name/,
  ],
  "is a bookmark without version": [
    '{"type":"BOOKMARK","object":{"metadata":{}}}\n',
    /BOOKMARK, has no resourceVersion/,
  ],
  "is longer than any object": [`{"a":"${"x".repeat(17 * 1024 * 1024)}"}\n`, /a line has more than 16777216 bytes/],
}

for (const [what, [line, said]] of Object.entries(GARBLED))
  test(`a watch whose line ${what} ends, is said, and everything is listed again, with a fake API server (fault 245)`, () =>
    mirrored(async (scene) => {
      await watching(scene)
      const { fake, ports, until, troubles, lists } = scene
      fake.items.set("services", [service("echo", 12, 81)])
      fake.version = "20"
      fake.watches[0]?.send(bookmark(11))
      fake.watches[0]?.send(line)
      await until(() => ports() === "echo:81")
      await watching(scene, 2)
      assert.is(lists(), 2)
      assert.is(fake.watches[1]?.asked.query.get("resourceVersion"), "20")
      const [trouble] = troubles
      assert.is(trouble?.["event"], "watch garbled")
      assert.match(faultText(trouble?.["error"]), said)
    }))

test("a watch with raw U+2028 and U+2029 in its texts loses nothing, with a fake API server (fault 245)", () =>
  mirrored(async (scene) => {
    await watching(scene)
    const { fake, ports, until, troubles, lists } = scene
    const odd = {
      ...service("echo", 11, 81),
      metadata: { ...Reflect.get(service("echo", 11), "metadata"), annotations: { a: "x\u2028y\u2029z\u0085" } },
    }
    fake.watches[0]?.send({ type: "MODIFIED", object: odd })
    await until(() => ports() === "echo:81")
    assert.equal([troubles.length, lists()], [0, 1])
  }))

test("a watch with bytes that are not UTF-8 ends, with a fake API server (fault 245)", () =>
  mirrored(async (scene) => {
    await watching(scene)
    const { fake, until, troubles } = scene
    fake.watches[0]?.send(
      Buffer.concat([Buffer.from('{"type":"MODIFIED","object":{"a":"'), Buffer.from([0xff]), Buffer.from('"}}\n')]),
    )
    await until(() => troubles.length > 0)
    assert.is(troubles[0]?.["event"], "watch garbled")
  }))

test("a watch that is garbled each time is not asked for in a hurry, with a fake API server (fault 245)", () =>
  mirrored(
    async (scene) => {
      const { fake, until, lists } = scene
      const startedAt = performance.now()
      for (let count = 1; count <= 4; count++) {
        await watching(scene, count)
        fake.watches[count - 1]?.send("no JSON\n")
      }
      await until(() => lists() === 5)
      // At once, then 30 to 60 ms, 60 to 120, 120 to 240.
      assert.ok(performance.now() - startedAt > 200)
    },
    { patience: { shortWatchMs: 10 } },
  ))

test.run()
