import { test } from "uvu"
import * as assert from "uvu/assert"
import { explanationText } from "../../../src/sidecar/page/explanation.ts"
import type { Problem } from "../../../src/kit/problem.ts"
import type { Snapshot } from "../../../src/sidecar/agent/state.ts"
import { statusOf } from "../../../src/sidecar/report/status.ts"
import { explainVip } from "../../../src/sidecar/wiring/explain-vip.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"
import { writeTree } from "../../support/volume.ts"
import { agentOn, fakeNode, generation, passSeconds } from "../fake-node.ts"

const CONTEXT = { node: "n1", pinned: null, drained: null, keepalivedVersion: "2.3.3", nodes: null, faults: [] }

/** The same with the places of a published generation: the fake one has its ConfigMap in another file. */
function withPlaces(snapshot: Snapshot): Snapshot {
  const { observation } = snapshot
  if (observation?.kind !== "candidate") throw new Error("there is a candidate")
  const placed = <P extends Problem<string>>(problem: P): P =>
    problem.place === null ? problem : { ...problem, place: { ...problem.place, file: "vips/default/vips.yaml" } }
  const entries = observation.built.entries.map((one) => ({ ...one, problems: one.problems.map(placed) }))
  const built = { ...observation.built, entries, problems: observation.built.problems.map(placed) }
  return { ...snapshot, observation: { ...observation, built } }
}

test("explainVip() shows the held entry with its line, the caret's column, and the lines that run", () =>
  withTemporaryDirectory(async (directory) => {
    const node = fakeNode()
    const agent = agentOn(node)
    const publish = async (sequence: number, entries: Record<string, string>) => {
      const reading = generation(sequence, entries)
      if (reading.kind !== "generation") throw new Error("it is a generation")
      node.reading = { ...reading, generation: { ...reading.generation, path: directory } }
      agent.request()
      await passSeconds(node, agent, 3)
    }
    await publish(1, { "10.4.0.50": "default/a" })
    await publish(2, { "10.4.0.50": "default/a:DRAG" })
    const snapshot = withPlaces(agent.snapshot())
    const status = statusOf(snapshot, CONTEXT)
    const [{ object, entry } = { object: "", entry: "" }] = status.vips
    const [place] = status.problems.flatMap((problem) => problem.place ?? [])
    assert.ok(place !== undefined && place.line !== null)
    const lines = Array.from({ length: place.line }, (_, at) => `line ${at + 1}`)
    writeTree(directory, { [place.file]: `${lines.join("\n")}\n` })

    const found = explainVip({ object, entry, vip: null }, { status, snapshot })
    assert.ok(found !== null)
    assert.equal([found.state, found.text], ["held", "default/a:DRAG"])
    const [problem] = found.problems
    assert.equal(
      [problem?.code, problem?.line, problem?.column],
      ["BAD_FORWARDING_METHOD", `line ${place.line}`, place.column],
    )
    assert.match(found.config, /^\n?# .*\nvirtual_server 10\.4\.0\.50 80 \{\n/)
    assert.ok(found.pods.ready.length > 0)
    // A broken entry names no Service that can be explained; one that is good names its endpoints, each with a reason.
    assert.equal(found.services, [])
    await publish(3, { "10.4.0.50": "default/a" })
    const good = agent.snapshot()
    const [service] =
      explainVip({ object, entry, vip: null }, { status: statusOf(good, CONTEXT), snapshot: good })?.services ?? []
    assert.is(service?.service, "default/a")
    const endpoints = service?.ports.flatMap(({ sources }) => sources.flatMap((source) => source.endpoints)) ?? []
    assert.ok(endpoints.length > 0)
    assert.ok(endpoints.every(({ weight, why }) => weight === 1 && why === "it is ready"))
    assert.match(explanationText(found), "10.4.0.50: held")

    assert.is(explainVip({ object, entry: "10.4.0.99", vip: null }, { status, snapshot }), null)
    const gone = { ...snapshot, observation: null }
    assert.is(explainVip({ object, entry, vip: null }, { status, snapshot: gone })?.text, null)
    await agent.stop()
  }))

const long = (addresses: string) => `addresses: [${addresses}]\nservices:\n  - service: default/a\n`

test("statusOf() and explainVip() tell each VIP of an entry in the long form, from its first day to its mistakes (faults 295-296)", async () => {
  const node = fakeNode()
  const agent = agentOn(node)
  const after = async (sequence: number, entries: Record<string, string>) => {
    node.reading = generation(sequence, entries)
    agent.request()
    await passSeconds(node, agent, 3)
    const snapshot = agent.snapshot()
    const status = statusOf(snapshot, CONTEXT)
    const rows = status.vips.map(({ vip, entry, state, inEffect, readyPods, problem }) =>
      [vip, entry, state, inEffect ? "in effect" : "-", readyPods, problem?.code ?? "well"].join(" "),
    )
    return { snapshot, status, rows }
  }
  await after(1, { "10.4.0.50": "default/a" })
  const reloads = () => node.steps.filter((step) => step === "=applied").length
  const before = reloads()
  const named = await after(2, { web: long("10.4.0.50") })
  assert.equal(named.rows, ["10.4.0.50 web applied in effect 1 well"])
  assert.is(reloads(), before)
  const two = await after(3, { web: long("10.4.0.50, 10.4.0.51") })
  assert.equal(two.rows, ["10.4.0.50 web applied in effect 1 well", "10.4.0.51 web applied in effect 1 well"])
  const [{ object } = { object: "" }] = two.status.vips
  for (const vip of ["10.4.0.50", "10.4.0.51"]) {
    const found = explainVip({ object, entry: "web", vip }, two)
    assert.equal([found?.vip, found?.pods.ready.length, found?.text], [vip, 1, long("10.4.0.50, 10.4.0.51")])
    assert.match(found?.config ?? "", `virtual_server ${vip} 80 {`)
  }
  assert.is(explainVip({ object, entry: "web", vip: "10.4.0.52" }, two), null)
  assert.is(explainVip({ object, entry: "web", vip: null }, two)?.vip, "10.4.0.50")
  const broken = await after(4, { web: "addresses: 10.4.0.50\n" })
  assert.equal(broken.rows, ["10.4.0.50 web held in effect 1 BAD_FIELD", "10.4.0.51 web held in effect 1 BAD_FIELD"])
  const renamed = await after(5, { shop: "addresses: [10.4.0.50]\nservice: default/a\n" })
  assert.equal(renamed.rows, ["10.4.0.50 shop held in effect 1 BAD_FIELD"])
  const again = await after(6, { shop: "addresses: [10.4.0.50]\n" })
  assert.equal(again.rows, ["10.4.0.50 shop held in effect 1 BAD_FIELD"])
  const mended = await after(7, { shop: long("10.4.0.52") })
  assert.equal(mended.rows, ["10.4.0.52 shop applied in effect 1 well"])
  await agent.stop()
})

test.run()
