import * as fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { allowanceProblems, guardChange, guardOfProblems } from "../../../src/core/model/guards.ts"
import { modelSettingsFrom } from "../../../src/core/model/flags.ts"
import { createModelBuilder } from "../../../src/core/model/build-model.ts"
import type { ServiceObjects } from "../../../src/core/objects/kinds.ts"
import { cluster, configMap, input, node, service, SETTINGS, vipsIn } from "../fixture.ts"

const LONGEST_NOTE_OF_AN_EVENT = 300
const addressOf = (n: number) => `10.4.0.${n + 1}`
const entries = (count: number, target = "default/a") =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [addressOf(n), target]))

interface State {
  readonly data: Readonly<Record<string, string>>
  readonly services: readonly ServiceObjects[]
  readonly nodes?: number
  readonly allow?: string | null
}
const A: State = { data: {}, services: [service("a"), service("b")] }

/** What holds the step from one state to the next; null where nothing does. */
function held(from: State, to: State, percent = 50, believesInLostEndpoints = false) {
  const build = createModelBuilder(SETTINGS)
  const built = [from, to].map(({ data, services, nodes = 0, allow = null }) => {
    const all = Array.from({ length: nodes }, (_, n) => node(`n${n + 1}`, `10.9.0.${n + 1}`))
    return build(input(data, cluster(services, all), { configMaps: [configMap(data, allow)] }))
  })
  const [before, after] = built
  if (before?.model === null || before === undefined || after === undefined) throw new Error("no model to begin with")
  const verdict = guardChange(
    { model: before.model, nodes: from.nodes ?? 0, percent, believesInLostEndpoints },
    { configMaps: [configMap(to.data, to.allow ?? null)], nodes: to.nodes ?? 0, built: after },
  )
  return verdict.kind === "hold" ? verdict : null
}

const steps: [name: string, from: State, to: State, guard: string | null][] = [
  ["half of ten entries", { ...A, data: entries(10) }, { ...A, data: entries(5) }, null],
  ["half and one of ten entries", { ...A, data: entries(10) }, { ...A, data: entries(4) }, "mass-removal"],
  ["both of two entries", { ...A, data: entries(2) }, A, null],
  ["all of three entries", { ...A, data: entries(3) }, A, "mass-removal"],
  ["all of five VIPs without a Service", { ...A, data: entries(5, "") }, A, "mass-removal"],
  ["all entries, when that is allowed", { ...A, data: entries(5) }, { ...A, allow: "0" }, null],
  [
    "most entries, when another number is allowed",
    { ...A, data: entries(10) },
    { ...A, data: entries(4), allow: "0" },
    "mass-removal",
  ],
  [
    "most entries, when just that number is allowed",
    { ...A, data: entries(10) },
    { ...A, data: entries(4), allow: "4" },
    null,
  ],
  [
    "all addresses for other ones",
    { ...A, data: entries(4) },
    { ...A, data: { "10.5.0.1": "default/a", "10.5.0.2": "default/a", "10.5.0.3": "default/a" } },
    "mass-removal",
  ],
  ["the Services of all entries", { ...A, data: entries(4) }, { ...A, data: entries(4, "") }, "mass-removal"],
  [
    "all endpoints of one Service among two",
    { ...A, data: { ...entries(4), "10.4.1.1": "default/b", "10.4.1.2": "default/b", "10.4.1.3": "default/b" } },
    {
      services: [service("a"), service("b", { addresses: [] })],
      data: { ...entries(4), "10.4.1.1": "default/b", "10.4.1.2": "default/b", "10.4.1.3": "default/b" },
    },
    null,
  ],
  [
    "all endpoints of all Services",
    { ...A, data: entries(4) },
    { data: entries(4), services: [service("a", { addresses: [] })] },
    "endpoints-lost",
  ],
  [
    "all endpoints of all Services, when that is allowed",
    { ...A, data: entries(4) },
    { data: entries(4), allow: "4", services: [service("a", { addresses: [] })] },
    null,
  ],
  [
    "most ports of a Service",
    { data: entries(1), services: [service("a", { ports: [1, 2, 3, 4].map((port) => ({ name: `p${port}`, port })) })] },
    { data: entries(1), services: [service("a", { ports: [{ name: "p1", port: 1 }] })] },
    "mass-removal",
  ],
  [
    "all real servers but one of each",
    { data: entries(4), services: [service("a", { addresses: ["10.2.0.1", "10.2.0.2", "10.2.0.3", "10.2.0.4"] })] },
    { data: entries(4), services: [service("a", { addresses: ["10.2.0.4"] })] },
    null,
  ],
  ["all Nodes", { ...A, data: entries(1), nodes: 1 }, { ...A, data: entries(1) }, "nodes-lost"],
  ["one Node of two", { ...A, data: entries(1), nodes: 2 }, { ...A, data: entries(1), nodes: 1 }, null],
]
for (const [name, from, to, guard] of steps)
  test(`guardChange() when a step removes ${name}`, () => {
    const found = held(from, to)
    assert.is(found?.guard ?? null, guard)
    if (found === null) return
    const { length } = found.problem.message
    assert.ok(length <= LONGEST_NOTE_OF_AN_EVENT, `${length} characters: ${found.problem.message}`)
    const way = `kube-keepalived-vip.io/allow-mass-removal: "${Object.keys(to.data).length}"`
    assert.match(found.problem.message, way)
    assert.is(held(from, { ...to, allow: String(Object.keys(to.data).length) }), null)
  })

