import { test } from "uvu"
import * as assert from "uvu/assert"
import type { ClusterObjects, Endpoint, Placed, Node } from "../../../src/core/objects/kinds.ts"
import type { Answer } from "../../../src/sidecar/nodes/reachability.ts"
import { createNodeWatch, type NodeWatch, type NodeRecord } from "../../../src/sidecar/nodes/node-watch.ts"
import { cluster, endpoint, node, service } from "../../core/fixture.ts"
import { createFakeClock, type FakeClock, settled } from "../../support/clock.ts"

const on = (address: string, nodeName: string): Endpoint => ({ ...endpoint(address), nodeName })
const addressOf = (at: number) => `10.4.0.${at}`
const NODES = [1, 2, 3, 4].map((at) => node(`n${at}`, addressOf(at)))

/** Pods on these nodes, one on each. */
function podsOn(names: readonly string[], nodes: readonly Placed<Node>[] = NODES): ClusterObjects {
  const endpoints = names.map((name) => on(`10.2.${name.slice(1)}.5`, name))
  return cluster([service("a", { endpoints })], nodes)
}

interface Scene {
  readonly clock: FakeClock
  readonly watch: NodeWatch
  /** What answers there, by address and port; refused where nothing is said. */
  readonly answers: Map<string, Answer>
  readonly asked: string[]
  readonly events: string[]
  readonly remembered: NodeRecord[]
  changes: number
}

/** The watch of node n1. Whoever is asked answers after half a second where it is silent, else at once: a fake. */
function scene(record: NodeRecord = { answered: [], unreachable: [] }): Scene {
  const clock = createFakeClock()
  const made: Omit<Scene, "watch"> = {
    ...{ clock, answers: new Map(), asked: [], events: [], remembered: [], changes: 0 },
  }
  const log = (event: string) => void made.events.push(event)
  const scene: Scene = Object.assign(made, {
    watch: createNodeWatch({
      self: "n1",
      port: 10256,
      ask: async ({ address, port }) => {
        made.asked.push(`${address}:${port}`)
        const answer = made.answers.get(`${address}:${port}`) ?? made.answers.get(address) ?? "refused"
        if (answer === "silent") await clock.delay(500)
        return answer
      },
      record,
      writeRecord: (nodes) => void made.remembered.push(nodes),
      onChange: () => (scene.changes += 1),
      onRecord: () => undefined,
      clock,
      log: { debug: log, info: log, warn: log, error: log },
    }),
  })
  return scene
}

const cut = ({ answers }: Scene, at: number) => {
  answers.set(addressOf(at), "silent")
  answers.set(`10.2.${at}.5:8080`, "silent")
}

test("createNodeWatch() asks each other node once a second, never its own, and spreads that over the second", async () => {
  const { watch, clock, asked } = scene()
  watch.follow(podsOn(["n1", "n2", "n3", "n4"]))
  await clock.advance(0)
  assert.equal(asked, ["10.4.0.2:10256"])
  await clock.advance(999)
  assert.equal(asked, ["10.4.0.2:10256", "10.4.0.3:10256", "10.4.0.4:10256"])
  await clock.advance(9_000)
  assert.is(asked.length, 30)
  await watch.stop()
})

test("createNodeWatch() asks five hundred nodes in twenty moments of a second, once each", async () => {
  const { watch, clock, asked } = scene()
  const names = Array.from({ length: 500 }, (_, at) => `n${at + 1000}`)
  const nodes = names.map((name, at) => node(name, `10.5.${at >> 8}.${at & 255}`))
  const endpoints = names.map((name, at) => on(`10.6.${at >> 8}.${(at & 127) + 1}`, name))
  watch.follow(cluster([service("a", { endpoints })], nodes))
  await clock.advance(0)
  assert.is(asked.length, 25)
  await clock.advance(999)
  // 10.5.0.0 and its like are addresses of hosts here.
  assert.is(asked.length, 500)
  assert.is(new Set(asked).size, 500)
  await watch.stop()
})

test("createNodeWatch() probes nothing without nodes, and begins when a node appears", async () => {
  const { watch, clock, asked } = scene()
  watch.follow(podsOn([], [node("n1", addressOf(1))]))
  await clock.advance(5_000)
  assert.equal(asked, [])
  watch.follow(podsOn(["n2"]))
  await clock.advance(0)
  assert.is(asked.length, 1)
  watch.follow(podsOn([], []))
  await clock.advance(5_000)
  const before = asked.length
  await clock.advance(5_000)
  assert.is(asked.length, before)
  await watch.stop()
})

