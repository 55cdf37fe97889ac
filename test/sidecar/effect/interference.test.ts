import { test } from "uvu"
import * as assert from "uvu/assert"
import { createModelBuilder } from "../../../src/core/model/build-model.ts"
import type { KeepalivedModel } from "../../../src/core/model/keepalived-model.ts"
import {
  afterRepair,
  excludeCidrs,
  type Interference,
  interferenceProblem,
  nextLookMs,
  NO_INTERFERENCE,
  pauseMs,
} from "../../../src/sidecar/effect/interference.ts"
import { cluster, input, service, SETTINGS } from "../../core/fixture.ts"

function modelOf(...vips: readonly string[]): KeepalivedModel {
  const entries = Object.fromEntries(vips.map((vip) => [vip, "default/a"]))
  const { model } = createModelBuilder(SETTINGS)(input(entries, cluster([service("a")])))
  if (model === null) throw new Error("the fixture has no model")
  return model
}

const LIGHT = { respawned: false, kubeProxy: false }

/** Whoever deletes at once: how often it is repaired within so many seconds. */
function repairsWithin(seconds: number, kind: Pick<Interference, "respawned" | "kubeProxy">): readonly number[] {
  let known = NO_INTERFERENCE
  const at: number[] = []
  for (let second = 0; second < seconds; second++) {
    if (pauseMs(known, second * 1_000) > 0) continue
    known = afterRepair(known, second * 1_000, kind)
    at.push(second)
  }
  return at
}

test("pauseMs() lets repairs follow ever more slowly, for ever", () => {
  assert.equal(repairsWithin(130, LIGHT), [0, 2, 6, 14, 30, 60, 90, 120])
  assert.is(repairsWithin(86_400, LIGHT).length, 5 + Math.floor((86_400 - 31) / 30))
})

test("pauseMs() restarts keepalived's checker less than once a minute", () => {
  assert.equal(repairsWithin(200, { ...LIGHT, respawned: true }), [0, 75, 150])
})

test("pauseMs() begins at the beginning when ten minutes went well", () => {
  let known = NO_INTERFERENCE
  for (const now of [0, 2_000, 6_000]) known = afterRepair(known, now, LIGHT)
  assert.is(pauseMs(known, 6_000), 8_000)
  assert.is(pauseMs(known, 606_000), 0)
  assert.is(afterRepair(known, 606_000, LIGHT).repairs, 1)
})

test("nextLookMs() looks soon after interference, and otherwise at the interval", () => {
  assert.is(nextLookMs(NO_INTERFERENCE, 0), null)
  const known = afterRepair(NO_INTERFERENCE, 0, LIGHT)
  assert.is(nextLookMs(known, 0), 5_000)
  assert.is(nextLookMs(known, 590_000), 5_000)
  assert.is(nextLookMs(known, 600_000), null)
})

test("interferenceProblem() accuses kube-proxy at the second time, with the setting to add", () => {
  const model = modelOf("10.4.0.50", "10.4.0.51")
  const kind = { respawned: false, kubeProxy: true }
  const once = afterRepair(NO_INTERFERENCE, 0, kind)
  assert.is(interferenceProblem(once, model), null)
  const twice = afterRepair(once, 10_000, kind)
  const problem = interferenceProblem(twice, model)
  assert.is(problem?.code, "KUBE_PROXY_IPVS")
  assert.match(
    problem?.message ?? "",
    "Set ipvs.excludeCIDRs: [10.4.0.50/32, 10.4.0.51/32] in the configuration of kube-proxy",
  )
  const thrice = afterRepair(twice, 20_000, kind)
  assert.is(interferenceProblem(thrice, model)?.message, problem?.message)
})

test("interferenceProblem() names no program when kube-proxy is not in IPVS mode", () => {
  const model = modelOf("10.4.0.50")
  let known = NO_INTERFERENCE
  const codes: (string | undefined)[] = []
  for (const now of [0, 10_000, 20_000]) {
    known = afterRepair(known, now, LIGHT)
    codes.push(interferenceProblem(known, model)?.code)
  }
  assert.equal(codes, [undefined, undefined, "FOREIGN_CHANGES"])
})

test("interferenceProblem() fits into an Event", () => {
  const model = modelOf("10.104.100.50", "10.104.101.51", "10.104.102.52", "10.104.103.53")
  const known: Interference = { repairs: 2, lastAt: 0, respawned: false, kubeProxy: true }
  assert.ok((interferenceProblem(known, model)?.message.length ?? 1_000) <= 300)
})

test("excludeCidrs() names few VIPs one by one, and many by their /24", () => {
  assert.equal(excludeCidrs(modelOf("10.4.0.50")), ["10.4.0.50/32"])
  const many = ["10.4.0.1", "10.4.0.2", "10.4.0.3", "10.4.0.4", "10.4.1.5"]
  assert.equal(excludeCidrs(modelOf(...many)), ["10.4.0.0/24", "10.4.1.0/24"])
})

test.run()
