import { test } from "uvu"
import * as assert from "uvu/assert"

import { systemClock } from "../../../src/kit/time/clock.ts"
import { createLog } from "../../../src/kit/process/log.ts"
import { createKubernetesApi } from "../../../src/sync/kubernetes/client/client.ts"
import { loadKubeConfig } from "../../../src/kubernetes/connection.ts"
import { openSession } from "../../../src/kubernetes/session.ts"
import { startKubernetesSource } from "../../../src/sync/kubernetes/source.ts"
import { createPublish } from "../../../src/sync/publication.ts"
import { service, startFakeApiServer } from "./fake-api-server.ts"
import { patience } from "./mirrored.ts"

test("a comparison finds the object that the watch missed, on a fake API server: it is there to be published, logged and counted (fault 54)", async () => {
  const fake = await startFakeApiServer()
  const metadata = { name: "vips", namespace: "default", resourceVersion: "5" }
  fake.items.set("configmaps", [{ metadata, data: { "10.4.0.50": "default/echo" } }])
  fake.items.set("services", [service("echo", 3)])
  const session = openSession(() => loadKubeConfig({ kubeconfig: null, apiserverHost: fake.url }))
  const lines: Record<string, unknown>[] = []
  const write = (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>)
  let hints = 0
  const source = startKubernetesSource({
    ...{ api: createKubernetesApi(session), clock: systemClock, random: () => 0, pod: null },
    ...{ configMapKeys: ["default/vips"], watchNamespaces: [], nodeSelector: "", onChange: () => (hints += 1) },
    patience: { ...patience, compareMs: 200 },
    log: createLog({}, { level: "warn", write }),
  })
  const publish = createPublish(["default/vips"])
  const published = () => {
    const reading = source.read()
    if (reading.kind !== "objects") return null
    return publish(reading, () => null).publication?.contentSha256 ?? null
  }
  const until = async (what: () => boolean) => {
    while (!what()) await systemClock.delay(3)
  }
  try {
    await until(() => published() !== null)
    const before = published()
    const hinted = hints
    // No event is sent for it.
    fake.items.set("services", [service("echo", 20, 90)])
    fake.version = "20"
    await until(() => published() !== before)
    assert.ok(hints > hinted, "a pass is asked for")
    assert.is(source.counts().drift, 1)
    const told = lines.filter(({ event }) => event === "resync drift")
    assert.equal(
      told.map(({ objects, total }) => ({ objects, total })),
      [{ objects: ["default/echo"], total: 1 }],
    )
    const compared = fake.asked.length
    await until(() => fake.asked.length > compared + 8)
    assert.is(source.counts().drift, 1, "and no more")
  } finally {
    session.close()
    await source.stop()
    await fake.close()
  }
})

test.run()
