import { test } from "uvu"
import * as assert from "uvu/assert"
import { createModelBuilder } from "../../../src/core/model/build-model.ts"
import type { ModelInput } from "../../../src/core/model/types.ts"
import type { ModelCode } from "../../../src/core/model/problem-codes.ts"
import type { LastGoodEntry } from "../../../src/core/model/last-good.ts"
import { LIMITS } from "../../../src/core/model/limits.ts"
import type { ModelSettings } from "../../../src/core/model/settings.ts"
import { cluster, endpoint, id, input, node, service, type ServiceOptions, SETTINGS, vipsIn } from "../fixture.ts"

const build = (given: ModelInput, settings: Partial<ModelSettings> = {}) =>
  createModelBuilder({ ...SETTINGS, ...settings })(given)
const serversOf = (given: ModelInput, settings: Partial<ModelSettings> = {}) =>
  vipsIn(build(given, settings).model).flatMap((vip) =>
    vip.virtualServers.map(
      (one) =>
        `${one.address} ${one.port} ${one.protocol} ${one.forwardingMethod} ${one.realServers.map((real) => `${real.address}:${real.port}=${real.weight}`).join(" ")}`,
    ),
  )

test("createModelBuilder() sorts VIPs and real servers as numbers", () => {
  const objects = cluster([service("a", { addresses: ["10.2.1.100", "10.2.1.9", "10.2.1.20"] })])
  const { model } = build(input({ "10.4.0.100": "default/a", "10.4.0.9": "default/a" }, objects))
  assert.equal(
    vipsIn(model).map((vip) => vip.address),
    ["10.4.0.9", "10.4.0.100"],
  )
  assert.equal(
    vipsIn(model)[0]?.virtualServers[0]?.realServers.map((real) => real.address),
    ["10.2.1.9", "10.2.1.20", "10.2.1.100"],
  )
})

const joined: [name: string, options: ServiceOptions, text: string, servers: string[]][] = [
  ["one port", {}, "default/a", ["10.4.0.50 80 TCP NAT 10.2.1.11:8080=1"]],
  [
    "TCP and UDP on one number",
    {
      ports: [
        { name: "dns", port: 53, protocol: "UDP" },
        { name: "dns-tcp", port: 53 },
      ],
      targetPort: 53,
    },
    "default/a:DR",
    ["10.4.0.50 53 TCP DR 10.2.1.11:53=1", "10.4.0.50 53 UDP DR 10.2.1.11:53=1"],
  ],
  ["nothing ready", { endpoints: [endpoint("10.2.1.11", { ready: false })] }, "default/a", []],
  [
    "one terminating beside a ready one",
    { endpoints: [endpoint("10.2.1.11"), endpoint("10.2.1.12", { ready: false, serving: true, terminating: true })] },
    "default/a",
    ["10.4.0.50 80 TCP NAT 10.2.1.11:8080=1 10.2.1.12:8080=0"],
  ],
  [
    "only terminating ones that serve",
    { endpoints: [endpoint("10.2.1.12", { ready: false, serving: true, terminating: true })] },
    "default/a",
    ["10.4.0.50 80 TCP NAT 10.2.1.12:8080=1"],
  ],
  [
    "an endpoint that is the VIP",
    { addresses: ["10.4.0.50", "10.2.1.11"] },
    "default/a",
    ["10.4.0.50 80 TCP NAT 10.2.1.11:8080=1"],
  ],
  [
    "an endpoint that is not a host",
    { addresses: ["127.0.0.1", "10.2.1.11"] },
    "default/a",
    ["10.4.0.50 80 TCP NAT 10.2.1.11:8080=1"],
  ],
  ["a headless Service", { clusterIP: "None" }, "default/a", ["10.4.0.50 80 TCP NAT 10.2.1.11:8080=1"]],
  ["a VIP only", {}, "", []],
]
for (const [name, options, text, servers] of joined)
  test(`createModelBuilder() joins ${name}`, () => {
    const given = input({ "10.4.0.50": text }, cluster([service("a", options)]))
    assert.equal(serversOf(given), servers)
    assert.equal(
      vipsIn(build(given).model).map((vip) => vip.address),
      ["10.4.0.50"],
    )
  })

