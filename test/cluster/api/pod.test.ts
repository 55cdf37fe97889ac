import { test } from "uvu"
import * as assert from "uvu/assert"

import { figures } from "../../support/figures.ts"
import { slow } from "../../support/slow.ts"
import { newToken } from "./support/access.ts"
import { auditFromNow, kubectl } from "./support/cluster.ts"
import { inPod, takeBack, tokenBoundTo } from "./support/in-pod.ts"
import { echoNamespace, untilEndpoints } from "./support/objects.ts"
import { restart } from "./support/outage.ts"
import { inScene } from "./support/scene.ts"
import type { LogLine } from "./support/sync.ts"
import { pause } from "./support/until.ts"

test(
  "in a pod: the service account's token is enough, and the pod's nodeSelector says which Nodes count",
  inScene(async (scene) => {
    const namespace = scene.namespace("pod")
    await echoNamespace(namespace, 2)
    await scene.entries({ "10.4.0.50": `${namespace}/echo` })
    const audited = auditFromNow(scene.access.user)
    const { sync } = await inPod(scene, await newToken(scene.access))
    const { nodes } = await sync.until(
      "it publishes",
      ({ services }) => services.get(`${namespace}/echo`)?.endpoints.length === 2,
    )
    assert.equal(nodes, ["node-0", "node-1"])
    assert.equal(
      audited().filter(({ status }) => status >= 400),
      [],
    )
    assert.ok(audited().some(({ resource, verb }) => resource === "pods" && verb === "get"))
  }),
)

test(
  "the token is rotated: what comes then uses the new one, also where the old one was refused first (fault 51)",
  slow(
    180_000,
    inScene(async (scene) => {
      const namespace = scene.namespace("rotate")
      const echo = `${namespace}/echo`
      await echoNamespace(namespace, 1)
      await scene.entries({ "10.4.0.50": echo })
      const secrets = ["token-1", "token-2"].map((name) => `${name}-${namespace}`)
      const [first = "", second = ""] = secrets
      try {
        const { sync, rotate } = await inPod(scene, await tokenBoundTo(scene.access, first))
        const before = await sync.until("it publishes", ({ services }) => services.get(echo)?.endpoints.length === 1)

        // In order: the new token stands there before the old one ends.
        rotate(await tokenBoundTo(scene.access, second))
        await takeBack(scene.access, first)
        const everybody = auditFromNow(null)
        await restart("kube-apiserver")
        await scene.entries({ "10.4.0.50": echo, "10.4.0.51": "" })
        const startedAt = performance.now()
        await sync.until("it goes on with the new token", ({ entries }) => "10.4.0.51" in entries, 30_000)
        figures({ inOrderMs: Math.round(performance.now() - startedAt) })
        const refusedOnce = everybody().filter(({ status }) => status === 401).length
        assert.ok(refusedOnce <= 8, `each of four may be refused, and be it twice: ${refusedOnce}`)

        // Out of order: the token ends while the file has no other.
        await takeBack(scene.access, second)
        const from = sync.log.length
        await restart("kube-apiserver")
        await sync.untilLogged("it says that it is refused", (line) => /401/.test(String(line["reason"])), from, 20_000)
        await scene.entries({ "10.4.0.50": echo, "10.4.0.52": "" })
        await pause(10_000)
        assert.equal(Object.keys(sync.current()?.entries ?? {}), ["10.4.0.50", "10.4.0.51"], "what was published stays")
        await sync.untilStatus("so does the state", ({ state }) => state === "published")
        const fromHere = performance.now()
        rotate(await newToken(scene.access))
        await sync.until("it goes on as soon as there is a token", ({ entries }) => "10.4.0.52" in entries, 30_000)
        const refused = everybody().filter(({ status }) => status === 401).length
        figures({ outOfOrderMs: Math.round(performance.now() - fromHere), refusedOnce, refused })
        assert.ok(refused <= 60, `it does not hammer with a token that is refused: ${refused}`)
        assert.ok(
          sync.seen.every(({ generation }) => generation.sequence < before.sequence || generation.services.has(echo)),
        )
      } finally {
        await kubectl(["-n", scene.access.namespace, "delete", "secret", ...secrets, "--ignore-not-found"])
      }
      await untilEndpoints(namespace, 1)
    }),
  ),
)

test(
  "the token ends, and its file is missing for 2 s: sync goes on as soon as there is one, in the same process (fault 51)",
  slow(
    120_000,
    inScene(async (scene) => {
      const namespace = scene.namespace("missing")
      const echo = `${namespace}/echo`
      await echoNamespace(namespace, 1)
      await scene.entries({ "10.4.0.50": echo })
      const secret = `token-${namespace}`
      const { sync, rotate, loseToken } = await inPod(scene, await tokenBoundTo(scene.access, secret))
      const before = await sync.until("it publishes", ({ services }) => services.get(echo)?.endpoints.length === 1)
      await takeBack(scene.access, secret)
      const token = await newToken(scene.access)
      loseToken()
      const from = sync.log.length
      await restart("kube-apiserver")
      // The library keeps a token for a minute: the old one is refused, or there is none to be read.
      const isRefused = (line: LogLine) => /401|ENOENT/.test(String(line["reason"]))
      const { reason } = await sync.untilLogged("it is refused", isRefused, from, 20_000)
      await scene.entries({ "10.4.0.50": echo, "10.4.0.51": "" })
      await pause(2000)
      assert.is(sync.current()?.sequence, before.sequence)
      rotate(token)
      const startedAt = performance.now()
      await sync.until("it goes on", ({ entries }) => "10.4.0.51" in entries, 30_000)
      figures({ reason, afterMs: Math.round(performance.now() - startedAt) })
      assert.is(sync.log.filter(({ event }) => event === "following").length, 1, "it was not started again")
    }),
  ),
)

test.run()
