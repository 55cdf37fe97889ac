import { randomBytes } from "node:crypto"
import { mkdirSync } from "node:fs"
import { symlink } from "node:fs/promises"
import { dirname, join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import type { StatusVip } from "../../../src/contract/status.ts"
import type { VrrpState } from "../../../src/contract/vrrp.ts"
import type { ClusterState } from "../../../src/plugin/view/state.ts"
import { run } from "../../support/run.ts"
import { slow } from "../../support/slow.ts"
import { newUser, type Rights, writeKubeconfig } from "./support/access.ts"
import { apply, auditFromNow } from "./support/cluster.ts"
import { echoNamespace } from "./support/objects.ts"
import { inScene, type Scene } from "./support/scene.ts"
import { beat, say } from "./support/sidecar.ts"
import { until } from "./support/until.ts"

const root = join(import.meta.dirname, "../../..")
const kubectl = join(root, ".cache/cluster/bin/kubectl")

interface Said {
  readonly status: number | null
  readonly out: string
  readonly err: string
}

/** A user of the real kubectl, which finds the plugin on PATH. */
interface User {
  readonly name: string
  kkv(...words: readonly string[]): Promise<Said>
}

async function userOf({ directory }: Scene, rights: Rights): Promise<User> {
  const id = `user-${randomBytes(3).toString("hex")}`
  const kubeconfig = join(directory, id)
  writeKubeconfig(kubeconfig, await newUser(id, rights))
  const plugins = join(directory, "plugins")
  mkdirSync(plugins, { recursive: true })
  await symlink(join(root, "bin/kubectl-kkv"), join(plugins, "kubectl-kkv")).catch(() => {})
  // The plugin runs the kubectl on PATH.
  await symlink(kubectl, join(plugins, "kubectl")).catch(() => {})
  const environment = {
    KUBECONFIG: kubeconfig,
    PATH: [plugins, dirname(process.execPath), process.env["PATH"] ?? ""].join(":"),
  }
  return {
    name: `system:serviceaccount:default:${id}`,
    kkv: async (...words) => {
      const { status, stdout, stderr } = await run(kubectl, ["kkv", ...words], { environment, limitMs: 60_000 })
      return { status, out: stdout, err: stderr }
    },
  }
}

/** Two nodes with a real sync each, and a fake sidecar that says what it is told. */
async function twoNodes(scene: Scene, service: string) {
  await scene.entries({ "10.4.0.50": service })
  const nodes = ["node-0", "node-1"].map((node) => {
    const applied = join(scene.directory, `applied-${node}`)
    mkdirSync(applied)
    const flags = ["--node-selector", "edge=true", "--applied", applied]
    return { node, applied, sync: scene.sync({ flags, environment: { KKV_NODE: node } }) }
  })
  const vip: StatusVip = {
    ...{ vip: "10.4.0.50", object: `ConfigMap ${scene.access.configMapKey}`, entry: "10.4.0.50", state: "applied" },
    ...{ inEffect: true, services: [service], virtualServers: 1, realServers: 2, readyPods: 2, drainingPods: 0 },
    ...{ unreachablePods: 0, unserved: 0, problem: null },
  }
  const timer = setInterval(() => nodes.forEach(({ applied }) => beat(applied)), 1000)
  return {
    are: async (...states: readonly VrrpState[]) => {
      for (const [at, { node, applied, sync }] of nodes.entries()) {
        const { sequence } = await sync.until("it publishes", () => true)
        say(applied, node, { sequence, state: states[at] ?? "unknown", vips: [vip] })
        beat(applied)
      }
    },
    end: () => clearInterval(timer),
  }
}

const lines = (text: string) => text.trimEnd().split("\n")

test(
  "kubectl kkv shows who holds the VIP, with the rights of view alone",
  slow(
    180_000,
    inScene(async (scene) => {
      const namespace = scene.namespace("shop")
      const [own = ""] = scene.access.configMapKey.split("/")
      await echoNamespace(namespace, 2)
      const viewer = await userOf(scene, { kind: "view", namespace: null })
      const guest = await userOf(scene, { kind: "view", namespace: own })
      const stranger = await userOf(scene, { kind: "none" })
      const nodes = await twoNodes(scene, `${namespace}/echo`)
      const asked = auditFromNow(viewer.name)
      const says = (holder: string, status: number) =>
        until(`kubectl kkv status names ${holder} and ends with ${status}`, 60_000, async () => {
          const said = await viewer.kkv("status", "-o", "json")
          if (said.status === 3) return null
          const { installations } = JSON.parse(said.out) as ClusterState
          const holders = installations.flatMap(({ vips }) => vips.flatMap((one) => one.holders)).join(" ")
          return holders === holder && said.status === status ? said : null
        })
      try {
        await nodes.are("backup", "master")
        await says("node-1", 0)
        const text = lines((await viewer.kkv("status")).out)
        assert.is(text[0], `${scene.access.configMapKey}: healthy`)
        assert.match(text[3] ?? "", new RegExp(`^10\\.4\\.0\\.50 +applied +node-1 .* yes +2 +0 +0 +${namespace}/echo$`))

        const explained = (await viewer.kkv("explain", `${namespace}/echo`)).out
        assert.match(explained, /^10\.4\.0\.50: applied on node-1/)
        assert.is([...explained.matchAll(/^ {4}\S+ +ready +node-\d/gm)].length, 2, explained)
        const [, pod = ""] = /^ {4}(\S+) +ready/m.exec(explained) ?? []
        const who = (await viewer.kkv("who", pod)).out
        assert.match(who, `${pod}: the address of Pod ${namespace}/echo-`)
        assert.match(who, `an endpoint of ${namespace}/echo (ready), behind 10.4.0.50`)

        // A user of the product's namespace alone.
        const asGuest = await guest.kkv("status")
        assert.is(asGuest.status, 0, asGuest.out + asGuest.err)
        assert.is((await guest.kkv("explain", "10.4.0.50")).out.includes("unknown: Cannot read services"), true)
        // A user with no right.
        const refused = await stranger.kkv("status")
        assert.is(refused.status, 3)
        assert.match(refused.err, /^kubectl kkv: Cannot list vipreports in namespace .*403/)

        await nodes.are("master", "backup")
        await says("node-0", 0)
        await nodes.are("master", "master")
        await says("node-0 node-1", 1)
        assert.match((await viewer.kkv("status")).out, "node-0 and node-1 are VRRP master at once")
        await nodes.are("fault", "master")
        await says("node-1", 1)
        assert.match((await viewer.kkv("status")).out, "Node node-0 is FAULT")
        const events = await viewer.kkv("events")
        assert.is(events.status, 0, events.err)
        assert.match(events.out, scene.access.configMapKey)

        const requests = asked()
        assert.ok(requests.length > 20, String(requests.length))
        assert.equal([...new Set(requests.map(({ verb }) => verb))].sort(), ["get", "list"])
        const denied = requests.filter(({ status }) => status === 403).map(({ resource }) => resource)
        assert.equal([...new Set(denied)], ["nodes"], "view has no Nodes, and who says so")

        await nodes.are("master", "backup")
        await says("node-0", 0)
        const plan = await viewer.kkv("drain", "node-0", "--dry-run")
        assert.is(plan.status, 0, plan.err)
        assert.match(
          plan.out,
          "Drains node-0, until kubectl kkv resume: node-1 takes over\nNothing drained (dry run)\n",
        )
        const mute = await viewer.kkv("drain", "node-0")
        assert.equal([mute.status, mute.err.includes("give --yes")], [2, true], mute.err)
        const absent = await viewer.kkv("drain", "node-0", "--yes")
        assert.match(absent.err, /^kubectl kkv: Cannot find the pod of node node-0: /)
        const containers = ["sync", "sidecar"].map((name) => ({ name, image: name }))
        const product = { apiVersion: "v1", kind: "Pod", metadata: { namespace: own, name: "vip-node-0" } }
        await apply(JSON.stringify({ ...product, spec: { nodeName: "node-0", containers } }))
        const forbidden = await until("the API server refuses the exec", 60_000, async () => {
          const said = await viewer.kkv("drain", "node-0", "--yes")
          return said.err.includes("Cannot find the pod") ? null : said
        })
        assert.is(forbidden.status, 3)
        assert.match(forbidden.err, /you may not; it takes the right "create" on "pods\/exec" in namespace "/)
        const doctor = await viewer.kkv("doctor", "node-0")
        assert.is(doctor.status, 3)
        assert.match(doctor.out, /^node-0: not asked\n {2}Cannot run "kkv doctor --output json" in pod .*you may not/)
        assert.is((await viewer.kkv("__complete", "drain", "node-")).out, "node-0\nnode-1\n:4\n")
      } finally {
        nodes.end()
      }
    }),
  ),
)

test.run()
