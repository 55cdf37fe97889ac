import { test } from "uvu"
import * as assert from "uvu/assert"

import { figures } from "../../support/figures.ts"
import { slow } from "../../support/slow.ts"
import { assertNeverWithout, endpointsOf, isFailure } from "./support/checks.ts"
import { apply, kubectl } from "./support/cluster.ts"
import { echoNamespace, namespaceObject, service } from "./support/objects.ts"
import { inScene } from "./support/scene.ts"
import { openSliceWriter, residentBytes, sliceAddress } from "./support/slices.ts"
import { pause } from "./support/until.ts"

test(
  "a Service is deleted and made anew with other ports",
  slow(
    60_000,
    inScene(async (scene) => {
      const namespace = scene.namespace("ports")
      const echo = `${namespace}/echo`
      await echoNamespace(namespace, 2)
      await scene.entries({ "10.4.0.50": echo, "10.4.0.52": "" })
      const sync = scene.sync()
      await sync.until("it publishes", (generation) => endpointsOf(generation, echo) === 2)
      await kubectl(["-n", namespace, "delete", "service", "echo"])
      const gone = await sync.until("it is gone", ({ services }) => !services.has(echo))
      assert.equal(gone.entries, { "10.4.0.50": echo, "10.4.0.52": "" }, "the entries stay as they are")
      await apply(service({ namespace, name: "echo", ports: { 443: 8443, 8081: 8080 } }))
      const after = await sync.until("it is back", (generation) => endpointsOf(generation, echo) === 2)
      assert.equal(after.services.get(echo)?.ports, ["443:8443", "8081:8080"])
      await sync.untilStatus("it says so", ({ state, problems }) => state === "published" && problems.length === 0)
    }),
  ),
)

test(
  "a namespace is deleted: its Services go, all others stay; made anew: they are back",
  slow(
    90_000,
    inScene(async (scene) => {
      const [doomed, other] = [scene.namespace("doomed"), scene.namespace("other")]
      await echoNamespace(doomed, 2)
      await echoNamespace(other, 1)
      await scene.entries({ "10.4.0.50": `${doomed}/echo`, "10.4.0.51": `${other}/echo` })
      const sync = scene.sync()
      const before = await sync.until("both are published", (generation) =>
        [`${doomed}/echo`, `${other}/echo`].every((key) => endpointsOf(generation, key) > 0),
      )
      await kubectl(["delete", "namespace", doomed, "--timeout=40s"])
      await sync.until("it is gone", ({ services }) => !services.has(`${doomed}/echo`))
      await echoNamespace(doomed, 3)
      await sync.until("it is back", (generation) => endpointsOf(generation, `${doomed}/echo`) === 3)
      assertNeverWithout(sync, `${other}/echo`, before)
      assert.is(endpointsOf(sync.current() ?? before, `${other}/echo`), 1)
      assert.equal(sync.log.filter(isFailure), [])
    }),
  ),
)

test(
  "1,000 endpoint changes in 10 s: at most four generations a second, the last one is what the API has (fault 55)",
  slow(
    90_000,
    inScene(async (scene) => {
      const namespace = scene.namespace("burst")
      const key = `${namespace}/manual`
      await apply(namespaceObject(namespace))
      await apply(service({ namespace, name: "manual", selected: false }))
      await scene.entries({ "10.4.0.50": key })
      const sync = scene.sync()
      await sync.until("it publishes", ({ services }) => services.has(key))
      const slice = await openSliceWriter(namespace, "manual")
      const before = await sync.until("a slice is published", (generation) => endpointsOf(generation, key) === 1)

      const startedAt = performance.now()
      const written: Promise<void>[] = []
      for (let change = 1; change <= 1000; change++) {
        written.push(slice.write(change))
        await pause(Math.max(0, startedAt + change * 10 - performance.now()))
      }
      await Promise.all(written)
      const tookMs = performance.now() - startedAt
      await slice.write(1001)
      slice.close()
      const lastAt = performance.now()
      const after = await sync.until("the last one is published", ({ services }) =>
        (services.get(key)?.endpoints ?? []).includes(sliceAddress(1001)),
      )
      const generations = after.sequence - before.sequence
      figures({
        ...{ tookMs: Math.round(tookMs), generations, convergedMs: Math.round(performance.now() - lastAt) },
        rssMb: Math.round(residentBytes(sync.pid) / 1e6),
      })
      assert.ok(tookMs < 30_000, "they came about as fast as that, on a busy machine too")
      assert.ok(generations <= (4 * tookMs) / 1000 + 3, `${generations} generations`)
      assert.ok(generations > 10, "and not only at the end")
      assert.ok(residentBytes(sync.pid) < 150e6, "memory stays small")
      assert.equal(sync.log.filter(isFailure), [])
    }),
  ),
)

test.run()
