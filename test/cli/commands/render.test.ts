import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { parseAllDocuments } from "yaml"

import { kkv } from "../support/kkv.ts"
import { configMap, GOOD, GOOD_LINE, inTree, nodes, service, slice, type Tree } from "../support/manifests.ts"

const SEED: Tree = {
  "configmap.yaml": configMap("10.4.0.50: default/echoheaders"),
  "service.yaml": service("echoheaders"),
  "nodes.yaml": nodes("10.4.0.3", "10.4.0.4", "10.4.0.5"),
}
const FIVE = ["10.2.68.5", "10.2.9.7", "10.2.71.9", "10.2.68.21", "10.2.9.12"]
const HERE = ["--node", "n-10.4.0.4", "--iface", "eth1"]

test("render() five pods give five real servers, sorted by address", () =>
  inTree({ ...SEED, "slice.yaml": slice("echoheaders", FIVE) }, async () => {
    const said = await kkv(["render", ".", ...HERE])
    assert.is(said.status, 0)
    assert.is(said.err, "")
    assert.match(said.out, "virtual_server 10.4.0.50 80 {")
    assert.equal(
      [...said.out.matchAll(/real_server (\S+) 8080/g)].map(([, address]) => address),
      ["10.2.9.7", "10.2.9.12", "10.2.68.5", "10.2.68.21", "10.2.71.9"],
    )
    assert.match(said.out, "# end: VIPs 1, virtual servers 1, real servers 5\n")
  }))

test("render() one pod, for the example that ships", async () => {
  const said = await kkv(["render", "manifests/example", "--node", "10.4.0.3", "--iface", "eth0"])
  assert.is(said.status, 0)
  assert.match(said.out, "10.4.0.50/32 dev eth0")
  assert.equal([...said.out.matchAll(/real_server \S+ \d+/g)].flat(), ["real_server 10.2.68.5 8080"])
})

test("render() the same objects in other files, another order or as JSON give the same bytes", async () => {
  const tree: Tree = { ...SEED, ...GOOD, "slice.yaml": slice("echoheaders", FIVE), "v.yaml": configMap(GOOD_LINE) }
  const chosen = ["--services-configmap", "default/vips", ...HERE]
  const documents = Object.entries(tree)
    .filter(([name]) => name !== "v.yaml" && name !== "nodes.yaml")
    .flatMap(([, text]) => objectsIn(String(text)))
    .concat(objectsIn(nodes("10.4.0.3", "10.4.0.4", "10.4.0.5")))
  const wanted = await renderTree({ "all.json": JSON.stringify({ kind: "List", items: documents }) }, chosen)
  assert.match(wanted, "virtual_server 10.4.0.50 80 {")
  await fc.assert(
    fc.asyncProperty(shuffled(documents), fc.infiniteStream(fc.nat(3)), async (order, choices) => {
      assert.is(await renderTree(spread(order, choices), chosen), wanted)
    }),
    { numRuns: 40 },
  )
})

test("render() what is right is rendered, what is wrong is said, and the status is 1", () =>
  inTree({ ...GOOD, "v.yaml": configMap(GOOD_LINE, "foo: a/b") }, async () => {
    const said = await kkv(["render", ".", "--node", "n-10.4.0.3", "--iface", "eth0"])
    assert.is(said.status, 1)
    assert.match(said.err, /^v\.yaml:8:3: BAD_ADDRESS: /)
    assert.match(said.out, "virtual_server 10.4.0.60 80 {")
  }))

test("render() chooses the first Node by address, and says so on standard error", () =>
  inTree({ ...SEED, "nodes.yaml": nodes("10.4.0.30", "10.4.0.4") }, async () => {
    const said = await kkv(["render", ".", "--iface", "eth0"])
    assert.match(said.out, "router_id n-10.4.0.4\n")
    assert.is(
      said.err.split("\n").at(-2),
      'note: made for node "n-10.4.0.4", the first by address (--node chooses another)',
    )
  }))

test("render() without Nodes there is one, called node", () =>
  inTree({ ...SEED, "nodes.yaml": "" }, async () => {
    const said = await kkv(["render", ".", "--iface", "eth0"])
    assert.match(said.out, "router_id node\n")
    assert.match(said.err, "the manifests have no Nodes")
  }))

