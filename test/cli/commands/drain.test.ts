import { existsSync, mkdirSync } from "node:fs"
import { readFile, writeFile } from "node:fs/promises"

import { test } from "uvu"
import * as assert from "uvu/assert"

import { decodeDrain } from "../../../src/contract/node/drain.ts"
import { encodePin } from "../../../src/contract/node/pin.ts"
import { type ClusterNode, type ClusterReport, encodeCluster } from "../../../src/contract/report/cluster.ts"
import type { StatusVrrp } from "../../../src/contract/vrrp.ts"
import { bootId, uptimeSeconds } from "../../../src/kit/time/uptime.ts"
import { kkv } from "../support/kkv.ts"
import { inTree, type Tree } from "../support/manifests.ts"
import { volumes, VRRP } from "../support/volume.ts"

const WORDS = ["--state", "state", "--applied", "applied", "--desired", "desired"]
const DRAIN = ["drain", ...WORDS]
const FILE = "state/drain.json"

/** A backup that reported 12 s ago. */
function other(name: string, more: Partial<ClusterReport> = {}): ClusterNode {
  const number = Number(name.slice(1))
  const role = { ...VRRP, state: "backup", priority: 262 - 8 * number } as const
  const report = { state: "applied", generation: "0123456789ab", vips: 1, roles: [role], troubles: [] } as const
  return { name, ready: true, report: { ...report, renewed: uptimeSeconds() - 12, drained: null, ...more } }
}

/** The volumes of n1. @param nodes Null: nothing is known of the others. */
function node(state: StatusVrrp["state"], nodes: readonly ClusterNode[] | null, readAgo = 3): Tree {
  const now = uptimeSeconds()
  const cluster = { bootId: bootId(), read: now - readAgo, nodes: [other("n1"), ...(nodes ?? [])] }
  return {
    ...volumes({}, { status: { vrrp: [{ ...VRRP, state, priority: 254 }] } }),
    ...(nodes === null ? {} : { "desired/beat/cluster.json": encodeCluster(cluster) }),
    "state/archive/.keep": "",
  }
}

test("drain() a master: what happens, the file, the event; again: it hands over again", () =>
  inTree(node("master", [other("n2"), other("n3")]), async () => {
    const said = await kkv([...DRAIN, "--reason", "new memory"])
    assert.is(said.err, "")
    assert.is(said.status, 0)
    assert.is(
      said.out,
      `n1 is MASTER: all of them move together: 1 VIP (10.4.0.50); n2 takes over
  n2: can take over: BACKUP, reported 12 s ago
  n3: can take over: BACKUP, reported 12 s ago
Drained n1 (state/drain.json)
Next: the sidecar of this node hands the VIPs over within a second; this lasts over restarts
It takes the VIPs only if no other node announces them
See it:  kkv status
Undo it: kkv resume drain
`,
    )
    const first = decodeDrain(await readFile(FILE, "utf8"))
    assert.is(first.kind === "value" ? first.value.reason : null, "new memory")
    assert.match((await kkv(["history", "--state", "state"])).out, /^- +\S+ +drain +- +new memory$/m)
    assert.is((await kkv(DRAIN)).status, 0)
    assert.not.equal(decodeDrain(await readFile(FILE, "utf8")), first)
  }))

test("drain() --dry-run and -o json say the same, and the first writes nothing", () =>
  inTree(node("master", [other("n2")]), async () => {
    const dry = await kkv([...DRAIN, "--dry-run"])
    assert.is(dry.status, 0)
    assert.match(dry.out, /n2 takes over\n.*\nNothing drained \(dry run\)\n$/)
    assert.is(existsSync(FILE), false)
    const json = JSON.parse((await kkv([...DRAIN, "-o", "json"])).out) as Record<string, unknown>
    assert.equal(Object.keys(json), ["drained", "drain", "refused", "plan"])
    assert.is(json["drained"], true)
    assert.is(existsSync(FILE), true)
  }))

