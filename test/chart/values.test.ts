import { readFileSync } from "node:fs"
import { join } from "node:path"

import { test } from "uvu"
import * as assert from "uvu/assert"
import { parse } from "yaml"
import * as z from "zod"

import { sectionsOfKeys } from "../../scripts/chart/keys.ts"
import { testUnless } from "../support/test-unless.ts"
import { missingPrograms, runProgram } from "./support/programs.ts"
import { CHART, helmTemplate, type KubernetesObject, nameOf } from "./support/render.ts"

const testWithHelm = testUnless(missingPrograms("helm"))
const keys = sectionsOfKeys().flatMap((section) => section.keys)

const container = z.looseObject({
  name: z.string(),
  image: z.string(),
  imagePullPolicy: z.string().optional(),
  args: z.array(z.string()).default([]),
  env: z.array(z.looseObject({ name: z.string(), value: z.string().optional() })).default([]),
  ports: z.array(z.looseObject({ containerPort: z.number(), hostPort: z.number() })).default([]),
})
const podSpec = z.looseObject({
  serviceAccountName: z.string(),
  initContainers: z.array(container),
  containers: z.array(container),
})
const daemonSet = z.looseObject({
  spec: z.looseObject({
    template: z.looseObject({
      metadata: z.looseObject({
        labels: z.record(z.string(), z.string()),
        annotations: z.record(z.string(), z.string()),
      }),
      spec: podSpec,
    }),
  }),
})

const templateOf = (objects: readonly KubernetesObject[]) =>
  daemonSet.parse(objects.find(({ kind }) => kind === "DaemonSet")).spec.template
function containerOf(objects: readonly KubernetesObject[], name: string) {
  const { initContainers, containers } = templateOf(objects).spec
  const found = [...initContainers, ...containers].find((one) => one.name === name)
  if (found === undefined) throw new Error(`Cannot find the container ${name}`)
  return found
}
const environmentOf = (objects: readonly KubernetesObject[], name: string) =>
  Object.fromEntries(containerOf(objects, name).env.map(({ name, value }) => [name, value]))

test("values.yaml has each key of the schema with its default, but for those of release 0.35", () => {
  const values = parse(readFileSync(join(CHART, "values.yaml"), "utf8")) as Record<string, unknown>
  const inValues = (path: readonly string[]) =>
    path.reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], values)
  const current = keys.filter(({ current, kind }) => current && kind === "key")
  assert.ok(current.length > 40, `${current.length} keys`)
  for (const { path, fallback } of current) assert.equal(inValues(path), fallback, path.join("."))
  for (const { path, current } of keys) if (!current) assert.is(inValues(path), undefined, path.join("."))
})

test("each key says what it means", () => {
  for (const { path, description } of keys) assert.match(description, /[.]$/, path.join("."))
})

for (const [what, words, message] of [
  ["an unknown key", ["--set", "vird=51"], /additional properties 'vird' not allowed/],
  [
    "an unknown key of a container",
    ["--set", "sync.img.tag=1"],
    /at '\/sync': additional properties 'img' not allowed/,
  ],
  ["a VRID that is none", ["--set", "vrid=256"], /at '\/vrid': maximum: got 256, want 255/],
  ["a profile that is none", ["--set", "profile=0.36"], /at '\/profile'/],
  ["a layout that is none", ["--set", "layout=both"], /at '\/layout'/],
  ["a key that is taken away", ["--set", "vrid=null"], /missing property 'vrid'/],
  [
    "an address that is none",
    ["--set-string", String.raw`vips.10\.4\.0=default/web`],
    /'10.4.0' does not match pattern/,
  ],
  ["a digest that is none", ["--set", "sync.image.digest=latest"], /at '\/sync\/image\/digest'/],
  ["HAProxy", ["--set", "haproxy.enabled=true"], /PROXY protocol is not supported/],
  [
    "entries without a ConfigMap for them",
    ["--set", "configMap.create=false", "--set-string", String.raw`vips.10\.4\.0\.50=default/web`],
    /Cannot have vips without configMap.create/,
  ],
  [
    "a value under its old and its new key",
    ["--set", "vrid=51,keepalived.vrid=52"],
    /Cannot use both vrid and a key of release 0.35 for it: they say 51 and 52/,
  ],
] as const)
  testWithHelm(`the chart refuses ${what}`, async () => {
    try {
      await helmTemplate(words)
    } catch (error) {
      assert.match((error as Error).message, message)
      return
    }
    assert.unreachable("Helm refuses it")
  })

testWithHelm("helm lint --strict finds no fault", async () => {
  const { status, stdout, stderr } = await runProgram("helm", ["lint", "--strict", CHART])
  assert.is(status, 0, stdout + stderr)
  assert.not.match(stdout, /WARNING|ERROR/)
})

testWithHelm("it can be part of another chart, which hands down global values", async () => {
  assert.ok((await helmTemplate(["--set", "global.imageRegistry=x"])).length > 5)
})

testWithHelm("keys of release 0.35 are in effect", async () => {
  const objects = await helmTemplate([
    ...["--set", "keepalived.useUnicast=true,keepalived.vrid=179,httpPort=8081,haproxy.enabled=false"],
    ...[
      "--set",
      "rbac.create=false,rbac.serviceAccountName=vips,keepalived.image.repository=aledbf/kube-keepalived-vip",
    ],
    ...["--set-string", String.raw`keepalived.config.10\.4\.0\.50=default/echoheaders`],
  ])
  const sidecar = containerOf(objects, "sidecar")
  assert.equal(
    sidecar.env.filter(({ name }) => name !== "KKV_NODE"),
    [
      { name: "KKV_VRID", value: "179" },
      { name: "KKV_USE_UNICAST", value: "true" },
      { name: "KKV_HTTP_PORT", value: "8081" },
    ],
  )
  assert.equal(sidecar.ports, [{ name: "http", containerPort: 8081, hostPort: 8081 }])
  assert.is(templateOf(objects).spec.serviceAccountName, "vips")
  const configMap = z.looseObject({ data: z.looseObject({}) }).parse(objects.find(({ kind }) => kind === "ConfigMap"))
  assert.equal(configMap.data, { "10.4.0.50": "default/echoheaders" })
  assert.equal(objects.map(({ kind }) => kind).toSorted(), ["ConfigMap", "CustomResourceDefinition", "DaemonSet"])
})

