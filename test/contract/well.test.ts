import { test } from "uvu"
import * as assert from "uvu/assert"

import type { Status } from "../../src/contract/status.ts"
import { type Asker, findingsFor, STALE_SECONDS, STUCK_SECONDS } from "../../src/contract/well.ts"
import type { Signs } from "../../src/contract/signs.ts"
import { HANDOVER, type VrrpState } from "../../src/contract/vrrp.ts"
import { STATUS, SYNC, SYNC_SIGNS, VRRP } from "../cli/support/volume.ts"
import { ALIVE } from "../support/signs.ts"

const age = (seconds: number) => ({ kind: "age", seconds }) as const
const UNKNOWN = { kind: "unknown", why: "nobody knows" } as const
const HEALTHY: Signs = { status: STATUS, agent: ALIVE, sync: SYNC_SIGNS }
const ASKERS: readonly Asker[] = ["status", "health", "ready", "report"]

const status = (change: Partial<Status>): Signs => ({ ...HEALTHY, status: { ...STATUS, ...change } })
const vrrp = (state: VrrpState) => status({ vrrp: [{ ...VRRP, state }] })
const error = (code: string) =>
  status({ problems: [{ code, severity: "error", path: [], place: null, message: "broken" }] })
const sync = (change: Partial<NonNullable<Signs["sync"]>>): Signs => ({
  ...HEALTHY,
  sync: { ...SYNC_SIGNS, ...change },
})

/** What is not well, and who minds. */
const CASES: readonly (readonly [what: string, signs: Signs, about: string, minded: string])[] = [
  ["an agent that is silent", { ...HEALTHY, agent: { ...ALIVE, silence: age(16) } }, "agent", "status health report"],
  [
    "an agent of which nothing is known",
    { ...HEALTHY, agent: { ...ALIVE, silence: UNKNOWN } },
    "agent",
    "status health report",
  ],
  [
    "an agent that stands still",
    { ...HEALTHY, agent: { ...ALIVE, lookAge: age(STUCK_SECONDS + 1) } },
    "agent",
    "status health report",
  ],
  [
    "an agent that has not looked yet",
    { ...HEALTHY, agent: { ...ALIVE, lookAge: UNKNOWN } },
    "agent",
    "status health report",
  ],
  [
    "an agent that cannot write its status",
    { ...HEALTHY, agent: { ...ALIVE, fault: "ENOSPC" } },
    "agent",
    "status health report",
  ],
  ["a dead keepalived", status({ keepalived: "stopped" }), "keepalived", "status health ready report"],
  ["a dead VRRP process", status({ keepalived: "without-vrrp" }), "keepalived", "status health ready report"],
  [
    "a keepalived of which nothing is known",
    status({ keepalived: "unknown" }),
    "keepalived",
    "status health ready report",
  ],
  ["nothing in effect", status({ appliedSha256: null }), "configuration", "status health ready report"],
  ["VRRP in FAULT", vrrp("fault"), "vrrp", "status health ready report"],
  ["a role that is not known", vrrp("unknown"), "vrrp", "status health ready report"],
  ["VRRP that has just started", vrrp("init"), "init", "status report"],
  ["VRRP without a known instance", status({ vrrp: [] }), "vrrp", "status health ready report"],
  [
    "FAULT of one instance of two",
    status({ vrrp: [VRRP, { ...VRRP, instance: "lan", state: "fault" }] }),
    "vrrp",
    "status health ready report",
  ],
  [
    "a node that hands its VIPs over",
    status({ vrrp: [{ ...VRRP, state: "fault", reason: `${HANDOVER}: a file says so` }] }),
    "handover",
    "status health ready",
  ],
  ["a kernel that differs", status({ drift: "found" }), "drift", "status health report"],
  ["a kernel that was not compared", status({ drift: "unknown" }), "drift", "status health report"],
  ["a kernel that was set right", status({ drift: "repaired" }), "repaired", "status"],
  ["stranded", status({ outcome: "stranded" }), "stranded", "status ready report"],
  ["a rejected configuration", status({ outcome: "rejected" }), "outcome", "status report"],
  ["one that was rolled back", status({ outcome: "rolled-back" }), "outcome", "status report"],
  ["one that is waited for", status({ outcome: "waiting" }), "outcome", "status report"],
  ["a held entry", status({ vips: [{ ...STATUS.vips[0]!, state: "held" }] }), "entries", "status report"],
  ["a pending entry", status({ vips: [{ ...STATUS.vips[0]!, state: "pending" }] }), "entries", "status report"],
  ["an error", error("RECORD_FAILED"), "problems", "status report"],
  ["a pin", status({ pinned: "00000000000000000007-0123456789ab" }), "pinned", "status report"],
  ["a drain", status({ drained: { since: "2026-11-22T23:00:00.000Z", reason: "new memory" } }), "drained", "status"],
  ["a generation that was not read", sync({ published: 8 }), "generation", "status"],
  ["a silent sync", sync({ silence: age(16) }), "sync", "status"],
  ["a sync of which nothing is known", sync({ silence: UNKNOWN }), "sync", "status"],
  ["a sync whose volume takes nothing", sync({ fault: "ENOSPC: no space left on device" }), "sync", "status"],
  ["a sync that says so itself", sync({ status: { ...SYNC, state: "failed" } }), "sync", "status"],
  ["a sync that holds", sync({ status: { ...SYNC, state: "held" } }), "sync", "status"],
  [
    "a sync that publishes without one of its ConfigMaps",
    sync({
      status: {
        ...SYNC,
        problems: [{ code: "CONFIGMAP_MISSING", severity: "error", path: ["ConfigMap a/b"], place: null, message: "" }],
      },
    }),
    "sync",
    "status",
  ],
  ["a sync that has published nothing", sync({ status: { ...SYNC, state: "waiting" } }), "sync", "status"],
  ["a sync without a status", sync({ status: null }), "sync", "status"],
  ["old knowledge", sync({ sourceAge: age(STALE_SECONDS + 1) }), "source", "status report"],
  ["knowledge of an unknown age", sync({ sourceAge: UNKNOWN }), "source", "status report"],
]

