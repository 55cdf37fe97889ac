import { test } from "uvu"
import * as assert from "uvu/assert"

import type { Signs } from "../../../src/contract/signs.ts"
import { kernelChecks } from "../../../src/sidecar/doctor/kernel-checks.ts"
import { lanChecks } from "../../../src/sidecar/doctor/lan-checks.ts"
import { interfacesOf, statusChecks } from "../../../src/sidecar/doctor/status-checks.ts"
import type { Finding } from "../../../src/sidecar/doctor/finding.ts"
import type { Link } from "../../../src/sidecar/ports.ts"
import { STATUS } from "../../cli/support/volume.ts"
import { ALIVE } from "../../support/signs.ts"

const WELL: Readonly<Record<string, string>> = {
  "/proc/net/ip_vs": "IP Virtual Server",
  "/proc/sys/net/ipv4/ip_forward": "1",
  "/proc/sys/net/ipv4/vs/conntrack": "1",
  "/proc/sys/net/ipv4/vs/expire_nodest_conn": "1",
  "/proc/sys/net/ipv4/vs/expire_quiescent_template": "1",
  "/proc/sys/net/netfilter/nf_conntrack_count": "899",
  "/proc/sys/net/netfilter/nf_conntrack_max": "1000",
  "/proc/sys/net/ipv4/conf/all/rp_filter": "0",
  "/proc/sys/net/ipv4/conf/eth0/rp_filter": "2",
  "/sys/class/net/eth0/mtu": "1500",
}

interface Change {
  readonly files?: Readonly<Record<string, string | null>>
  readonly links?: Readonly<Record<string, Link>>
}

function kernel({ files = {}, links = {} }: Change): readonly Finding[] {
  const all: Readonly<Record<string, string | null>> = { ...WELL, ...files }
  const link = (name: string) => links[name] ?? (name === "eth0" ? "up" : "absent")
  return kernelChecks({ read: (file) => all[file] ?? null, link }, ["eth0"])
}

const brief = (findings: readonly Finding[]) =>
  findings.filter(({ state }) => state !== "good").map(({ check, state, is }) => `${check} ${state}: ${is}`)

const cases: readonly (readonly [what: string, change: Change, found: readonly string[]])[] = [
  ["all is well", {}, []],
  ["no IPVS", { files: { "/proc/net/ip_vs": null } }, ["ip_vs wrong: the kernel has no IPVS"]],
  [
    "no forwarding",
    { files: { "/proc/sys/net/ipv4/ip_forward": "0" } },
    ["net.ipv4.ip_forward wrong: it is 0 (expected 1)"],
  ],
  [
    "a sysctl that is not there",
    { files: { "/proc/sys/net/ipv4/vs/conntrack": null } },
    ["net.ipv4.vs.conntrack unknown: this kernel does not show it"],
  ],
  [
    "the table of connections is nearly full",
    { files: { "/proc/sys/net/netfilter/nf_conntrack_count": "900" } },
    ["conntrack wrong: 900 of 1000 connections"],
  ],
  ["no table of connections", { files: { "/proc/sys/net/netfilter/nf_conntrack_max": null } }, []],
  [
    "no carrier",
    { links: { eth0: "no-carrier" } },
    ["interface eth0 wrong: it has no carrier: the cable or the switch port"],
  ],
  [
    "a strict reverse path",
    { files: { "/proc/sys/net/ipv4/conf/eth0/rp_filter": "1" } },
    ["rp_filter eth0 look: strict"],
  ],
  [
    "a strict reverse path for all, and a loose one here: the larger counts",
    { files: { "/proc/sys/net/ipv4/conf/all/rp_filter": "1" } },
    [],
  ],
]

for (const [what, change, found] of cases)
  test(`kernelChecks() ${what}`, () => {
    const findings = kernel(change)
    assert.equal(brief(findings), found)
    for (const { state, causes, action } of findings) {
      assert.is(causes === null, state === "good")
      assert.is(action === null, state === "good")
    }
  })

const SIGNS: Signs = {
  status: { ...STATUS, problems: [], drift: "none", outcome: "applied" },
  agent: ALIVE,
  sync: null,
}