const broken: [name: string, key: string, text: string, options: ServiceOptions, code: ModelCode, leftOut: boolean][] =
  [
    ["a Service that does not exist", "10.4.0.50", "default/none", {}, "SERVICE_NOT_FOUND", true],
    ["an ExternalName", "10.4.0.50", "default/a", { type: "ExternalName" }, "SERVICE_EXTERNAL_NAME", true],
    ["a Service without ports", "10.4.0.50", "default/a", { ports: [] }, "SERVICE_WITHOUT_PORTS", true],
    [
      "SCTP beside TCP",
      "10.4.0.50",
      "default/a",
      { ports: [{ name: "s", protocol: "SCTP" }, { name: "t" }] },
      "PROTOCOL_NOT_SUPPORTED",
      false,
    ],
    ["DR with another port", "10.4.0.50", "default/a:DR", {}, "PORT_MAPPING_NEEDS_NAT", true],
    [
      "DR with another port and no pod yet",
      "10.4.0.50",
      "default/a:DR",
      { addresses: [] },
      "PORT_MAPPING_NEEDS_NAT",
      true,
    ],
    ["a port claimed twice", "10.4.0.50", "default/a\ndefault/b", {}, "PORT_CONFLICT", false],
    ["a node's own address", "10.4.0.3", "default/a", {}, "VIP_IS_NODE_ADDRESS", true],
  ]
for (const [name, key, text, options, code, leftOut] of broken)
  test(`createModelBuilder() answers ${name} with ${code} and does not change the neighbour (faults ${code === "PORT_CONFLICT" ? "63, 65" : "65"})`, () => {
    const objects = cluster([service("a", options), service("b")], [node("n1", "10.4.0.3")])
    const { model, entries, problems } = build(input({ [key]: text, "10.4.0.60": "default/b" }, objects))
    assert.equal(
      problems.filter((one) => one.severity === "error").map((one) => one.code),
      [code],
    )
    assert.is(problems[0]?.place?.line, 6)
    assert.is(entries[0]?.state, leftOut ? "left-out" : "partial")
    assert.is(entries[1]?.state, "good")
    assert.is(
      vipsIn(model).some((vip) => vip.address === "10.4.0.60"),
      true,
    )
    assert.is(
      vipsIn(model).some((vip) => vip.address === key),
      !leftOut,
    )
  })

const held = (text: string, data: Record<string, string>, options: ServiceOptions = {}) => {
  const objects = cluster([service("a", options)])
  const before = vipsIn(build(input({ "10.4.0.50": text }, cluster([service("a")]))).model)[0]
  if (before === undefined) throw new Error("the fixture has no VIP")
  return input(data, objects, { lastGood: new Map<string, LastGoodEntry>([[id("10.4.0.50"), { text, vip: before }]]) })
}

test("createModelBuilder() holds a broken entry in its last good form, with the current pods", () => {
  const given = held("default/a", { "10.4.0.50": "default/a:NATX" }, { addresses: ["10.2.9.9"] })
  assert.is(build(given).entries[0]?.state, "held")
  assert.equal(serversOf(given), ["10.4.0.50 80 TCP NAT 10.2.9.9:8080=1"])
})

test("createModelBuilder() holds a VIP exactly as it was when its Service is gone", () => {
  const given = { ...held("default/a", { "10.4.0.50": "default/a" }), objects: cluster([]) }
  assert.is(build(given).entries[0]?.state, "held")
  assert.equal(serversOf(given), ["10.4.0.50 80 TCP NAT 10.2.1.11:8080=1"])
})

test("createModelBuilder() holds an entry that keepalived refused exactly as it last was", () => {
  const given = held("default/a", { "10.4.0.50": "default/a" }, { addresses: ["10.2.9.9"] })
  const { entries } = build({
    ...given,
    refused: new Map([[id("10.4.0.50"), { code: "REFUSED_BY_KEEPALIVED", reason: "bad luck" }]]),
  })
  assert.is(entries[0]?.state, "held")
  assert.is(entries[0]?.vip?.virtualServers[0]?.realServers[0]?.address, "10.2.1.11")
  assert.match(entries[0]?.problems[0]?.message ?? "", "bad luck")
})