for (const [name, change, guard] of [
  ["Nodes claim the addresses of all VIPs", { claimed: true }, "mass-removal"],
  ["the operator's ranges leave all VIPs out", { ranges: "10.5.0.0/16" }, null],
  ["the kernel has lost IPVS", { ipvs: false }, null],
] as const)
  test(`guardChange() when ${name}`, () => {
    const data = entries(4)
    const {
      claimed = false,
      ranges = null,
      ipvs = true,
    } = { claimed: undefined, ranges: undefined, ipvs: undefined, ...change }
    const addresses = claimed ? Object.keys(data) : ["10.9.0.1"]
    const nodes = addresses.map((address, n) => node(`n${n + 1}`, address))
    const settings = modelSettingsFrom(ranges === null ? {} : { vipRanges: ranges })
    if (settings.kind === "wrong") throw new Error("wrong settings")
    const before = createModelBuilder(SETTINGS)(input(data, cluster([service("a")]))).model
    const facts = { name: "n1", interface: "eth0", ipvs }
    const built = createModelBuilder(settings.settings)(input(data, cluster([service("a")], nodes), { node: facts }))
    assert.equal([built.entries.map(({ state }) => state), vipsIn(built.model)], [Array(4).fill("left-out"), []])
    const guarded = { model: before ?? { instances: [] }, nodes: 0, percent: 50, believesInLostEndpoints: false }
    const verdict = guardChange(guarded, { configMaps: [configMap(data)], nodes: nodes.length, built })
    assert.is(verdict.kind === "hold" ? verdict.guard : null, guard)
  })

test("guardChange() holds nothing at 100 percent, and three of a hundred at 0", () => {
  const step = [
    { ...A, data: entries(100) },
    { ...A, data: entries(97) },
  ] as const
  assert.is(held(step[0], A, 100), null)
  assert.is(held(...step, 2)?.guard, "mass-removal")
  assert.is(held(...step, 3), null)
})

test("guardChange() lets lost endpoints go once the loss is believed, and nothing else", () => {
  const to = { data: entries(4), services: [service("a", { addresses: [] })] }
  const from = { ...A, data: entries(4) }
  assert.is(held(from, to)?.guard, "endpoints-lost")
  assert.is(held(from, to, 50, true), null)
  assert.is(held(from, { ...to, data: {} }, 50, true)?.guard, "mass-removal")
  assert.is(held({ ...from, nodes: 1 }, to, 50, true)?.guard, "nodes-lost")
})

test("guardChange() passes everything while nothing runs", () => {
  const built = createModelBuilder(SETTINGS)(input({}, cluster([], [])))
  const verdict = guardChange(null, { configMaps: [configMap({})], nodes: 0, built })
  assert.equal(verdict, { kind: "pass", believesInLostEndpoints: false })
})

for (const [code, guard] of [
  ["NODE_UNKNOWN", "own-node"],
  ["NODE_WITHOUT_ADDRESS", "own-node"],
  ["CONFIGMAP_MISSING", null],
] as const)
  test(`guardOfProblems() of ${code} is ${guard}`, () => {
    const problem = { code, severity: "error", path: [], place: null, message: "" } as const
    assert.is(guardOfProblems([problem]), guard)
  })

test("guardChange() says what the step would remove, and how to allow it", () => {
  const found = held({ ...A, data: entries(10) }, { ...A, data: entries(4) })
  assert.is(
    found?.problem.message,
    "Cannot remove 6 of 10 VIPs at once (10.4.0.5, 10.4.0.6, 10.4.0.7 and 3 more): what runs is kept; to allow it, " +
      'annotate the ConfigMap with kube-keepalived-vip.io/allow-mass-removal: "4", the number of its entries',
  )
})