test("findingsFor() finds nothing if all is well, for every asker", () => {
  for (const asker of ASKERS) {
    assert.equal(findingsFor(asker, HEALTHY), [], asker)
    assert.equal(findingsFor(asker, { status: STATUS, agent: null, sync: null }), [], asker)
  }
})

for (const [what, signs, about, minded] of CASES)
  test(`findingsFor() ${what}: given to the askers concerned (faults 260, 262, 264)`, () => {
    const found = findingsFor("status", signs)
    assert.equal(
      found.map((one) => one.about),
      [about],
    )
    assert.ok(found.every(({ text }) => text.length > 10 && !text.includes("undefined")))
    assert.is(ASKERS.filter((asker) => findingsFor(asker, signs).length > 0).join(" "), minded)
  })

test("findingsFor() a probe ignores everything that depends on the API server or sync", () => {
  const outage = sync({ silence: age(1e6), sourceAge: age(1e6), status: { ...SYNC, state: "held" }, published: 99 })
  for (const asker of ["health", "ready"] as const) assert.equal(findingsFor(asker, outage), [], asker)
})

test("findingsFor() a VIP without a ready pod is in effect", () => {
  const vips = [{ ...STATUS.vips[0]!, state: "unserved", unserved: 1, readyPods: 0 }] as const
  assert.equal(findingsFor("status", status({ vips })), [])
})

test("findingsFor() accepts an age at the limit", () => {
  assert.equal(findingsFor("status", sync({ silence: age(15), sourceAge: age(STALE_SECONDS) })), [])
})

test("findingsFor() names the consequence of an entry's problem once", () => {
  const problem = {
    code: "BAD_TARGET",
    severity: "error",
    path: [],
    place: { file: "vips.yaml", line: 1, column: 1 },
    message: "x",
  } as const
  const vips = [{ ...STATUS.vips[0]!, state: "left-out", inEffect: false }] as const
  assert.is(findingsFor("status", status({ vips, problems: [problem] })).length, 1)
  assert.is(findingsFor("status", status({ problems: [problem] })).length, 1)
})

test.run()
