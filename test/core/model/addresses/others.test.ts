import { test } from "uvu"
import * as assert from "uvu/assert"
import { createModelBuilder } from "../../../../src/core/model/build-model.ts"
import type { ModelInput } from "../../../../src/core/model/types.ts"
import type { Others } from "../../../../src/core/model/addresses/others.ts"
import { cluster, input, service, SETTINGS, vipsIn } from "../../fixture.ts"

const A = { "10.4.0.50": "default/a" }
const AB = { ...A, "10.4.0.51": "default/b" }
const CLUSTER = cluster([service("a"), service("b"), service("c", { ports: [{}, { name: "tls", port: 443 }] })])

function others(addresses: Others["addresses"], ...virtualServers: readonly string[]): Others {
  return { addresses, virtualServers: new Set(virtualServers) }
}

const onHost = (address: string, name: string, prefixLength: number): Others =>
  others(new Map([[address, { kind: "host", interface: name, prefixLength }]]))

function lastGoodOf(data: Readonly<Record<string, string>>): ModelInput["lastGood"] {
  const { entries } = createModelBuilder(SETTINGS)(input(data, CLUSTER))
  return new Map(
    entries.flatMap(({ declaration, text, vip }) => (vip === null ? [] : [[declaration.id, { text, vip }] as const])),
  )
}

const states = (one: ModelInput) =>
  createModelBuilder(SETTINGS)(one).entries.map(({ declaration, state, problems }) =>
    [declaration.name, state, ...problems.map(({ code }) => code)].join(" "),
  )

test("createModelBuilder() leaves out an address that this host has, even with a last good form, and keeps its neighbours (fault 211)", () => {
  const given = { others: onHost("10.4.0.51", "docker0", 16), lastGood: lastGoodOf(AB) }
  const { model, problems } = createModelBuilder(SETTINGS)(input(AB, CLUSTER, given))
  assert.equal(
    vipsIn(model).map(({ address }) => address),
    ["10.4.0.50"],
  )
  const [problem] = problems
  assert.is(problem?.code, "ADDRESS_ON_HOST")
  assert.is(problem?.place?.line, 7)
  assert.match(problem?.message ?? "", '10.4.0.51: this host already has it on interface "docker0" as 10.4.0.51/16')
})

test("createModelBuilder() refuses a new entry whose virtual server another program has (fault 212)", () => {
  const given = { others: others(new Map(), "10.4.0.51 80 TCP") }
  assert.equal(states(input(AB, CLUSTER, given)), ["10.4.0.50 good", "10.4.0.51 left-out VIRTUAL_SERVER_ON_HOST"])
})

test("createModelBuilder() holds an entry that adds a virtual server of another program (fault 212)", () => {
  const more = { "10.4.0.50": "default/c" }
  const given = { lastGood: lastGoodOf(A), others: others(new Map(), "10.4.0.50 443 TCP") }
  const { entries } = createModelBuilder(SETTINGS)(input(more, CLUSTER, given))
  assert.equal(
    entries.map(({ state, vip }) => [state, ...(vip?.virtualServers ?? []).map(({ service: of }) => of)]),
    [["held", "default/a"]],
  )
})

test("createModelBuilder() does not hold a form with a virtual server that another program has now", () => {
  const given = { lastGood: lastGoodOf(A), others: others(new Map(), "10.4.0.50 80 TCP") }
  assert.equal(states(input(A, CLUSTER, given)), ["10.4.0.50 left-out VIRTUAL_SERVER_ON_HOST"])
})

test("createModelBuilder() accepts an entry again when the other program has removed its virtual server", () => {
  const build = createModelBuilder(SETTINGS)
  const free = input(AB, CLUSTER)
  const before = build(free)
  build({ ...free, others: onHost("10.4.0.50", "eth0", 32) })
  build({ ...free, others: onHost("10.4.0.50", "eth0", 32) })
  assert.equal(build(free), before)
})

test("createModelBuilder() keeps an entry pending without a problem while the LAN is asked, and then names the holder (fault 214)", () => {
  const asked = others(new Map([["10.4.0.51", { kind: "asked" }]]))
  assert.equal(states(input(AB, CLUSTER, { others: asked })), ["10.4.0.50 good", "10.4.0.51 pending"])
  const inUse = others(new Map([["10.4.0.51", { kind: "lan", interface: "eth0", mac: "02:00:00:00:00:99" }]]))
  const { entries } = createModelBuilder(SETTINGS)(input(AB, CLUSTER, { others: inUse }))
  assert.equal(
    entries.map(({ state, vip }) => [state, vip !== null]),
    [
      ["good", true],
      ["left-out", false],
    ],
  )
  assert.match(entries[1]?.problems[0]?.message ?? "", "02:00:00:00:00:99")
})

test.run()