test("guardChange() never holds a step that keeps more than half, or removes at most two", () => {
  fc.assert(
    fc.property(fc.nat(30), fc.nat(30), (had, kept) => {
      const left = Math.min(had, kept)
      const gone = had - left
      const isTooMuch = gone >= 3 && gone * 2 > had
      assert.is(held({ ...A, data: entries(had) }, { ...A, data: entries(left) }) !== null, isTooMuch)
    }),
  )
})

for (const [allow, count, codes] of [
  [null, 2, []],
  ["2", 2, []],
  ["0", 2, ["ALLOWANCE_STALE"]],
  ["true", 2, ["ALLOWANCE_STALE"]],
  ["02", 2, ["ALLOWANCE_STALE"]],
] as const)
  test(`allowanceProblems() of ${allow} beside ${count} entries`, () => {
    assert.equal(
      allowanceProblems(configMap(entries(count), allow)).map(({ code }) => code),
      codes,
    )
  })

/** Entries of a ConfigMap of this name, from one address on. */
function listOf(name: string, first: number, count: number, allow: string | null = null) {
  const data = Object.fromEntries(Array.from({ length: count }, (_, n) => [addressOf(first + n), "default/a"]))
  const one = configMap(data, allow)
  return { ...one, object: { ...one.object, metadata: { ...one.object.metadata, name } } }
}

type Lists = readonly ReturnType<typeof listOf>[]
const ten = (name: string, first: number) => listOf(name, first, 10)

const parts: readonly [what: string, from: Lists, to: Lists, message: RegExp | null][] = [
  ["all of a small one", [ten("a", 0), listOf("b", 20, 3)], [ten("a", 0), listOf("b", 20, 0)], /3 of 3 VIPs.*"0"/],
  ["a third of all, and most of one", [ten("a", 0), ten("b", 20)], [ten("a", 0), listOf("b", 20, 4)], /6 of 10 VIPs/],
  ["two of each", [ten("a", 0), ten("b", 20)], [listOf("a", 0, 8), listOf("b", 20, 8)], null],
  ["what its own annotation allows", [ten("a", 0), ten("b", 20)], [ten("a", 0), listOf("b", 20, 0, "0")], null],
  [
    "not what another one allows",
    [ten("a", 0), ten("b", 20)],
    [listOf("a", 0, 10, "10"), listOf("b", 20, 0)],
    /10 of 10/,
  ],
  ["entries that move to another one", [ten("a", 0), ten("b", 20)], [ten("a", 0), ten("c", 20)], null],
  [
    "one that is not read any more",
    [ten("a", 0), ten("b", 20)],
    [ten("a", 0)],
    /ConfigMap default\/b is not read any more/,
  ],
]
for (const [what, from, to, message] of parts)
  test(`guardChange() counts each ConfigMap on its own: ${what}`, () => {
    const build = createModelBuilder(SETTINGS)
    const objects = cluster([service("a")])
    const before = build(input({}, objects, { configMaps: from })).model
    const built = build(input({}, objects, { configMaps: to }))
    assert.ok(before !== null)
    const verdict = guardChange(
      { model: before, nodes: 0, percent: 50, believesInLostEndpoints: false },
      { built, configMaps: to, nodes: 0 },
    )
    const found = verdict.kind === "hold" ? verdict : null
    assert.is(found?.guard ?? null, message === null ? null : "mass-removal")
    if (message !== null) assert.match(found?.problem.message ?? "", message)
  })

test("guardChange() lets no mass removal of one ConfigMap through with the lost endpoints of another", () => {
  const objects = cluster([service("a"), service("b")])
  const lost = cluster([service("a", { addresses: [] }), service("b")])
  const [a, b] = [ten("a", 0), listOf("b", 20, 3)]
  const build = createModelBuilder(SETTINGS)
  const before = build(input({}, objects, { configMaps: [a, b] })).model
  const configMaps = [a, listOf("b", 20, 0)]
  assert.ok(before !== null)
  const guarded = { model: before, nodes: 0, percent: 50, believesInLostEndpoints: true }
  const verdict = guardChange(guarded, { configMaps, nodes: 0, built: build(input({}, lost, { configMaps })) })
  assert.is(verdict.kind === "hold" && verdict.guard, "mass-removal")
})

test.run()