test("render() a Node that is not there gives no configuration", () =>
  inTree(SEED, async () => {
    const said = await kkv(["render", ".", "--node", "nope", "--iface", "eth0"])
    assert.is(said.status, 1)
    assert.is(said.out, "")
    assert.match(said.err, "NODE_UNKNOWN")
  }))

test("render() the flags reach the file", () =>
  inTree({ ...SEED, "slice.yaml": slice("echoheaders", FIVE) }, async () => {
    const flags =
      "--vrid 77 --vrrp-version 2 --advert-interval 2 --use-unicast --scheduler rr --persistence-timeout 60 --check tcp --run-dir /run/other"
    const said = await kkv(["render", ".", ...HERE, ...flags.split(" ")])
    for (const line of [
      "virtual_router_id 77",
      "vrrp_version 2",
      "advert_int 2",
      "unicast_src_ip 10.4.0.4",
      "lvs_sched rr",
      "persistence_timeout 60",
      "TCP_CHECK {",
      "file /run/other/release",
    ])
      assert.match(said.out, line)
  }))

test("render() --output json has a stable shape", () =>
  inTree(SEED, async () => {
    const said = await kkv(["render", ".", ...HERE, "--output", "json"])
    const rendering = JSON.parse(said.out) as Record<string, unknown>
    assert.equal(Object.keys(rendering).toSorted(), ["config", "interface", "node", "notes", "problems", "sha256"])
    assert.is(rendering["node"], "n-10.4.0.4")
    assert.is(said.err, "")
  }))

test("render() --profile 0.35 writes what release 0.35 did, and a flag decides against it", () =>
  inTree({ ...SEED, "slice.yaml": slice("echoheaders", FIVE.slice(0, 1)) }, async () => {
    const { out, status } = await kkv(["render", ".", ...HERE, "--profile", "0.35"])
    assert.is(status, 0)
    const [, server] = /(virtual_server 10.4.0.50 80 [^]*?\n\}\n)/.exec(out) ?? []
    assert.is(
      server,
      `virtual_server 10.4.0.50 80 {
  delay_loop 5
  lvs_sched wlc
  lvs_method NAT
  persistence_timeout 1800
  protocol TCP

  real_server 10.2.68.5 8080 {
    weight 1
    inhibit_on_failure
    TCP_CHECK {
      connect_port 8080
      connect_timeout 3
    }
  }
}
`,
    )
    assert.match(out, "  virtual_ipaddress {\n    10.4.0.50/32 dev eth1\n  }\n")
    const anchor = await kkv(["render", ".", ...HERE, "--profile", "0.35", "--layout", "anchor", "--check", "none"])
    assert.match(anchor.out, "  virtual_ipaddress {\n    169.254.50.1/32 dev eth1\n  }\n")
    assert.match(anchor.out, "persistence_timeout 1800")
    assert.not.match(anchor.out, "TCP_CHECK")
  }))

test("render() an unknown profile is refused", async () => {
  const { err, status } = await kkv(["render", ".", "--profile", "0.36"])
  assert.is(status, 2)
  assert.match(err, /--profile.*'0\.36' is invalid.*Allowed choices are default, 0\.35/)
})

test.run()

function objectsIn(text: string): readonly unknown[] {
  return parseAllDocuments(text).map((document) => document.toJS() as unknown)
}

function shuffled<T>(items: readonly T[]): fc.Arbitrary<readonly T[]> {
  return fc.shuffledSubarray([...items], { minLength: items.length, maxLength: items.length })
}

/** Puts each object into one of some files, which are YAML or JSON. */
function spread(objects: readonly unknown[], choices: Iterator<number>): Tree {
  const files = new Map<string, unknown[]>()
  for (const object of objects) {
    const name = ["a.yaml", "z.yaml", "sub/m.yml", "sub/n.json"][choices.next().value as number] ?? "a.yaml"
    files.set(name, [...(files.get(name) ?? []), object])
  }
  return Object.fromEntries(
    [...files].map(([name, items]) => [
      name,
      name.endsWith(".json")
        ? JSON.stringify({ apiVersion: "v1", kind: "List", items })
        : items.map((item) => `${JSON.stringify(item, null, 1)}\n`).join("---\n"),
    ]),
  )
}

function renderTree(tree: Tree, flags: readonly string[]): Promise<string> {
  return inTree(tree, async () => {
    const said = await kkv(["render", ".", ...flags])
    assert.is(said.status, 0, said.err)
    return said.out
  })
}
