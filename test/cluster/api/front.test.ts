import { test } from "uvu"
import * as assert from "uvu/assert"

import { figures } from "../../support/figures.ts"
import { slow } from "../../support/slow.ts"
import { newToken } from "./support/access.ts"
import { endpointsOf } from "./support/checks.ts"
import { type Front, openFront } from "./support/front.ts"
import { type InPod, inPod } from "./support/in-pod.ts"
import { echoNamespace } from "./support/objects.ts"
import { inScene, type Scene } from "./support/scene.ts"
import type { Generation } from "./support/sync.ts"
import { pause } from "./support/until.ts"

interface Behind {
  readonly scene: Scene
  /** Key of the Service behind 10.4.0.50, which has one endpoint. */
  readonly echo: string
  readonly front: Front
  readonly pod: InPod
  /** What is published. */
  readonly before: Generation
}

/** A check that begins when sync, in a pod, has published a VIP by way of a front. */
function behindFront(title: string, check: (behind: Behind) => Promise<void>): () => Promise<void> {
  return inScene(async (scene) => {
    const namespace = scene.namespace(title)
    const echo = `${namespace}/echo`
    await echoNamespace(namespace, 1)
    await scene.entries({ "10.4.0.50": echo })
    const front = await openFront(scene.directory)
    try {
      const where = { host: front.host, port: front.port, ca: front.ca() }
      const pod = await inPod(scene, await newToken(scene.access), where)
      const before = await pod.sync.until("it publishes", (generation) => endpointsOf(generation, echo) === 1)
      await check({ scene, echo, front, pod, before })
    } finally {
      await front.close()
    }
  })
}

test(
  "the CA is rotated, and its file only 2 s later: sync reads it again, in the same process (fault 51)",
  slow(
    120_000,
    behindFront("ca", async ({ scene, echo, front, pod: { sync, rotateCa }, before }) => {
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
    }),
  ),
)

test(
  "every watch goes silent without an end, between us and the API server: replaced within 120 s, and counted (fault 46)",
  slow(
    240_000,
    behindFront("silent", async ({ scene, echo, front, pod: { sync }, before }) => {
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
    }),
  ),
)

test.run()
