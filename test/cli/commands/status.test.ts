import { test } from "uvu"
import * as assert from "uvu/assert"

import { kkv } from "../support/kkv.ts"
import { encodePin } from "../../../src/contract/node/pin.ts"
import { inTree, writeTree } from "../support/manifests.ts"
import { forgedHeartbeat, GENERATION, heartbeatText, STATUS, volumes, VRRP } from "../support/volume.ts"

const WORDS = ["status", "--applied", "applied", "--desired", "desired"]
const [VIP] = STATUS.vips

test("status() a healthy node: role, generation, VIPs, status 0", () =>
  inTree(volumes({}), async () => {
    const said = await kkv(WORDS)
    assert.is(said.status, 0)
    assert.is(
      said.out.replaceAll(/\d+ s ago/g, "1 s ago"),
      `MASTER on n1: healthy

Node        n1, interface eth0
VRRP        MASTER since 2026-11-22T22:00:00.000Z
Outcome     applied, as of 2026-11-22T23:00:00.000Z
Generation  observed 7, applied 7, published 7
Source      /git: published since 2026-11-22T22:59:59.000Z, read 1 s ago
keepalived  2.3.3, running
Agent       showed that it lives 1 s ago

VIP        STATE    VIRTUAL SERVERS  READY PODS  REAL SERVERS  SERVICES
10.4.0.50  applied  1                5           5             default/echo
`,
    )
  }))

test("status() a sync that has been silent for long: the reason, status 1", () => {
  return inTree({ ...volumes({}), "desired/beat/heartbeat": heartbeatText(60) }, async () => {
    const said = await kkv(WORDS)
    assert.is(said.status, 1)
    assert.match(said.out, /sync has been silent for 6\d s/)
  })
})

test("status() a sync that beat a moment ago: status 0", () => {
  return inTree({ ...volumes({}), "desired/beat/heartbeat": heartbeatText(3) }, async () => {
    assert.is((await kkv(WORDS)).status, 0)
  })
})

for (const [what, text, why] of [
  ["empty", "", "the heartbeat file is empty"],
  ["damaged", heartbeatText(3).replace('"pid":7', '"pid":8'), "checksum does not match its content"],
  ["from the future", heartbeatText(-600), /the last beat is \d+\.\d s in the future/],
] as const)
  test(`status() a heartbeat that is ${what}: nothing is known of sync, status 1 (fault 240)`, () =>
    inTree({ ...volumes({}), "desired/beat/heartbeat": text }, async () => {
      const said = await kkv(WORDS)
      assert.is(said.status, 1)
      assert.match(said.out, "Cannot tell whether sync lives: ")
      assert.match(said.out, why)
    }))

test("status() no heartbeat at all: nothing is known of sync, status 1 (fault 240)", () => {
  const { "desired/beat/heartbeat": _, ...tree } = volumes({})
  return inTree(tree, async () => {
    const said = await kkv(WORDS)
    assert.equal(
      [said.status, said.out.includes("Cannot tell whether sync lives: there is no heartbeat file")],
      [1, true],
    )
  })
})

const FAULT = { code: "ANY", severity: "error", path: [], place: null, message: "broken" } as const

const LAN = { ...VRRP, instance: "lan", interface: "eth1", state: "backup", reason: "keepalived has started" } as const

test("status() names the instance of each role where there are several, and the faulty one", () =>
  inTree(volumes({}, { status: { vrrp: [VRRP, LAN] } }), async () => {
    const said = await kkv(WORDS)
    assert.is(said.status, 0)
    assert.match(said.out, "MASTER of vips, BACKUP of lan on n1: healthy\n")
    assert.match(said.out, /^Node +n1, interfaces eth0, eth1$/m)
    assert.match(said.out, /^VRRP vips +MASTER since 2026-11-22T22:00:00\.000Z$/m)
    assert.match(said.out, /^VRRP lan +BACKUP since 2026-11-22T22:00:00\.000Z: keepalived has started$/m)
    await writeTree(".", volumes({}, { status: { vrrp: [VRRP, { ...LAN, state: "fault" }] } }))
    assert.match((await kkv(WORDS)).out, /^ {2}The state of VRRP instance "lan" is FAULT since/m)
  }))