test("createModelBuilder() never holds a VIP that is a node's address", () => {
  const given = held("default/a", { "10.4.0.50": "default/a:NATX" })
  const { entries } = build({ ...given, objects: { ...given.objects, nodes: [node("n1", "10.4.0.50")] } })
  assert.is(entries[0]?.state, "left-out")
})

test("createModelBuilder() does not hold a removed entry", () => {
  assert.equal(vipsIn(build(held("default/a", {})).model), [])
})

test("createModelBuilder() keeps draining servers at weight 0, or at weight 1 if no others are left", () => {
  const draining = new Map([["10.4.0.50", new Map([["10.4.0.50 80 TCP", [{ address: "10.2.7.7", port: 8080 }]]])]])
  const beside = input({ "10.4.0.50": "default/a" }, cluster([service("a")]), { draining })
  assert.equal(serversOf(beside), ["10.4.0.50 80 TCP NAT 10.2.1.11:8080=1 10.2.7.7:8080=0"])
  const alone = input({ "10.4.0.50": "default/a" }, cluster([service("a", { addresses: [] })]), { draining })
  assert.equal(serversOf(alone), ["10.4.0.50 80 TCP NAT 10.2.7.7:8080=1"])
})

test("createModelBuilder() gives no model for a node that is not among the Nodes", () => {
  const { model, problems } = build(input({ "10.4.0.50": "" }, cluster([], [node("other", "10.4.0.9")])))
  assert.is(model, null)
  assert.equal(
    problems.map((one) => one.code),
    ["NODE_UNKNOWN"],
  )
})

test("createModelBuilder() leaves out virtual servers when the kernel has no IPVS", () => {
  const given = input({ "10.4.0.50": "default/a", "10.4.0.51": "" }, cluster([service("a")]))
  const { model, problems } = build({ ...given, node: { ...given.node, ipvs: false } })
  assert.equal(
    vipsIn(model).map((vip) => vip.address),
    ["10.4.0.51"],
  )
  assert.equal(
    problems.map((one) => one.code),
    ["IPVS_MISSING"],
  )
})

test("createModelBuilder() gives no model for too many VIPs", () => {
  const data = Object.fromEntries(
    Array.from({ length: LIMITS.vips + 1 }, (_, at) => [`10.${4 + (at >> 8)}.${at & 255}.1`, ""]),
  )
  const { model, problems } = build(input(data, cluster([])))
  assert.is(model, null)
  assert.equal(
    problems.map((one) => one.code),
    ["TOO_MANY_VIPS"],
  )
})

test("createModelBuilder() gives the same result for a changed input as a new builder", () => {
  const shared = createModelBuilder(SETTINGS)
  const kept = service("b")
  const steps = [
    input({ "10.4.0.50": "default/a", "10.4.0.51": "default/b" }, cluster([service("a"), kept])),
    input(
      { "10.4.0.50": "default/a", "10.4.0.51": "default/b" },
      cluster([service("a", { addresses: ["10.2.5.5"] }), kept]),
    ),
    input({ "10.4.0.50": "default/a:DR", "10.4.0.51": "default/b" }, cluster([service("a", { targetPort: 80 }), kept])),
    input({ "10.4.0.51": "default/b" }, cluster([kept])),
  ]
  for (const step of steps) assert.equal(shared(step), build(step))
})

test("createModelBuilder() keeps the VIP object of an unchanged entry", () => {
  const shared = createModelBuilder(SETTINGS)
  const kept = service("b")
  const first = shared(input({ "10.4.0.50": "default/a", "10.4.0.51": "default/b" }, cluster([service("a"), kept])))
  const second = shared(input({ "10.4.0.50": "default/a", "10.4.0.51": "default/b" }, cluster([service("a"), kept])))
  assert.is(vipsIn(first.model)[1], vipsIn(second.model)[1])
  assert.is.not(vipsIn(first.model)[0], vipsIn(second.model)[0])
})

test.run()
