import { test } from "uvu"
import * as assert from "uvu/assert"
import { createModelBuilder } from "../../../src/core/model/build-model.ts"
import type { ModelInput } from "../../../src/core/model/types.ts"
import { type KeepalivedModel, vipsOf } from "../../../src/core/model/keepalived-model.ts"
import {
  afterApplied,
  afterWaiting,
  type AppliedHistory,
  nextDeadline,
  NO_HISTORY,
  recalled,
} from "../../../src/sidecar/agent/history.ts"
import { cluster, id, input, service, SETTINGS } from "../../core/fixture.ts"

const DRAIN = 30_000
const build = createModelBuilder(SETTINGS)

/** Builds a model with what is remembered, "applies" it, and remembers that. */
function pass(
  history: AppliedHistory,
  given: ModelInput,
  now: number,
): { history: AppliedHistory; servers: string[]; model: KeepalivedModel } {
  const remembered = afterWaiting(history, now)
  const draining = new Map([...remembered.recent].map(([address, recent]) => [address, recent.draining]))
  const built = build({ ...given, draining, lastGood: remembered.lastGood })
  if (built.model === null) throw new Error("the fixture has no model")
  const servers = vipsOf(built.model).flatMap((vip) =>
    vip.virtualServers.flatMap((one) => one.realServers.map((real) => `${real.address}=${real.weight}`)),
  )
  const { model } = built
  return { history: afterApplied(remembered, { built, model }, { now, drainTime: DRAIN }), servers, model }
}

const withPods = (...addresses: string[]) => input({ "10.4.0.50": "default/a" }, cluster([service("a", { addresses })]))

test("afterApplied() lets a real server that is gone finish its connections for the drain time", () => {
  let { history, servers } = pass(NO_HISTORY, withPods("10.2.1.1", "10.2.1.2"), 0)
  assert.equal(servers, ["10.2.1.1=1", "10.2.1.2=1"])
  assert.is(nextDeadline(history), Number.POSITIVE_INFINITY)
  ;({ history, servers } = pass(history, withPods("10.2.1.1"), 1_000))
  assert.equal(servers, ["10.2.1.1=1", "10.2.1.2=0"])
  assert.is(nextDeadline(history), 5_000 + DRAIN)
  ;({ history, servers } = pass(history, withPods("10.2.1.1"), 20_000))
  assert.equal(servers, ["10.2.1.1=1", "10.2.1.2=0"])
  assert.is(nextDeadline(history), 5_000 + DRAIN)
  ;({ history, servers } = pass(history, withPods("10.2.1.1"), 5_000 + DRAIN))
  assert.equal(servers, ["10.2.1.1=1"])
  assert.is(nextDeadline(history), Number.POSITIVE_INFINITY)
})

test("afterApplied() takes a real server back that returns while it drains", () => {
  let { history } = pass(NO_HISTORY, withPods("10.2.1.1", "10.2.1.2"), 0)
  history = pass(history, withPods("10.2.1.1"), 1_000).history
  const back = pass(history, withPods("10.2.1.1", "10.2.1.2"), 2_000)
  assert.equal(back.servers, ["10.2.1.1=1", "10.2.1.2=1"])
  assert.is(nextDeadline(back.history), Number.POSITIVE_INFINITY)
})

test("afterApplied() gives up the last real servers too when their time is over", () => {
  let { history, servers } = pass(NO_HISTORY, withPods("10.2.1.1"), 0)
  ;({ history, servers } = pass(history, withPods(), 1_000))
  assert.equal(servers, ["10.2.1.1=1"])
  ;({ history, servers } = pass(history, withPods(), 6_000 + DRAIN))
  assert.equal(servers, [])
  assert.is(nextDeadline(history), Number.POSITIVE_INFINITY)
})

test("afterApplied() forgets the real servers of a VIP that is gone", () => {
  const { history } = pass(NO_HISTORY, withPods("10.2.1.1"), 0)
  assert.is(pass(history, input({}, cluster([])), 1).history.recent.size, 0)
})

test("afterApplied() remembers no real servers without a drain time", () => {
  const given = withPods("10.2.1.1", "10.2.1.2")
  const { model } = pass(NO_HISTORY, given, 0)
  const history = afterApplied(
    NO_HISTORY,
    { built: build({ ...given, draining: new Map(), lastGood: new Map() }), model },
    { now: 0, drainTime: 0 },
  )
  assert.is(nextDeadline(history), Number.POSITIVE_INFINITY)
  assert.equal(pass(history, withPods("10.2.1.1"), 1).servers, ["10.2.1.1=1"])
})