test("status() shows a node without a known instance as UNKNOWN", () =>
  inTree(volumes({}, { status: { vrrp: [] } }), async () => {
    const said = await kkv(WORDS)
    assert.is(said.status, 1)
    assert.match(said.out, /^UNKNOWN on n1: not healthy\n {2}No VRRP instance is known\n/)
    assert.match(said.out, /^VRRP +UNKNOWN$/m)
  }))

for (const state of ["fault", "init", "unknown"] as const)
  test(`status() VRRP in ${state}: the reason, status 1 (fault 263)`, () =>
    inTree(volumes({}, { status: { vrrp: [{ ...VRRP, state, reason: "eth0 is down" }] } }), async () => {
      const said = await kkv(WORDS)
      assert.is(said.status, 1)
      assert.match(said.out, `${state.toUpperCase()} on n1: not healthy\n`)
      assert.match(said.out, /^ {2}.*VRRP.*: eth0 is down/m)
    }))

test("status() warnings alone are healthy", () =>
  inTree(volumes({}, { status: { problems: [{ ...FAULT, severity: "warning" }] } }), async () => {
    assert.is((await kkv(WORDS)).status, 0)
  }))

test("status() an agent that has been silent for long: the reason, whatever its last status says, status 1 (fault 260)", () =>
  inTree({ ...volumes({}), "applied/beat/heartbeat": heartbeatText(60) }, async () => {
    const said = await kkv(WORDS)
    assert.is(said.status, 1)
    assert.match(said.out, /the agent has been silent for 6\d s; the status below is its last report/)
  }))

for (const [what, change] of [
  ["missing", null],
  ["empty", ""],
  ["damaged", heartbeatText(3).replace('"pid":7', '"pid":8')],
  ["of another boot", heartbeatText(3, "another-boot")],
  ["from the future", heartbeatText(-600)],
  ["no JSON behind a right checksum", forgedHeartbeat("{")],
] as const)
  test(`status() a heartbeat of the agent that is ${what}: it is unknown whether it lives, status 1 (faults 260, 262)`, () => {
    const { "applied/beat/heartbeat": _, ...tree } = volumes({})
    return inTree(change === null ? tree : { ...tree, "applied/beat/heartbeat": change }, async () => {
      const said = await kkv(WORDS)
      assert.equal([said.status, said.err], [1, ""])
      assert.match(said.out, "Cannot tell whether the agent lives: ")
    })
  })

test("status() a source that was read long ago: how long, status 1 (fault 264)", () =>
  inTree({ ...volumes({}), "desired/beat/heartbeat": heartbeatText(1, undefined, { readAgo: 200 }) }, async () => {
    const said = await kkv(WORDS)
    assert.is(said.status, 1)
    assert.match(said.out, /the source was last read 20\d s ago \(expected at most 150 s\)/)
    assert.match(said.out, /^Source .*, read 20\d s ago$/m)
  }))

test("status() names the ConfigMap of each VIP if there are several", () => {
  const [vip] = STATUS.vips
  assert.ok(vip !== undefined)
  const other = { ...vip, vip: "10.4.0.51", entry: "10.4.0.51", object: "ConfigMap shop/vips" }
  return inTree(volumes({}, { status: { vips: [vip, other] } }), async () => {
    const { out } = await kkv(WORDS)
    assert.match(out, "\n10.4.0.50 (ConfigMap default/vips) ")
    assert.match(out, "\n10.4.0.51 (ConfigMap shop/vips) ")
  })
})

test("status() marks errors and warnings, names the entry and its ConfigMap, and colours them where it may", () => {
  const problem = {
    code: "SERVICE_NOT_FOUND",
    severity: "error",
    path: ["ConfigMap default/vips", "data", "10.4.0.50"],
    place: { file: "vips.yaml", line: 7, column: 3 },
    message: "Cannot forward",
  } as const
  const object = { ...problem, severity: "warning", code: "ANY", path: ["Service default/echo", "spec"] } as const
  const tree = volumes({}, { status: { problems: [problem, object] } })
  const said = "error: ConfigMap default/vips, entry 10.4.0.50: SERVICE_NOT_FOUND: Cannot forward"
  return inTree(tree, async () => {
    const { out } = await kkv(WORDS)
    assert.match(out, `Problems\n  ${said}\n  warning: Service default/echo spec: ANY: Cannot forward\n`)
    const coloured = (await kkv(WORDS, { colour: true })).out
    assert.match(coloured, "\u001b[31merror:\u001b[39m ConfigMap")
    assert.match(coloured, "\u001b[33mwarning:\u001b[39m Service")
  })
})

