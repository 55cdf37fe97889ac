import { test } from "uvu"
import * as assert from "uvu/assert"

import { figures } from "../../support/figures.ts"
import { slow } from "../../support/slow.ts"
import { newToken } from "./support/access.ts"
import { openFront } from "./support/front.ts"
import { inPod } from "./support/in-pod.ts"
import { echoNamespace } from "./support/objects.ts"
import { inScene } from "./support/scene.ts"
import { pause } from "./support/until.ts"

test(
  "the CA is rotated, and its file only 2 s later: sync reads it again, in the same process (fault 51)",
  slow(
    120_000,
    inScene(async (scene) => {
      const namespace = scene.namespace("ca")
      const echo = `${namespace}/echo`
      await echoNamespace(namespace, 1)
      await scene.entries({ "10.4.0.50": echo })
      const front = await openFront(scene.directory)
      try {
        const where = { host: front.host, port: front.port, ca: front.ca() }
        const { sync, rotateCa } = await inPod(scene, await newToken(scene.access), where)
        const before = await sync.until("it publishes", ({ services }) => services.get(echo)?.endpoints.length === 1)
        const from = sync.log.length
        await front.rotate()
        const { reason } = await sync.untilLogged(
          "it does not believe the certificate",
          (line) => /certificate/.test(String(line["reason"])),
          from,
          20_000,
        )
        await scene.entries({ "10.4.0.50": echo, "10.4.0.51": "" })
        await pause(2000)
        assert.is(sync.current()?.sequence, before.sequence, "what was published stays")
        rotateCa(front.ca())
        const startedAt = performance.now()
        await sync.until("it goes on", ({ entries }) => "10.4.0.51" in entries, 40_000)
        figures({ reason, afterMs: Math.round(performance.now() - startedAt) })
        assert.is(sync.log.filter(({ event }) => event === "following").length, 1, "it was not started again")
        assert.ok(sync.seen.every(({ generation }) => generation.services.has(echo)))
      } finally {
        await front.close()
      }
    }),
  ),
)

test(
  "every watch goes silent without an end, between us and the API server: replaced within 120 s, and counted (fault 46)",
  slow(
    240_000,
    inScene(async (scene) => {
      const namespace = scene.namespace("silent")
      const echo = `${namespace}/echo`
      await echoNamespace(namespace, 1)
      await scene.entries({ "10.4.0.50": echo })
      const front = await openFront(scene.directory)
      try {
        const where = { host: front.host, port: front.port, ca: front.ca() }
        const { sync } = await inPod(scene, await newToken(scene.access), where)
        const before = await sync.until("it publishes", ({ services }) => services.get(echo)?.endpoints.length === 1)
        const from = sync.log.length
        front.silence()
        const startedAt = performance.now()
        await scene.entries({ "10.4.0.50": echo, "10.4.0.51": "" })
        await pause(5000)
        assert.is(sync.current()?.sequence, before.sequence, "nobody could know")
        const after = await sync.until("it is replaced", ({ entries }) => "10.4.0.51" in entries, 125_000)
        const tookMs = Math.round(performance.now() - startedAt)
        const { total } = await sync.untilLogged("it says so", ({ event }) => event === "watch silent", from)
        figures({ tookMs, total })
        assert.ok(tookMs <= 120_000, `${tookMs} ms`)
        assert.ok(Number(total) >= 1)
        assert.is(after.services.get(echo)?.endpoints.length, 1)
      } finally {
        await front.close()
      }
    }),
  ),
)

test.run()
