import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { figures } from "../../support/figures.ts"
import { applyObjects, rulesOnly } from "./support/access.ts"
import { apply, auditFromNow, kubectl } from "./support/cluster.ts"
import { configMap, deployment, echoNamespace, namespaceObject, service } from "./support/objects.ts"
import { inScene } from "./support/scene.ts"
import type { Mirrored } from "./support/sync.ts"
import { until } from "./support/until.ts"

/** Names of the slices that the endpoint slice controller has made for the Service `echo`. */
async function slicesOf(namespace: string): Promise<readonly string[]> {
  const label = "kubernetes.io/service-name=echo,endpointslice.kubernetes.io/managed-by=endpointslice-controller.k8s.io"
  const text = await kubectl(["-n", namespace, "get", "endpointslices", "-l", label, "-o", "name"])
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("/")[1] ?? "")
}

async function podAddresses(namespace: string): Promise<readonly string[]> {
  const text = await kubectl(["-n", namespace, "get", "pods", "-o", "jsonpath={.items[*].status.podIP}"])
  return text.split(" ").toSorted()
}

test(
  "a Deployment, its Service and an entry become a generation with the slices of the real controllers",
  inScene(async (scene) => {
    const namespace = scene.namespace("echo")
    await scene.entries({ "10.4.0.50": `${namespace}/echo` })
    const sync = scene.sync()
    await sync.until("the entry alone is published", ({ entries }) => "10.4.0.50" in entries)
    await echoNamespace(namespace, 3)
    const { services, nodes, files } = await sync.until(
      "three endpoints are published",
      ({ services }) => services.get(`${namespace}/echo`)?.endpoints.length === 3,
    )
    const echo = services.get(`${namespace}/echo`)
    assert.equal(echo?.ports, ["80:8080"])
    assert.equal(echo?.slices, await slicesOf(namespace))
    assert.equal(echo?.endpoints, await podAddresses(namespace))
    assert.equal(nodes, ["node-0", "node-1"], "those that --node-selector selects")
    assert.equal(files, ["nodes.json", `services/${namespace}/echo.json`, `vips/${scene.access.configMapKey}.yaml`])
    await sync.untilStatus("it says so", ({ state }) => state === "published")
  }),
)

test(
  "the same objects, exported by kubectl into a directory, have the same contentSha256",
  inScene(async (scene) => {
    const [one, two] = [scene.namespace("one"), scene.namespace("two")]
    await echoNamespace(one, 3)
    await echoNamespace(two, 2)
    await apply(service({ namespace: two, name: "many-ports", ports: { 80: 8080, 443: 8443 } }))
    await scene.entries({ "10.4.0.50": `${one}/echo`, "10.4.0.51": `${two}/echo\n${two}/many-ports`, "10.4.0.52": "" })
    // The controllers are done: what is exported a moment later is the same.
    const wanted = new Map([
      [`${one}/echo`, 3],
      [`${two}/echo`, 2],
      [`${two}/many-ports`, 0],
    ])
    const isWhole = ([key, { slices, endpoints }]: [string, Mirrored]) =>
      slices.length === 1 && endpoints.length === wanted.get(key)
    const api = await scene
      .sync()
      .until(
        "all Services are published, each with the slice that belongs to it",
        ({ services }) => services.size === wanted.size && [...services].every(isWhole),
      )

    const source = join(scene.directory, "exported")
    mkdirSync(source)
    const [mapNamespace = "", mapName = ""] = scene.access.configMapKey.split("/")
    const exports: readonly [file: string, words: readonly string[]][] = [
      ["configmap", ["-n", mapNamespace, "get", "configmap", mapName]],
      ["nodes", ["get", "nodes", "-l", "edge=true"]],
      ...[one, two].map((name): [string, string[]] => [name, ["-n", name, "get", "services,endpointslices"]]),
    ]
    for (const [file, words] of exports)
      writeFileSync(join(source, `${file}.yaml`), await kubectl([...words, "-o", "yaml"]))
    const directory = await scene
      .sync({ source: ["--source", source], flags: [] })
      .until("the directory is published", () => true)
    assert.is(directory.contentSha256, api.contentSha256)
    assert.equal(directory.files, api.files)
  }),
)