test("status() shows the nodes: reachable, silent, never heard, cut off", async () => {
  const nodes = { watched: 5, unreachable: ["w1"], unheard: 2, unheardNames: ["w2"], cutOff: false }
  await inTree(volumes({}, { status: { nodes } }), async () =>
    assert.match((await kkv(WORDS)).out, /^Nodes +2 of 5 reachable; silent: w1; never heard: w2 and 1 more$/m),
  )
  await inTree(volumes({}, { status: { nodes: { ...nodes, cutOff: true } } }), async () =>
    assert.match((await kkv(WORDS)).out, /^Nodes .*; half of them or more are silent: this node may be cut off/m),
  )
})

test("status() says why and since when a generation is pinned", () =>
  inTree(volumes({}, { status: { pinned: GENERATION } }), async (directory) => {
    const pin = {
      archive: `${GENERATION}.tar.gz`,
      sequence: 7,
      reason: "checkout answers 500",
      pinnedAt: "2026-11-22T23:00:00.000Z",
    }
    await writeTree(directory, { "state/pin.json": encodePin(pin) })
    const { out } = await kkv([...WORDS, "--state", "state"])
    assert.match(out, /^Pinned +generation 7 since 2026-11-22T23:00:00\.000Z: checkout answers 500$/m)
  }))

test("status() a VIP without a ready pod: its state says so, and the node is healthy (fault 261)", () => {
  const unserved = {
    ...VIP!,
    state: "unserved",
    readyPods: 0,
    unserved: 1,
    problem: { code: "NO_ENDPOINTS", message: "no pod is ready" },
  } as const
  return inTree(volumes({}, { status: { vips: [unserved] } }), async () => {
    const said = await kkv(WORDS)
    assert.is(said.status, 0)
    assert.match(said.out, /^10\.4\.0\.50 {2}unserved {2}1 +0 +5 +default\/echo\n {2}NO_ENDPOINTS: no pod is ready$/m)
  })
})

test("status() zero VIPs is healthy", () =>
  inTree(volumes({}, { status: { vips: [] } }), async () => {
    const said = await kkv(WORDS)
    assert.is(said.status, 0)
    assert.match(said.out, "No VIPs\n")
  }))

test("status() sync's volume need not be there", () =>
  inTree(Object.fromEntries(Object.entries(volumes({})).filter(([path]) => path.startsWith("applied/"))), async () =>
    assert.is((await kkv(WORDS)).status, 0),
  ))

const unreadable: readonly (readonly [name: string, text: string])[] = [
  ["garbage", "{{{"],
  ["empty", ""],
  ["another schema", "schema: 9\n"],
]
for (const [name, text] of unreadable)
  test(`status() ${name}: status 3`, () =>
    inTree({ "applied/status.yaml": text }, async () => {
      const said = await kkv(WORDS)
      assert.is(said.status, 3)
      assert.match(said.err, /^kkv: Cannot read applied\/status\.yaml: /)
    }))

test("status() nothing there: status 3, and what to do", () =>
  inTree({}, async () => {
    const said = await kkv(WORDS)
    assert.is(said.status, 3)
    assert.match(said.err, "name its directory with --applied")
  }))

test("status() --output json has a stable shape", () =>
  inTree(volumes({}, { sequence: 8 }), async () => {
    const said = await kkv([...WORDS, "--output", "json"])
    assert.is(said.status, 1)
    const report = JSON.parse(said.out) as Record<string, unknown>
    const keys = ["healthy", "reasons", "sidecar", "agent", "pin", "pointer", "sync", "syncSilence", "sourceAge"]
    assert.equal(Object.keys(report), keys)
    assert.is(report["healthy"], false)
  }))

test.run()
