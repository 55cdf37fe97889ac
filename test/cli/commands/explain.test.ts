import { writeFile } from "node:fs/promises"

import { test } from "uvu"
import * as assert from "uvu/assert"

import type { Explanation } from "../../../src/cli/commands/explanation.ts"
import { kkv } from "../support/kkv.ts"
import { configMap, inTree, nodes, service, slice, type Tree } from "../support/manifests.ts"
import { STATUS, volumes } from "../support/volume.ts"

const pod = (address: string, conditions: string) => `{ addresses: [${address}], conditions: { ${conditions} } }`

const TREE: Tree = {
  "vips.yaml": configMap("10.4.0.50: default/echo"),
  "nodes.yaml": nodes("10.4.0.3"),
  "services/default/echo.yaml": `${service("echo")}---\n${slice("echo", [
    pod("10.2.0.1", "ready: true"),
    pod("10.2.0.2", "ready: false"),
    pod("10.2.0.3", "ready: false, serving: true, terminating: true"),
    pod("10.2.0.4", "ready: false, serving: false, terminating: true"),
    pod("127.0.0.1", "ready: true"),
    pod("10.4.0.50", "ready: true"),
  ])}`,
}

test("explain() every endpoint says why it is a real server, or why not", () =>
  inTree(TREE, async () => {
    const said = await kkv(["explain", "10.4.0.50", ".", "--iface", "eth0", "--output", "json"])
    assert.is(said.status, 0)
    const { services } = JSON.parse(said.out) as Explanation
    assert.equal(
      services[0]?.ports[0]?.sources[0]?.endpoints.map(({ address, weight, why }) => [address, weight, why]),
      [
        ["10.2.0.1", 1, "it is ready"],
        ["10.2.0.2", null, "it is not ready"],
        ["10.2.0.3", 0, "it terminates: it gets no new connections, and may finish the old ones"],
        ["10.2.0.4", null, "it is terminating and no longer serves"],
        ["127.0.0.1", null, "127.0.0.0/8 is the loopback range"],
        ["10.4.0.50", null, "it is the VIP itself"],
      ],
    )
  }))

test("explain() Endpoints count only if slices are missing", async () => {
  const old =
    "---\napiVersion: v1\nkind: Endpoints\nmetadata: { name: echo }\nsubsets:\n" +
    "  - addresses: [{ ip: 10.2.0.8 }]\n    ports: [{ name: http, port: 8080 }]\n"
  const slices = `---\n${slice("echo", ["10.2.0.1"])}`
  for (const [more, why] of [
    ["", "it is ready"],
    [slices, "the Service has EndpointSlices, so Endpoints do not count"],
  ] as const)
    await inTree({ ...TREE, "services/default/echo.yaml": `${service("echo")}${old}${more}` }, async () => {
      const said = await kkv(["explain", "10.4.0.50", ".", "--output", "json"])
      const { services } = JSON.parse(said.out) as Explanation
      const found = services[0]?.ports[0]?.sources.find(({ kind }) => kind === "Endpoints")?.endpoints[0]
      assert.equal([found?.why, found?.weight], [why, more === "" ? 1 : null])
    })
})