test(
  "scaling up and down follows the pods: unready, terminating, gone",
  inScene(async (scene) => {
    const namespace = scene.namespace("scale")
    const echo = `${namespace}/echo`
    await echoNamespace(namespace, 1)
    await scene.entries({ "10.4.0.50": echo })
    const sync = scene.sync()
    const endpointsAre = (what: string, check: (endpoints: readonly string[]) => boolean) =>
      sync.until(what, ({ services }) => check(services.get(echo)?.endpoints ?? []))
    await endpointsAre("one endpoint is published", ({ length }) => length === 1)

    const startedAt = performance.now()
    await kubectl(["-n", namespace, "scale", "deployment/echo", "--replicas=5"])
    await endpointsAre("five endpoints are published", ({ length }) => length === 5)
    figures({ scaledUpMs: Math.round(performance.now() - startedAt) })
    const pods = (await kubectl(["-n", namespace, "get", "pods", "-o", "name"])).trim().split("\n")
    await kubectl(["-n", namespace, "annotate", pods[0] ?? "", "bed/ready=false"])
    await endpointsAre("one is unready", (endpoints) => endpoints.filter((one) => one.endsWith("unready")).length === 1)
    await kubectl(["-n", namespace, "annotate", pods[0] ?? "", "bed/ready-"])
    await endpointsAre("all are ready", (endpoints) => endpoints.every((one) => !one.includes(" ")))

    await kubectl(["-n", namespace, "scale", "deployment/echo", "--replicas=2"])
    await endpointsAre(
      "three terminate",
      (endpoints) => endpoints.filter((one) => one.endsWith("terminating")).length === 3,
    )
    await endpointsAre("two are left", ({ length }) => length === 2)
    await kubectl(["-n", namespace, "scale", "deployment/echo", "--replicas=0"])
    const empty = await endpointsAre("none is left", ({ length }) => length === 0)
    assert.ok(empty.services.has(echo), "a Service without pods is still mirrored")
  }),
)

test(
  "an entry that names a Service in a namespace not yet watched works without a restart; one that goes takes its Service along",
  inScene(async (scene) => {
    const [known, added] = [scene.namespace("known"), scene.namespace("added")]
    await echoNamespace(known, 1)
    await echoNamespace(added, 2)
    await scene.entries({ "10.4.0.50": `${known}/echo` })
    const audited = auditFromNow(scene.access.user)
    const sync = scene.sync()
    await sync.until("the first is published", ({ services }) => services.has(`${known}/echo`))
    const open = () => audited().filter(({ namespace }) => namespace === added)
    assert.equal(open(), [], "nothing was asked about the other namespace")

    const startedAt = performance.now()
    await scene.entries({ "10.4.0.50": `${known}/echo`, "10.4.0.51": `${added}/echo` })
    const both = await sync.until("the second is published", ({ services }) => services.size === 2)
    figures({ addedMs: Math.round(performance.now() - startedAt) })
    assert.is(both.services.get(`${added}/echo`)?.endpoints.length, 2)
    assert.ok(
      sync.seen.slice(1).every(({ generation }) => generation.services.has(`${known}/echo`)),
      "no generation in between lacks the first",
    )

    await scene.entries({ "10.4.0.51": `${added}/echo` })
    await sync.until("the first is gone", ({ services }) => !services.has(`${known}/echo`) && services.size === 1)
    await kubectl(["-n", added, "scale", "deployment/echo", "--replicas=3"])
    await sync.until("the second goes on", ({ services }) => services.get(`${added}/echo`)?.endpoints.length === 3)
    await until("the watches of the first have ended", 10_000, () => {
      const watches = audited().filter(({ namespace, verb }) => namespace === known && verb === "watch")
      const ended = watches.filter(({ stage }) => stage === "ResponseComplete").length
      return ended > 0 && ended === watches.length - ended ? true : null
    })
  }),
)