test("createNodeWatch() says who is gone within 3.5 s, once, and who is back", async () => {
  const one = scene()
  const { watch, clock } = one
  watch.follow(podsOn(["n1", "n2", "n3"]))
  await clock.advance(2_000)
  // The worst moment: it has answered just now.
  cut(one, 2)
  await clock.advance(3_450)
  assert.equal([...watch.unreachable()], [])
  await clock.advance(100)
  assert.equal([...watch.unreachable()], ["n2"])
  await clock.advance(20_000)
  assert.equal([one.changes, one.events], [1, ["node-unreachable"]])
  assert.is(watch.unreachable(), watch.unreachable())
  one.answers.clear()
  one.answers.set("10.2.2.5:8080", "accepted")
  await clock.advance(4_000)
  assert.equal([[...watch.unreachable()], one.changes, one.events], [[], 2, ["node-unreachable", "node-back"]])
  await watch.stop()
})

test("createNodeWatch() asks a pod of a node that is silent, and of no other", async () => {
  const one = scene()
  const { watch, clock, asked } = one
  watch.follow(podsOn(["n1", "n2", "n3"]))
  await clock.advance(2_000)
  one.answers.set(addressOf(2), "silent")
  asked.length = 0
  await clock.advance(10_000)
  assert.equal([...watch.unreachable()], [])
  const pods = new Set(asked.filter((target) => target.endsWith(":8080")))
  assert.equal(pods, new Set(["10.2.2.5:8080"]))
  // The firewall stays: nothing is asked of the pods any more, and nothing follows from the silence.
  await clock.advance(60_000)
  asked.length = 0
  cut(one, 2)
  await clock.advance(10_000)
  assert.equal([asked.some((target) => target.endsWith(":8080")), [...watch.unreachable()]], [false, []])
  assert.equal(watch.state().unheard, ["n2"])
  await watch.stop()
})

test("createNodeWatch() judges no node while it is cut off, and reports it once", async () => {
  const one = scene()
  const { watch, clock } = one
  watch.follow(podsOn(["n1", "n2", "n3", "n4"]))
  await clock.advance(2_000)
  for (const at of [2, 3, 4]) cut(one, at)
  await clock.advance(30_000)
  assert.equal([[...watch.unreachable()], watch.state().isCutOff, one.changes], [[], true, 0])
  one.answers.clear()
  await clock.advance(5_000)
  assert.equal([watch.state().isCutOff, one.changes], [false, 0])
  assert.equal(one.events, ["nodes-silent", "nodes-answer-again"])
  await watch.stop()
})

test("createNodeWatch() has witnesses where few nodes host pods: one of two may go", async () => {
  const one = scene()
  const { watch, clock } = one
  watch.follow(podsOn(["n1", "n2"]))
  await clock.advance(2_000)
  assert.is(watch.state().watched, 3)
  cut(one, 2)
  await clock.advance(4_000)
  assert.equal([...watch.unreachable()], ["n2"])
  await watch.stop()
})

test("createNodeWatch() begins with what the last agent knew: a dead node stays gone, and one that dies is missed", async () => {
  const before = scene()
  before.watch.follow(podsOn(["n1", "n2", "n3", "n4"]))
  await before.clock.advance(2_000)
  cut(before, 2)
  await before.clock.advance(5_000)
  await before.watch.stop()
  const known = before.remembered.at(-1)
  assert.equal(known?.unreachable, ["n2"])
  const one = scene(known)
  assert.equal([...one.watch.unreachable()], ["n2"])
  cut(one, 2)
  one.watch.follow(podsOn(["n1", "n2", "n3", "n4"]))
  await one.clock.advance(10_000)
  assert.equal([[...one.watch.unreachable()], one.changes], [["n2"], 0])
  await one.watch.stop()
})

test("createNodeWatch() forgets a node that has gone from the objects, or has another address", async () => {
  const one = scene()
  const { watch, clock } = one
  watch.follow(podsOn(["n1", "n2", "n3"]))
  await clock.advance(2_000)
  cut(one, 2)
  await clock.advance(5_000)
  const moved = NODES.map((placed) => (placed.object.metadata.name === "n2" ? node("n2", "10.4.0.22") : placed))
  watch.follow(podsOn(["n1", "n2", "n3"], moved))
  assert.equal([[...watch.unreachable()], one.changes], [[], 2])
  await watch.stop()
})

test("createNodeWatch() asks nothing after stop(), whatever is answered then", async () => {
  const one = scene()
  cut(one, 2)
  one.watch.follow(podsOn(["n1", "n2", "n3"]))
  await one.clock.advance(100)
  await one.watch.stop()
  const before = one.asked.length
  one.watch.follow(podsOn(["n1", "n4"]))
  await one.clock.advance(5_000)
  await settled()
  assert.is(one.asked.length, before)
})

test.run()