test("explain() the lines are those that render prints", () =>
  inTree(TREE, async () => {
    const flags = ["--iface", "eth0"]
    const lines = (await kkv(["render", ".", ...flags])).out.split("\n")
    const { config } = JSON.parse(
      (await kkv(["explain", "10.4.0.50", ".", ...flags, "--output", "json"])).out,
    ) as Explanation
    assert.equal(
      config?.blocks.map(({ kind }) => kind),
      ["address", "virtual-server"],
    )
    for (const block of config?.blocks ?? []) assert.equal(block.lines, lines.slice(block.first - 1, block.last))
    const text = (await kkv(["explain", "10.4.0.50", ".", ...flags])).out
    assert.match(text, "10.4.0.50: applied\n  entry  vips.yaml:7:3\n         default/echo\n")
    assert.match(text, "Service default/echo (NAT)  services/default/echo.yaml:1:1\n")
    assert.match(text, /\n {2}lines 48-\d+: virtual server 10\.4\.0\.50 80 TCP\n {4}48 \| # Service: default\/echo\n/)
  }))

test("explain() a broken entry: why it is left out, and what of it can be read", () =>
  inTree({ ...TREE, "vips.yaml": configMap("10.4.0.50: |", "  default/echo:DR", "  default/nope") }, async () => {
    const said = await kkv(["explain", "10.4.0.50", "."])
    assert.is(said.status, 0)
    assert.match(said.out, "10.4.0.50: left-out\n")
    assert.match(said.out, "its virtual server is left out (PORT_MAPPING_NEEDS_NAT)")
    assert.match(said.out, "Service default/nope (NAT)  (not found)\n")
    assert.match(said.out, "\n  vips.yaml:7:3: PORT_MAPPING_NEEDS_NAT: ")
  }))

test("explain() a VIP alone", () =>
  inTree({ "v.yaml": configMap('10.4.0.50: ""') }, async () => {
    assert.match(
      (await kkv(["explain", "10.4.0.50", "."])).out,
      "(empty: the VIP is announced and nothing is forwarded)",
    )
  }))

test("explain() an unknown VIP: which there are, status 1", () =>
  inTree({ "v.yaml": configMap('10.4.0.50: ""', '10.4.0.51: ""') }, async () => {
    const said = await kkv(["explain", "10.4.0.5", "."])
    assert.is(said.status, 1)
    assert.is(said.err, 'kkv: Cannot explain "10.4.0.5": default/vips has only 10.4.0.50 and 10.4.0.51\n')
  }))

test("explain() on the volumes: the state that the sidecar reports and the file that runs", () => {
  const [vip] = STATUS.vips
  const held = { ...vip!, state: "held", problem: { code: "BAD_TARGET", message: "Cannot forward" } } as const
  const tree = volumes({ ...TREE, "vips.yaml": configMap("10.4.0.50: default/gone") }, { status: { vips: [held] } })
  return inTree(tree, async (directory) => {
    const live =
      "a\nb\n    10.4.0.50/32 dev eth0\n\n# Service: default/old\nvirtual_server 10.4.0.50 80 {\n  protocol UDP\n}\n"
    await writeFile(`${directory}/applied/keepalived.conf`, live)
    const said = await kkv(["explain", "10.4.0.50", "--applied", "applied", "--desired", "desired"])
    assert.is(said.status, 0)
    assert.match(
      said.out,
      "10.4.0.50: held\n  BAD_TARGET: Cannot forward\n  entry  desired/generations/00000000000000000007-0123456789ab/vips.yaml:7:3\n",
    )
    assert.match(
      said.out,
      "applied/keepalived.conf\n  line 3: announced\n    3 |     10.4.0.50/32 dev eth0\n  lines 5-8: virtual server 10.4.0.50 80 UDP\n",
    )
  })
})

test("explain() a node as real server with DR: why it is none (fault 206)", () => {
  const tree = {
    ...TREE,
    "vips.yaml": configMap("10.4.0.50: default/echo:DR"),
    "services/default/echo.yaml": `${service("echo")}---\n${slice("echo", [pod("10.4.0.3", "ready: true")])}`,
  }
  return inTree(tree, async () => {
    const said = await kkv(["explain", "10.4.0.50", ".", "--iface", "eth0"])
    assert.match(said.out, 'it is node "n-10.4.0.3", which DR cannot reach (DR_TO_NODE); use NAT')
  })
})

test("explain() on the volumes: a running VIP that a Node lists is not an address of that Node (fault 200)", () => {
  const tree = volumes({ ...TREE, "nodes.yaml": nodes("10.4.0.50") })
  return inTree(tree, async () => {
    const said = await kkv(["explain", "10.4.0.50", "--applied", "applied", "--desired", "desired"])
    assert.match(said.out, "VIP_LISTED_BY_NODE")
    assert.not.match(said.out, "VIP_IS_NODE_ADDRESS")
  })
})

test("explain() shows the line of a mistake with a caret below it", () => {
  const text =
    "shop: |\n    addresses: [10.4.0.60]\n    services:\n      - service: default/echo\n        schedular: wlc\n"
  return inTree({ ...TREE, "vips.yaml": configMap(text) }, async () => {
    const { out } = await kkv(["explain", "shop", ".", "--iface", "eth0"])
    const [, quote] = out.split("Problems\n")
    assert.match(
      quote ?? "",
      /^ {2}vips\.yaml:11:9: BAD_FIELD: Cannot read "schedular" of "shop": .*\n {12}schedular: wlc\n {12}\^\n$/,
    )
  })
})

test("explain() an entry in the long form: each of its VIPs by its name, one by its address", () => {
  const text =
    "shop: |\n    addresses: [10.4.0.60, 10.4.0.61]\n    services:\n      - service: default/echo\n        ports: [{servicePort: http, port: 8080}]\n"
  return inTree({ ...TREE, "vips.yaml": configMap(text) }, async () => {
    const named = await kkv(["explain", "shop", ".", "--iface", "eth0"])
    assert.is(named.status, 0)
    assert.equal(
      [...named.out.matchAll(/^(10\S+): .*\n {2}entry {2}"shop", /gm)].map(([, vip]) => vip),
      ["10.4.0.60", "10.4.0.61"],
    )
    assert.match(named.out, "port 80/TCP (http), target port 8080: virtual server 10.4.0.61 8080 TCP")
    const one = await kkv(["explain", "10.4.0.61", ".", "--iface", "eth0", "--output", "json"])
    const { vip, entry } = JSON.parse(one.out) as Explanation
    assert.equal([vip, entry.name], ["10.4.0.61", "shop"])
  })
})

test.run()
