import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Endpoint, Endpoints, ServiceObjects } from "../../../src/core/objects/kinds.ts"
import { watchedNodes } from "../../../src/sidecar/nodes/watched.ts"
import { cluster, endpoint, node, service } from "../../core/fixture.ts"

const on = (address: string, nodeName: string | null, conditions: Partial<Endpoint["conditions"]> = {}): Endpoint => ({
  ...endpoint(address, conditions),
  nodeName,
})
const NODES = ["n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8"].map((name, at) => node(name, `10.4.0.${at + 1}`))
const watched = (services: readonly ServiceObjects[], nodes = NODES) =>
  watchedNodes(cluster(services, nodes), "n1").map(({ name, hasRealServers, realServers }) =>
    [name, hasRealServers ? "hosts" : "witness", ...realServers.map(({ address, port }) => `${address}:${port}`)].join(
      " ",
    ),
  )

test("watchedNodes() are those that host endpoints, and witnesses until there are five", () => {
  const endpoints = [on("10.2.1.1", "n1"), on("10.2.7.1", "n7"), on("10.2.3.1", "n3"), on("10.2.9.1", "unknown")]
  assert.equal(watched([service("a", { endpoints })]), [
    "n2 witness",
    "n3 hosts 10.2.3.1:8080",
    "n4 witness",
    "n5 witness",
    "n7 hosts 10.2.7.1:8080",
  ])
})

test("watchedNodes() adds no witnesses when enough nodes host endpoints", () => {
  const endpoints = ["n2", "n4", "n6", "n7", "n8"].map((name) => on(`10.2.${name.slice(1)}.1`, name))
  assert.equal(
    watched([service("a", { endpoints })]).map((one) => one.slice(0, 8)),
    ["n2 hosts", "n4 hosts", "n6 hosts", "n7 hosts", "n8 hosts"],
  )
})

const pods: [name: string, given: ServiceObjects, text: string][] = [
  [
    "at most two pods",
    service("a", { endpoints: [1, 2, 3].map((at) => on(`10.2.2.${at}`, "n2")) }),
    "10.2.2.1:8080 10.2.2.2:8080",
  ],
  [
    "each pod once",
    service("a", { ports: [{ name: "x" }, { name: "y", port: 81 }], endpoints: [on("10.2.2.1", "n2")] }),
    "10.2.2.1:8080",
  ],
  ["no UDP", service("a", { ports: [{ protocol: "UDP" }], endpoints: [on("10.2.2.1", "n2")] }), ""],
  ["none that does not serve", service("a", { endpoints: [on("10.2.2.1", "n2", { ready: false })] }), ""],
  [
    "nothing that packets would not be forwarded to",
    service("a", { endpoints: [on("127.0.0.1", "n2"), on("::1", "n2"), on("169.254.169.254", "n2")] }),
    "",
  ],
]
for (const [name, given, text] of pods)
  test(`watchedNodes() have as a second opinion ${name}`, () => {
    assert.is(
      watched([given]).find((one) => one.startsWith("n2")),
      `n2 hosts ${text}`.trim(),
    )
  })

test("watchedNodes() uses Endpoints when slices are missing", () => {
  const object: Endpoints = {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: { namespace: "default", name: "a" },
    subsets: [{ addresses: [{ ip: "10.2.2.1", nodeName: "n2" }], ports: [{ name: "", port: 8080, protocol: "TCP" }] }],
  }
  const endpoints = { object, place: { file: "a.yaml", line: 1, column: 1 }, keyPlaces: new Map() }
  assert.is(watched([{ ...service("a"), slices: [], endpoints }])[0], "n2 hosts 10.2.2.1:8080")
})

test("watchedNodes() leave out a Node without an address, and one that has our own", () => {
  const nodes = [node("n1", "10.4.0.1"), node("twin", "10.4.0.1"), node("none", "nowhere"), node("loop", "127.0.0.1")]
  assert.equal(watched([service("a", { endpoints: [on("10.2.1.1", "twin"), on("10.2.1.2", "none")] })], nodes), [])
})

test.run()