const silent = { renewed: uptimeSeconds() - 200 }
const refused: readonly (readonly [name: string, nodes: readonly ClusterNode[] | null, why: RegExp])[] = [
  ["the only node", [], /^kkv: Cannot drain n1: no other node can take over; make another node ready/],
  [
    "with the other drained",
    [other("n2", { drained: { since: "2026-11-22T23:00:00.000Z", reason: "disk" } })],
    /no other/,
  ],
  ["with the other silent", [other("n2", silent)], /no other node can take over/],
  [
    "with the other's report of unknown age",
    [other("n2", { renewed: null })],
    /no other node can take over \(n2: its report may be old: it renews it once a minute; ask again then\); make/,
  ],
  ["with the other not Ready", [{ ...other("n2"), ready: false }], /no other node can take over/],
  ["with the other in FAULT", [other("n2", { roles: [{ ...VRRP, state: "fault" }] })], /no other node can take over/],
  ["with the other without a configuration", [other("n2", { generation: null })], /no other node can take over/],
  ["with the other that has never reported", [{ ...other("n2"), report: null }], /no other node can take over/],
  ["with others unknown", null, /it is unknown whether another node can take over: sync has not written what they/],
]
for (const [name, nodes, why] of refused)
  test(`drain() refuses a master ${name}, and --force does it`, () =>
    inTree(node("master", nodes), async () => {
      const said = await kkv(DRAIN)
      assert.is(said.status, 1)
      assert.match(said.err, why)
      assert.match(said.err, "they do not answer for 4 s, and come back here\n")
      assert.is(existsSync(FILE), false)
      assert.is((await kkv([...DRAIN, "--dry-run"])).status, 1)
      assert.is((await kkv([...DRAIN, "--force"])).status, 0)
      assert.is(existsSync(FILE), true)
    }))

test("drain() refuses with reports that sync read long ago, or in another boot", () =>
  inTree(node("master", [other("n2")], 200), async () => {
    assert.match(
      (await kkv(DRAIN)).err,
      /unknown whether another node can take over: sync last read their reports 20\d s ago/,
    )
    const text = await readFile("desired/beat/cluster.json", "utf8")
    await writeFile("desired/beat/cluster.json", text.replace(bootId(), "another"))
    assert.match((await kkv(DRAIN)).err, "their reports are from another boot of this machine")
  }))

test("drain() a backup that knows nothing of the others hears the node that holds the VIPs", () =>
  inTree(node("backup", null), async () => {
    const said = await kkv(DRAIN)
    assert.is(said.status, 0)
    assert.match(said.out, "n1 is BACKUP: it holds no VIP, so none moves\n")
  }))

test("drain() refuses a backup if all others are known not to be able", () =>
  inTree(
    node("backup", [other("n2", { drained: { since: "2026-11-22T23:00:00.000Z", reason: "disk" } })]),
    async () => {
      const said = await kkv(DRAIN)
      assert.is(said.status, 1)
      assert.match(said.out, "  n2: cannot take over: it is drained (disk)\n")
      assert.match(said.err, "--force drains it all the same")
    },
  ))

test("drain() where there is no sidecar, or no directory of the node", () =>
  inTree({ "state/.keep": "" }, async () => {
    const said = await kkv(DRAIN)
    assert.is(said.status, 3)
    assert.match(
      said.err,
      /^kkv: Cannot read "applied\/status\.yaml": it does not exist; run this where the sidecar runs/,
    )
  }))

test("resume() ends a drain, and says what there is not", () =>
  inTree(node("backup", null), async () => {
    assert.is(
      (await kkv(["resume", "drain", "--state", "state"])).out,
      "This node is not drained (no state/drain.json)\n",
    )
    await kkv(DRAIN)
    const said = await kkv(["resume", "--state", "state"])
    assert.is(said.status, 0)
    assert.match(said.out, /^Ended the drain \(state\/drain\.json\)\n/)
    assert.is(existsSync(FILE), false)
    assert.match((await kkv(["history", "--state", "state"])).out, /^- +\S+ +drain ended/m)
  }))

test("resume() of a rollback and a drain: the user says which", () =>
  inTree(node("backup", null), async () => {
    const pin = { archive: `${"0".repeat(19)}2-0123456789ab.tar.gz`, sequence: 2, reason: "r", pinnedAt: "now" }
    await writeFile("state/pin.json", encodePin(pin))
    await kkv(DRAIN)
    const said = await kkv(["resume", "--state", "state"])
    assert.is(said.status, 1)
    assert.match(said.err, 'a rollback and a drain; run "kkv resume rollback" or "kkv resume drain"\n')
    assert.ok(existsSync(FILE) && existsSync("state/pin.json"))
    const json = await kkv(["resume", "drain", "--state", "state", "-o", "json"])
    assert.equal(JSON.parse(json.out), { resumed: false, undrained: true })
    assert.ok(!existsSync(FILE) && existsSync("state/pin.json"))
    assert.match((await kkv(["resume", "--state", "state"])).out, "Removed the pin")
  }))

test("resume() ends a drain that cannot be read, also a directory of that name", () =>
  inTree(node("backup", null), async () => {
    mkdirSync(FILE)
    assert.match((await kkv(["resume", "--state", "state"])).out, "Ended the drain")
    assert.is(existsSync(FILE), false)
  }))

test.run()
