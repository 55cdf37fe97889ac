import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { parseAllDocuments } from "yaml"

import { slow } from "../../support/slow.ts"
import { type ApiObject, applyObjects } from "./support/access.ts"
import { apply, kubectl } from "./support/cluster.ts"
import { configMap, namespaceObject } from "./support/objects.ts"
import { inScene, type Scene } from "./support/scene.ts"
import type { Sync } from "./support/sync.ts"

const OVERLAY = join(import.meta.dirname, "../../../manifests/overlays/two-configmaps")
const SECOND = "shop/vips"

/** sync with both ConfigMaps and the rights of the overlay. The second ConfigMap does not exist. */
async function syncOfBoth({ access, sync }: Scene): Promise<Sync> {
  const built = parseAllDocuments(await kubectl(["kustomize", OVERLAY])).map((one): ApiObject => one.toJS())
  const rights = built.filter(({ metadata }) => metadata.namespace === "shop")
  assert.equal(rights.map(({ kind }) => kind).toSorted(), ["Role", "RoleBinding"])
  const args = JSON.stringify(built.find(({ kind }) => kind === "DaemonSet"))
  const flags = [...args.matchAll(/"(--services-configmap=[^"]+)"/g)].map(([, flag]) => flag)
  assert.equal(flags, ["--services-configmap=$(POD_NAMESPACE)/$(VIP_CONFIGMAP)", `--services-configmap=${SECOND}`])
  await apply(namespaceObject("shop"))
  await kubectl(["-n", "shop", "delete", "configmap", "vips", "--ignore-not-found"])
  await applyObjects(rights)
  assert.is(access.configMapKey, "kube-keepalived-vip/vip-configmap")
  return sync({ flags: ["--services-configmap", SECOND, "--node-selector", "edge=true"] })
}

const keysOf = (entries: Readonly<Record<string, string>>) => Object.keys(entries).toSorted().join(" ")

test(
  "two ConfigMaps with the overlay's rights: one that never existed is a problem and does not stop the other; one that is deleted stays (fault 53)",
  slow(
    120_000,
    inScene(async (scene) => {
      await scene.entries({ "10.4.0.50": "" })
      const sync = await syncOfBoth(scene)
      await sync.until("the first alone is published", ({ entries }) => keysOf(entries) === "10.4.0.50")
      const { problems } = await sync.untilStatus("the second is missed", (status) => status.problems.length > 0)
      assert.equal(
        problems.map(({ code }) => code),
        ["CONFIGMAP_MISSING"],
      )
      assert.match(problems[0]?.message ?? "", /"shop\/vips"/)

      await apply(configMap(SECOND, { "10.4.0.60": "" }))
      await sync.until("both are published", ({ entries }) => keysOf(entries) === "10.4.0.50 10.4.0.60")
      await sync.untilStatus("nothing is missed", (status) => status.problems.length === 0)

      await kubectl(["-n", "shop", "delete", "configmap", "vips"])
      await sync.untilStatus("the second is missed again", (status) => status.problems.length > 0)
      await scene.entries({ "10.4.0.50": "", "10.4.0.51": "" })
      await sync.until(
        "the first goes on, and the entries of the second stay",
        ({ entries }) => keysOf(entries) === "10.4.0.50 10.4.0.51 10.4.0.60",
      )

      await apply(configMap(SECOND, { "10.4.0.61": "" }))
      await sync.until("the second counts again", ({ entries }) => keysOf(entries) === "10.4.0.50 10.4.0.51 10.4.0.61")
      assert.ok(
        sync.seen.every(({ generation }) => "10.4.0.50" in generation.entries),
        "the first was never without its entry",
      )
    }),
  ),
)

test.run()
