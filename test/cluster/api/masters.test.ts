import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { encodeHeartbeat, HEARTBEAT_DIRECTORY, HEARTBEAT_FILE } from "../../../src/contract/heartbeat.ts"
import { encodeStatus } from "../../../src/contract/status.ts"
import type { VrrpState } from "../../../src/contract/vrrp.ts"
import { bootId, uptimeSeconds } from "../../../src/kit/time/uptime.ts"
import { slow } from "../../support/slow.ts"
import { kubectl } from "./support/cluster.ts"
import { inScene, type Scene } from "./support/scene.ts"
import { until } from "./support/until.ts"

/** What a sidecar of this node would say, which has all in effect. */
function say(
  applied: string,
  node: string,
  { sequence, state }: { readonly sequence: number; readonly state: VrrpState },
) {
  const status = encodeStatus({
    ...{ time: new Date().toISOString(), outcome: "applied", code: null, reason: null },
    ...{ observedGeneration: sequence, appliedGeneration: sequence, appliedSha256: null, pinned: null },
    ...{ node, keepalived: "running", drift: "none", keepalivedVersion: "2.3.3" },
    ...{ nodes: null, vips: [], problems: [] },
    vrrp: [
      { instance: "vips", interface: "eth0", state, since: new Date().toISOString(), reason: null, advertInterval: 1 },
    ],
  })
  writeFileSync(join(applied, "status.yaml"), status)
}

/** The sidecar lives. */
function beat(applied: string): void {
  mkdirSync(join(applied, HEARTBEAT_DIRECTORY), { recursive: true })
  const now = uptimeSeconds()
  const heartbeat = { bootId: bootId(), pid: 1, beat: now, sourceRead: now, published: null, fault: null }
  writeFileSync(join(applied, HEARTBEAT_DIRECTORY, HEARTBEAT_FILE), encodeHeartbeat(heartbeat))
}

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