testWithHelm("images: registry, tag, digest and policy, for all and for each", async () => {
  const digest = `sha256:${"0".repeat(64)}`
  const objects = await helmTemplate([
    ...["--set", "image.registry=registry.example.org/vip/,image.tag=1.0.0,image.pullPolicy=Never"],
    ...["--set", `sync.image.registry=other.example.org,sync.image.tag=2.0.0,sync.image.digest=${digest}`],
    ...["--set", "sync.image.pullPolicy=Always"],
  ])
  const images = ["sync", "sidecar", "prepare-node"].map((name) => {
    const { image, imagePullPolicy } = containerOf(objects, name)
    return `${image} ${imagePullPolicy}`
  })
  assert.equal(images, [
    `other.example.org/kkv-sync:2.0.0@${digest} Always`,
    "registry.example.org/vip/kkv-sidecar:1.0.0 Never",
    "registry.example.org/vip/kkv-sidecar:1.0.0 Never",
  ])
})

testWithHelm("settings reach their container", async () => {
  const objects = await helmTemplate([
    ...["--set", "iface=eth1,advertInterval=0.2,sidecar.extraArgs={--scheduler=rr},sync.extraArgs={--retain=9}"],
    ...["--set", "vipRanges={10.4.0.48/28,10.4.0.80},sync.httpPort=10113,profile=0.35,layout=anchor"],
    ...["--set", "prepareNode.extraEnv[0].name=KKV_WITHOUT_IPVS", "--set-string", "prepareNode.extraEnv[0].value=true"],
    ...["--set", "podLabels.team=lan,podAnnotations.note=x,additionalConfigMaps={shop/vips}"],
  ])
  const { KKV_NODE: _, ...environment } = environmentOf(objects, "sidecar")
  assert.equal(environment, {
    KKV_PROFILE: "0.35",
    KKV_LAYOUT: "anchor",
    KKV_IFACE: "eth1",
    KKV_ADVERT_INTERVAL: "0.2",
    KKV_VIP_RANGES: "10.4.0.48/28,10.4.0.80",
  })
  assert.equal(containerOf(objects, "sidecar").args, ["--scheduler=rr"])
  assert.equal(containerOf(objects, "sync").args, [
    "--services-configmap=$(POD_NAMESPACE)/$(VIP_CONFIGMAP)",
    "--services-configmap=shop/vips",
    "--http-port=10113",
    "--retain=9",
  ])
  assert.equal(containerOf(objects, "sync").ports, [{ name: "sync-http", containerPort: 10_113, hostPort: 10_113 }])
  assert.is(environmentOf(objects, "prepare-node")["KKV_WITHOUT_IPVS"], "true")
  const { labels, annotations } = templateOf(objects).metadata
  assert.equal([labels["team"], annotations["note"]], ["lan", "x"])
})

testWithHelm("names: of the release, or as the user says, and the ConfigMap's with them", async () => {
  const names = async (release: string, ...words: readonly string[]) => {
    const objects = await helmTemplate(words, release)
    const configMap = objects.find(({ kind }) => kind === "ConfigMap")!
    assert.is(environmentOf(objects, "sync")["VIP_CONFIGMAP"], configMap.metadata.name)
    return objects.filter(({ kind }) => kind === "DaemonSet" || kind === "ConfigMap").map(nameOf)
  }
  const here = "kube-keepalived-vip"
  assert.equal(await names("lan2"), [
    `ConfigMap ${here}/lan2-vip-configmap`,
    `DaemonSet ${here}/lan2-kube-keepalived-vip`,
  ])
  assert.equal(await names("x", "--set", "fullnameOverride=vips"), [
    `ConfigMap ${here}/vips-vip-configmap`,
    `DaemonSet ${here}/vips`,
  ])
  assert.equal(await names("x", "--set", "fullnameOverride=vips,configMap.name=entries"), [
    `ConfigMap ${here}/entries`,
    `DaemonSet ${here}/vips`,
  ])
})

testWithHelm(
  "rights in one's own namespace are in one Role, also with watchNamespaces and additionalConfigMaps there",
  async () => {
    const objects = await helmTemplate([
      ...[
        "--set",
        "watchNamespaces={kube-keepalived-vip,shop},additionalConfigMaps={kube-keepalived-vip/more,shop/vips}",
      ],
    ])
    assert.is(new Set(objects.map(nameOf)).size, objects.length, "no object is there twice")
    const rules = (namespace: string) =>
      z
        .looseObject({ rules: z.array(z.looseObject({ resources: z.array(z.string()) })) })
        .parse(objects.find(({ kind, metadata }) => kind === "Role" && metadata.namespace === namespace))
        .rules.flatMap(({ resources }) => resources)
    assert.equal(rules("shop"), ["services", "endpointslices", "configmaps", "events"])
    assert.equal(rules("kube-keepalived-vip").slice(-3), ["services", "endpointslices", "configmaps"])
    assert.is(environmentOf(objects, "sync")["KKV_WATCH_NAMESPACE"], "kube-keepalived-vip,shop")
  },
)

test.run()
