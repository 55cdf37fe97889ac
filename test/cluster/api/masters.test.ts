import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import type { VrrpState } from "../../../src/contract/vrrp.ts"
import { slow } from "../../support/slow.ts"
import { kubectl } from "./support/cluster.ts"
import { inScene, type Scene } from "./support/scene.ts"
import { beat, say } from "./support/sidecar.ts"
import { until } from "./support/until.ts"

/** Who is master by the VipReport, in both of its fields, and what is wrong with that. */
async function report({ access }: Scene): Promise<string> {
  const [namespace = "", name = ""] = access.configMapKey.split("/")
  const path = "{.status.master}|{.status.masters}|{.status.troubles[*].reason}"
  const text = await kubectl([
    "-n",
    namespace,
    "get",
    "vipreport",
    name,
    "--ignore-not-found",
    "-o",
    `jsonpath=${path}`,
  ])
  const [master = "", masters = "", troubles = ""] = text.split("|")
  return [
    master,
    masters,
    ...troubles.split(" ").filter((reason) => reason.endsWith("Master") || reason.endsWith("Masters")),
  ].join(" ")
}

test(
  "the VipReport names the master, and says once that lasts that two nodes are, or none is (fault 256)",
  slow(
    180_000,
    inScene(async (scene) => {
      await scene.entries({ "10.4.0.50": "" })
      const nodes = ["node-0", "node-1"].map((node) => {
        const applied = join(scene.directory, `applied-${node}`)
        mkdirSync(applied)
        const sync = scene.sync({
          flags: ["--node-selector", "edge=true", "--applied", applied],
          environment: { KKV_NODE: node },
        })
        return { node, applied, sync }
      })
      const are = async (...states: readonly VrrpState[]) => {
        for (const [at, { node, applied, sync }] of nodes.entries()) {
          const { sequence } = await sync.until("it publishes", () => true)
          say(applied, node, { sequence, state: states[at] ?? "unknown" })
        }
      }
      const says = (text: string) =>
        until(`the VipReport says "${text}"`, 60_000, async () => {
          for (const { applied } of nodes) beat(applied)
          return (await report(scene)) === text ? text : null
        })
      await are("backup", "master")
      assert.ok(await says('node-1 ["node-1"]'))
      await are("master", "master")
      assert.ok(await says('node-0 node-1 ["node-0","node-1"] TwoMasters'))
      await are("backup", "backup")
      assert.ok(await says(" [] NoMaster"))
      await are("master", "backup")
      assert.ok(await says('node-0 ["node-0"]'))
    }),
  ),
)

test.run()
