import { test } from "uvu"
import * as assert from "uvu/assert"
import { NO_HISTORY } from "../../../src/sidecar/agent/history.ts"
import type { Snapshot } from "../../../src/sidecar/agent/state.ts"
import { vrrpOf } from "../../../src/sidecar/report/status.ts"
import { instanceOf, modelWith, otherInstance } from "../../core/instances.ts"

const master = {
  state: "master",
  since: "2026-11-22T22:00:00.000Z",
  reason: "no advert of a master was heard",
} as const
const model = modelWith(instanceOf("10.4.0.50"), otherInstance("10.8.0.50"))
const snapshot: Snapshot = {
  ...{ observation: null, outcome: null, running: null, drift: null, history: NO_HISTORY },
  roles: new Map([
    ["vips", master],
    ["removed", master],
  ]),
  inEffect: { sha256: "", model, generation: null, since: 0 },
}

test("vrrpOf() has the instances in effect, each with its interface, advert interval and priority; what was not seen is unknown", () =>
  assert.equal(vrrpOf(snapshot), [
    { instance: "vips", interface: "eth0", ...master, advertInterval: 1, priority: 254 },
    {
      ...{ instance: "lan", interface: "eth1", state: "unknown", since: null },
      ...{ reason: "the agent has just started", advertInterval: 2, priority: 246 },
    },
  ]))

test("vrrpOf() has the instances that keepalived reports before a configuration is in effect", () =>
  assert.equal(
    vrrpOf({ ...snapshot, inEffect: null }).map((one) => [one.instance, one.interface, one.state]),
    [
      ["vips", null, "master"],
      ["removed", null, "master"],
    ],
  ))

test.run()
