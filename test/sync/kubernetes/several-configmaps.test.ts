import { test } from "uvu"
import * as assert from "uvu/assert"

import { createLog } from "../../../src/kit/process/log.ts"
import { systemClock } from "../../../src/kit/time/clock.ts"
import { createKubernetesApi } from "../../../src/sync/kubernetes/client/client.ts"
import { loadKubeConfig } from "../../../src/kubernetes/connection.ts"
import { openSession } from "../../../src/kubernetes/session.ts"
import { firstCollections } from "../../../src/sync/kubernetes/collection.ts"
import { startKubernetesSource } from "../../../src/sync/kubernetes/source.ts"
import { createPublish } from "../../../src/sync/publication.ts"
import { service, startFakeApiServer } from "./fake-api-server.ts"
import { patience } from "./mirrored.ts"

const KEYS = ["default/vips", "default/more", "default/gone"]

test("firstCollections() asks for each ConfigMap by its name, and for no other", () => {
  const collections = firstCollections({ configMapKeys: KEYS, nodeSelector: "" })
  assert.equal(
    collections.map(({ resource, namespace, fieldSelector }) => [resource, namespace, fieldSelector].join(" ")),
    [...["vips", "more", "gone"].map((name) => `configmaps default metadata.name=${name}`), "nodes  "],
  )
})

test("startKubernetesSource() mirrors what the entries of all ConfigMaps name, on a fake API server", async () => {
  const fake = await startFakeApiServer()
  const configMap = (name: string, data: object) => {
    return { metadata: { name, namespace: "default", resourceVersion: "5", uid: name }, data }
  }
  const more = configMap("more", { "10.4.0.51": "default/echo" })
  fake.items.set("configmaps", [configMap("vips", { "10.4.0.50": "" }), more])
  fake.items.set("services", [service("echo", 3)])
  const session = openSession(() => loadKubeConfig({ kubeconfig: null, apiserverHost: fake.url }))
  const source = startKubernetesSource({
    ...{ api: createKubernetesApi(session), clock: systemClock, random: () => 0, pod: null },
    ...{ configMapKeys: KEYS, watchNamespaces: [], nodeSelector: "", onChange: () => {} },
    patience: { ...patience, compareMs: 200 },
    log: createLog({}, { level: "silent" }),
  })
  const publish = createPublish(KEYS)
  const draft = () => {
    const reading = source.read()
    return reading.kind === "objects" ? publish(reading, () => null) : null
  }
  const filesOf = () => draft()?.publication?.files.map(({ name }) => name) ?? []
  const until = async (what: () => boolean) => {
    while (!what()) await systemClock.delay(3)
  }
  try {
    await until(() => filesOf().includes("services/default/echo.json"))
    const vips = ["vips/default/more.yaml", "vips/default/vips.yaml"]
    assert.equal(filesOf(), ["nodes.json", "services/default/echo.json", ...vips])
    assert.equal(
      draft()?.problems.map(({ code, path }) => `${code} ${path.join()}`),
      ["CONFIGMAP_MISSING ConfigMap default/gone"],
    )
    const identities = [...source.facts().configMaps].map(([key, one]) => `${key} ${one?.uid ?? "missing"}`)
    assert.equal(identities, ["default/vips vips", "default/more more", "default/gone missing"])
    // Deleted: its entries and what they name stay.
    fake.items.set("configmaps", [configMap("vips", { "10.4.0.50": "", "10.4.0.52": "" })])
    fake.version = "20"
    await until(() => draft()?.problems.length === 2)
    assert.equal(filesOf(), ["nodes.json", "services/default/echo.json", ...vips])
  } finally {
    session.close()
    await source.stop()
    await fake.close()
  }
})

test.run()