test(
  "what nobody names is not mirrored, and not even asked for",
  inScene(async (scene) => {
    const [named, other] = [scene.namespace("named"), scene.namespace("other")]
    await echoNamespace(named, 1)
    await echoNamespace(other, 1)
    await apply(
      deployment({ namespace: named, name: "neighbour", replicas: 1 }),
      service({ namespace: named, name: "neighbour" }),
      configMap(`${named}/settings`, { "10.4.0.99": `${named}/neighbour` }),
    )
    await scene.entries({ "10.4.0.50": `${named}/echo` })
    const audited = auditFromNow(scene.access.user)
    const sync = scene.sync()
    const { sequence } = await sync.until(
      "one endpoint is published",
      ({ services }) => services.get(`${named}/echo`)?.endpoints.length === 1,
    )
    await kubectl(["-n", named, "scale", "deployment/neighbour", "--replicas=3"])
    await kubectl(["-n", other, "scale", "deployment/echo", "--replicas=3"])
    await kubectl(["-n", named, "rollout", "status", "deployment/neighbour", "--timeout=20s"])
    await kubectl(["-n", named, "scale", "deployment/echo", "--replicas=2"])
    const after = await sync.until(
      "a change of ours is published",
      ({ services }) => services.get(`${named}/echo`)?.endpoints.length === 2,
    )
    assert.equal(after.files, ["nodes.json", `services/${named}/echo.json`, `vips/${scene.access.configMapKey}.yaml`])
    assert.ok(after.sequence <= sequence + 2, "changes of others publish nothing")
    const [mapNamespace = ""] = scene.access.configMapKey.split("/")
    const asked = audited().filter(({ resource }) => resource !== "")
    const strange = asked.filter(({ resource, namespace, uri }) => {
      if (resource === "nodes") return !uri.includes("labelSelector=edge%3Dtrue")
      if (resource === "configmaps")
        return namespace !== mapNamespace || !uri.includes("fieldSelector=metadata.name%3D")
      if (resource === "services") return namespace !== named || !uri.includes("fieldSelector=metadata.name%3Decho")
      return (
        resource !== "endpointslices" ||
        namespace !== named ||
        !/labelSelector=kubernetes.io%2Fservice-name[+%20]+in[+%20]+%28echo%29/.test(uri)
      )
    })
    assert.equal(
      strange.map(({ verb, uri }) => `${verb} ${uri}`),
      [],
    )
    figures({ requests: asked.length })
  }),
)

test(
  "--watch-namespace looks into these namespaces only, and Roles there are enough for their Services",
  inScene(async (scene) => {
    const [watched, outside] = [scene.namespace("watched"), scene.namespace("outside")]
    await echoNamespace(watched, 1)
    await echoNamespace(outside, 1)
    const subject = { kind: "ServiceAccount", name: scene.access.serviceAccount, namespace: scene.access.namespace }
    // What the cluster-wide role says of Services and slices, said of one namespace; of Nodes, which have none, it stays.
    const cluster = scene.access.objects.filter(({ kind }) => kind === "ClusterRole")
    const rbac = "rbac.authorization.k8s.io"
    try {
      await applyObjects([
        ...cluster.map((role) => ({ ...role, rules: rulesOnly(role, ["nodes"]) })),
        {
          apiVersion: `${rbac}/v1`,
          kind: "Role",
          metadata: { name: "sync", namespace: watched },
          rules: cluster.flatMap((role) => rulesOnly(role, ["services", "endpointslices"])),
        },
        {
          ...{ apiVersion: `${rbac}/v1`, kind: "RoleBinding", metadata: { name: "sync", namespace: watched } },
          ...{ roleRef: { apiGroup: rbac, kind: "Role", name: "sync" }, subjects: [subject] },
        },
      ])
      const audited = auditFromNow(scene.access.user)
      await scene.entries({ "10.4.0.50": `${watched}/echo`, "10.4.0.51": `${outside}/echo` })
      const sync = scene.sync({ flags: ["--node-selector", "edge=true", "--watch-namespace", watched] })
      const { services } = await sync.until("the watched one is published", ({ services }) => services.size === 1)
      assert.equal(services.get(`${watched}/echo`)?.endpoints.length, 1)
      assert.equal(sync.log.find(({ event }) => event === "outside of --watch-namespace")?.["services"], [
        `${outside}/echo`,
      ])
      assert.equal(
        audited().filter(({ status, namespace }) => status === 403 || namespace === outside),
        [],
      )
    } finally {
      await applyObjects(cluster)
    }
  }),
)

test(
  "Nodes come and go as their labels do",
  inScene(async (scene) => {
    await scene.entries({ "10.4.0.52": "" })
    const sync = scene.sync()
    await sync.until("two Nodes are published", ({ nodes }) => nodes.join() === "node-0,node-1")
    await kubectl(["label", "node", "node-2", "edge=true"])
    await sync.until("the third is published", ({ nodes }) => nodes.join() === "node-0,node-1,node-2")
    await kubectl(["label", "node", "node-2", "edge-"])
    await sync.until("it is gone", ({ nodes }) => nodes.join() === "node-0,node-1")
  }),
)

test(
  "a Service that does not exist yet is no problem, and comes when it is there",
  inScene(async (scene) => {
    const namespace = scene.namespace("later")
    await scene.entries({ "10.4.0.50": `${namespace}/echo` })
    const sync = scene.sync()
    await sync.until("the entry is published", ({ services }) => services.size === 0)
    await sync.untilStatus("it says so", ({ state, problems }) => state === "published" && problems.length === 0)
    await apply(namespaceObject(namespace))
    await apply(service({ namespace, name: "echo" }))
    await sync.until(
      "the Service is published",
      ({ services }) => services.get(`${namespace}/echo`)?.ports.join() === "80:8080",
    )
  }),
)

test.run()