test("statusChecks() what is not well, and what cannot be told, is in its group", () => {
  assert.equal(brief(statusChecks(SIGNS)), [])
  const said = (change: Partial<Signs["status"]>) =>
    brief(statusChecks({ ...SIGNS, status: { ...SIGNS.status, ...change } }))
  assert.match(
    said({ drained: { since: "2026-11-22T23:00:00.000Z", reason: "disk" } })[0] ?? "",
    /^drained look: drained since/,
  )
  assert.equal(said({ keepalived: "stopped" }), ["keepalived wrong: keepalived is not running"])
  assert.match(said({ drift: "unknown" })[0] ?? "", /^kernel state unknown: the kernel has not been compared/)
  assert.match(said({ vrrp: [] })[0] ?? "", /^VRRP wrong: No VRRP instance is known/)
  const [vip] = SIGNS.status.vips
  assert.equal(said({ vips: vip === undefined ? [] : [{ ...vip, state: "left-out" }] }), [
    "configuration wrong: 1 VIP is left out",
  ])
  const dead = statusChecks({ ...SIGNS, agent: { ...ALIVE, silence: { kind: "age", seconds: 60 } } })
  assert.match(brief(dead)[0] ?? "", /^agent wrong: the agent has been silent for 60 s/)
})

test("statusChecks() a problem of the node is a finding that leads to its page; one of an entry is not", () => {
  const problem = { code: "FORWARDED_BY_RULE", severity: "warning", path: ["nat"], place: null, message: "m" } as const
  const place = { file: "vips.yaml", line: 8, column: 3 }
  const problems = [problem, { ...problem, code: "BAD_ADDRESS", place }]
  const [found, ...others] = statusChecks({ ...SIGNS, status: { ...SIGNS.status, problems } }).filter(
    ({ state }) => state !== "good",
  )
  assert.equal(others, [])
  assert.equal([found?.check, found?.state], ["FORWARDED_BY_RULE", "look"])
  assert.is(found?.action, "docs/problems.md says more about FORWARDED_BY_RULE")
})

test("interfacesOf() each interface once", () => {
  const vrrp = [...STATUS.vrrp, ...STATUS.vrrp].map((one) => ({ ...one, interface: "eth0" }))
  assert.equal(interfacesOf({ vrrp }), ["eth0"])
})

const [VRRP] = STATUS.vrrp
const [VIP] = STATUS.vips
if (VRRP === undefined || VIP === undefined) throw new Error("the fixture has no VRRP instance or no VIP")
const held = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ ...VIP, vip: `10.4.0.${at + 1}`, inEffect: true }))

test("lanChecks() a master asks for its VIPs, at most twenty; a backup does not ask", async () => {
  const asked: string[] = []
  const lan = {
    probe: (name: string, address: string) => {
      asked.push(`${name} ${address}`)
      return Promise.resolve(address === "10.4.0.2" ? "56:61:6D:23:D8:C8" : null)
    },
  }
  const master = { vrrp: [{ ...VRRP, state: "master" as const, interface: "eth0" }], vips: held(30) }
  assert.equal(brief(await lanChecks({ lan, status: master, failures: [] })), [
    "address in use wrong: 56:61:6D:23:D8:C8 answers for 10.4.0.2 as well, which this node holds",
  ])
  assert.is(asked.length, 20)
  asked.length = 0
  const backup = { ...master, vrrp: [{ ...VRRP, state: "backup" as const, interface: "eth0" }] }
  assert.equal(brief(await lanChecks({ lan, status: backup, failures: [] })), [])
  assert.equal(asked, [])
})

test("lanChecks() a LAN that cannot be asked is unknown", async () => {
  const lan = { probe: () => Promise.resolve(null) }
  const status = { vrrp: [{ ...VRRP, state: "master" as const, interface: "eth0" }], vips: held(1) }
  assert.equal(brief(await lanChecks({ lan, status, failures: ["arping said: no"] })), [
    "address in use unknown: Cannot ask the LAN: arping said: no",
  ])
})

test.run()
