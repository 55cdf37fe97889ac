import { test } from "uvu"
import * as assert from "uvu/assert"

import { parseObject } from "../../../src/core/objects/parse.ts"
import { createKubernetesApi } from "../../../src/sync/kubernetes/client/client.ts"
import { firstCollections } from "../../../src/sync/kubernetes/collection.ts"
import { loadKubeConfig } from "../../../src/kubernetes/connection.ts"
import { openSession } from "../../../src/kubernetes/session.ts"
import { startFakeApiServer } from "./fake-api-server.ts"

test("list() gives every key of a ConfigMap, as a watch does, with a fake API server (fault 246)", async () => {
  const fake = await startFakeApiServer()
  const session = openSession(() => loadKubeConfig({ kubeconfig: null, apiserverHost: fake.url }))
  try {
    const data = '{"10.4.0.50":"a/b","__proto__":"a/c","constructor":"a/d","toString":"a/e"}'
    const metadata = { name: "vips", namespace: "default", resourceVersion: "3" }
    fake.items.set("configmaps", [{ metadata, data: JSON.parse(data) as object }])
    const [configMaps] = firstCollections({ configMapKeys: ["default/vips"], nodeSelector: "" })
    const found: unknown[] = []
    const options = {
      resourceVersion: null,
      signal: session.ended,
      page: (page: readonly unknown[]) => void found.push(...page),
    }
    assert.is(await createKubernetesApi(session).list(configMaps!, options), "10")
    const parsed = parseObject(found[0])
    const object = parsed.kind === "object" && parsed.object.kind === "ConfigMap" ? parsed.object : null
    assert.equal(Object.keys(object?.data ?? {}).sort(), ["10.4.0.50", "__proto__", "constructor", "toString"])
  } finally {
    session.close()
    await fake.close()
  }
})

test.run()