test("recalled() lets what was draining when another agent had it drain on, for the whole drain time", () => {
  const first = pass(NO_HISTORY, withPods("10.2.1.1", "10.2.1.2"), 0)
  const { model, servers } = pass(first.history, withPods("10.2.1.1"), 1_000)
  assert.equal(servers, ["10.2.1.1=1", "10.2.1.2=0"])
  const history = recalled(NO_HISTORY, model, { now: 20_000, drainTime: DRAIN })
  assert.is(nextDeadline(history), 20_000 + DRAIN)
  assert.equal(pass(history, withPods("10.2.1.1"), 21_000).servers, ["10.2.1.1=1", "10.2.1.2=0"])
  assert.equal(pass(history, withPods("10.2.1.1"), 20_000 + DRAIN).servers, ["10.2.1.1=1"])
  // One that is alive drains as ever when it is gone.
  assert.equal(pass(history, withPods("10.2.1.3"), 21_000).servers, ["10.2.1.1=0", "10.2.1.2=0", "10.2.1.3=1"])
})

test("afterApplied() remembers good entries as they are, broken ones as they were, removed ones not at all", () => {
  let { history } = pass(NO_HISTORY, input({ "10.4.0.50": "default/a", "10.4.0.51": "" }, cluster([service("a")])), 0)
  assert.equal([...history.lastGood.keys()], [id("10.4.0.50"), id("10.4.0.51")])
  history = pass(history, input({ "10.4.0.50": "default/a:NATX" }, cluster([service("a")])), 1).history
  assert.equal(
    [...history.lastGood].map(([key, good]) => [key, good.text]),
    [[id("10.4.0.50"), "default/a"]],
  )
})

test("afterApplied() remembers each VIP of an entry as it last worked", () => {
  const objects = cluster([service("a")])
  const text = (addresses: string) => `addresses: [${addresses}]\nservices: [{service: default/a}]`
  let { history } = pass(NO_HISTORY, input({ web: text("10.4.0.50, 10.4.0.51") }, objects), 0)
  const known = () => [...history.lastGood].map(([key, good]) => `${key}: ${good.text}`)
  const first = ["10.4.0.50", "10.4.0.51"].map((vip) => `${id("web")} ${vip}: ${text("10.4.0.50, 10.4.0.51")}`)
  assert.equal(known(), first)
  history = pass(history, input({ web: "addresses: [" }, objects), 1).history
  assert.equal(known(), first)
  history = pass(history, input({ web: text("10.4.0.51") }, objects), 2).history
  assert.equal(known(), [`${id("web")} 10.4.0.51: ${text("10.4.0.51")}`])
})

test("afterApplied() remembers how a VIP worked under the name that its entry had before", () => {
  const objects = cluster([service("a")])
  let { history } = pass(NO_HISTORY, input({ "10.4.0.50": "default/a" }, objects), 0)
  for (const time of [1, 2]) {
    history = pass(history, input({ web: "addresses: [10.4.0.50]" }, objects), time).history
    assert.equal(
      [...history.lastGood].map(([key, good]) => [key, good.text, good.vip.id]),
      [[`${id("web")} 10.4.0.50`, "default/a", id("10.4.0.50")]],
    )
  }
  const back = { lastGood: history.lastGood }
  assert.is(pass(history, input({ web: "addresses: [10.4.0.50]" }, objects, back), 3).servers.length, 1)
  history = pass(history, input({}, objects), 4).history
  assert.is(history.lastGood.size, 0)
})

test("afterApplied() remembers a VIP of a broken entry that cannot run now", () => {
  const objects = cluster([service("a")])
  const good = "addresses: [10.4.0.50, 10.4.0.51]\nservices: [{service: default/a}]"
  const first = pass(NO_HISTORY, input({ web: good }, objects), 0).history
  const holder = { kind: "lan", interface: "eth0", mac: "02:00:00:00:00:09" } as const
  const others = { addresses: new Map([["10.4.0.51", holder]]), virtualServers: new Set<string>() }
  const { history } = pass(first, input({ web: "addresses: [10.4.0.50]\n" }, objects, { others }), 1)
  assert.equal([...history.lastGood.keys()], [`${id("web")} 10.4.0.50`, `${id("web")} 10.4.0.51`])
})

test("afterWaiting() is the same history while nothing is due", () => {
  const { history } = pass(NO_HISTORY, withPods("10.2.1.1"), 0)
  assert.is(afterWaiting(history, 1_000_000), history)
})

test.run()
