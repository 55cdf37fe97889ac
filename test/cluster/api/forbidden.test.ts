import { test } from "uvu"
import * as assert from "uvu/assert"

import { figures } from "../../support/figures.ts"
import { slow } from "../../support/slow.ts"
import { applyObjects, rulesOnly } from "./support/access.ts"
import { assertNeverWithout, endpointsOf, isFailure } from "./support/checks.ts"
import { apply } from "./support/cluster.ts"
import { echoNamespace, service } from "./support/objects.ts"
import { BACK_MS, restart } from "./support/outage.ts"
import { inScene } from "./support/scene.ts"

test(
  "the right to one resource is taken away and given back: it says so, all else goes on, nothing goes missing (fault 43)",
  slow(
    180_000,
    inScene(async (scene) => {
      const [namespace, added] = [scene.namespace("rights"), scene.namespace("added")]
      const [echo, other] = [`${namespace}/echo`, `${added}/echo`]
      await echoNamespace(namespace, 2)
      await echoNamespace(added, 1)
      await scene.entries({ "10.4.0.50": echo })
      const sync = scene.sync()
      const before = await sync.until("it publishes", (generation) => endpointsOf(generation, echo) === 2)
      const roles = scene.access.objects.filter(({ kind }) => kind === "ClusterRole")
      try {
        await applyObjects(roles.map((role) => ({ ...role, rules: rulesOnly(role, ["nodes", "services"]) })))
        // A watch that is open goes on; a restart ends it, as its time limit would.
        const from = sync.log.length
        await restart("kube-apiserver")
        const { reason } = await sync.untilLogged(
          "it says that it is refused",
          (line) => isFailure(line) && /endpointslices.*403/.test(String(line["reason"])),
          from,
          BACK_MS,
        )
        await apply(service({ namespace, name: "echo", ports: { 80: 8080, 443: 8443 } }))
        const during = await sync.until(
          "a Service's change is published all the same",
          ({ services }) => services.get(echo)?.ports.length === 2,
          BACK_MS,
        )
        assert.equal(during.services.get(echo)?.endpoints, before.services.get(echo)?.endpoints, "its endpoints stay")
        await scene.entries({ "10.4.0.50": echo, "10.4.0.51": other })
        const more = await sync.until(
          "a new entry does not wait for ever",
          ({ entries }) => "10.4.0.51" in entries,
          15_000,
        )
        assert.is(endpointsOf(more, other), 0, "though its endpoints are not available")
        assert.is(endpointsOf(more, echo), 2)
        await sync.untilStatus("it publishes still", ({ state }) => state === "published")
        figures({ reason })
      } finally {
        await applyObjects(roles)
      }
      const backAt = performance.now()
      // A refusal for good is tried again after half a minute to a minute.
      await sync.until("all is there again", (generation) => endpointsOf(generation, other) === 1, 65_000)
      figures({ convergedMs: Math.round(performance.now() - backAt) })
      assertNeverWithout(sync, echo, before)
      assert.ok(
        sync.seen.every(
          ({ generation }) => endpointsOf(generation, echo) === 2 || generation.sequence < before.sequence,
        ),
      )
    }),
  ),
)

test.run()
