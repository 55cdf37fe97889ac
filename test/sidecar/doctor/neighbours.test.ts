import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

import { test } from "uvu"
import * as assert from "uvu/assert"

import type { Cluster, ClusterReport } from "../../../src/contract/report/cluster.ts"
import type { StatusVrrp } from "../../../src/contract/vrrp.ts"
import { type AdvertCounts, advertChecks } from "../../../src/sidecar/doctor/advert-checks.ts"
import { proxyConfiguration } from "../../../src/sidecar/doctor/ask.ts"
import { clockChecks } from "../../../src/sidecar/doctor/clock-checks.ts"
import type { Finding } from "../../../src/sidecar/doctor/finding.ts"
import { mtuChecks } from "../../../src/sidecar/doctor/mtu-checks.ts"
import { peerChecks } from "../../../src/sidecar/doctor/peer-checks.ts"
import { proxyChecks } from "../../../src/sidecar/doctor/proxy-checks.ts"
import { refusedIn } from "../../../src/sidecar/keepalived/adverts.ts"
import { VRRP } from "../../cli/support/volume.ts"

const brief = (findings: readonly Finding[]) => findings.map(({ check, state, is }) => `${check} ${state}: ${is}`)

/** Listens to a FAKE keepalived that counts `heard` adverts meanwhile. */
async function listen(
  state: StatusVrrp["state"],
  heard: number,
  {
    refused = {},
    lines = [],
  }: { readonly refused?: Readonly<Record<string, number>>; readonly lines?: readonly string[] } = {},
): Promise<readonly string[]> {
  let now = 0
  const at = (count: number, more: Readonly<Record<string, number>>) =>
    new Map([["vips", { heard: 10 + count, refused: new Map(Object.entries(more)) } satisfies AdvertCounts]])
  const findings = await advertChecks({
    vrrp: [{ ...VRRP, state }],
    counts: () =>
      Promise.resolve(now === 0 ? at(0, { "Address List": 7 }) : at(heard, { "Address List": 7, ...refused })),
    log: () => (now === 0 ? ["old"] : ["old", ...lines]),
    clock: {
      now: () => now,
      delay: (ms) => {
        now += ms
        return Promise.resolve()
      },
    },
  })
  return brief(findings)
}

test("advertChecks() a master hears no other one, a backup one master", async () => {
  assert.equal(await listen("master", 0), ["adverts good: this master hears no other one"])
  assert.equal(await listen("backup", 3), ["adverts good: this backup hears one master: 3 adverts in 3.5 s"])
  assert.equal(await listen("backup", 4), ["adverts good: this backup hears one master: 4 adverts in 3.5 s"])
  assert.match((await listen("fault", 0))[0] ?? "", "adverts good: not listened for")
})

test("advertChecks() a stranger, by what is counted and by what is logged", async () => {
  assert.equal(await listen("master", 1), ["adverts wrong: this master hears 1 advert of another machine in 3.5 s"])
  assert.equal(await listen("backup", 7), [
    "adverts wrong: this backup hears 7 adverts in 3.5 s, more than one master sends",
  ])
  assert.match((await listen("backup", 0))[0] ?? "", "adverts wrong: this backup hears no advert of a master in 3.5 s")
  assert.equal(await listen("master", 0, { refused: { "Address List": 10, TTL: 2 } }), [
    "adverts wrong: keepalived refused 3 of a wrong address list, 2 of a wrong ttl in 3.5 s",
  ])
  const line = "Mon Nov 30 18:14:04 2026: (vips) wrong version. Received 3 and expect 2"
  assert.equal(await listen("master", 0, { lines: [line, line.replace("vips", "lan")] }), [
    "adverts wrong: keepalived refused adverts of another kind in 3.5 s: keepalived says: wrong version. Received 3 and expect 2",
  ])
})

test("advertChecks() a keepalived that does not answer is unknown", async () => {
  const clock = { now: () => 0, delay: () => Promise.resolve() }
  const findings = await advertChecks({ vrrp: [VRRP], counts: () => Promise.resolve(null), log: () => [], clock })
  assert.equal(brief(findings), ["adverts unknown: keepalived does not say what it hears"])
})

test("refusedIn() the packet errors of each instance, once the statistics are complete", () => {
  const text = `VRRP Instance: vips
  Advertisements:
    Received: 4
    Sent: 3
  Became master: 1
  Released master: 0
  Packet Errors:
    Length: 0
    TTL: 2
    Address List: 1
  Authentication Errors:
    Invalid Type: 9
  Priority Zero:
    Received: 0
    Sent: 0
`
  assert.equal(
    [...(refusedIn(text)?.get("vips") ?? [])],
    [
      ["Length", 0],
      ["TTL", 2],
      ["Address List", 1],
    ],
  )
  assert.is(refusedIn(text.slice(0, 40)), null)
})

/** @param ahead By how much the clock of the node is ahead, in s. @param ago When this node saw its renewal, in s. */
function peer(name: string, ahead: number, ago = 10, more: Partial<ClusterReport> = {}): Cluster["nodes"][number] {
  const renewTime = new Date(DATE - ago * 1000 + ahead * 1000).toISOString()
  const report = { state: "applied", generation: "a", vips: 1, roles: [], troubles: [] } as const
  return { name, ready: true, report: { ...report, renewed: UPTIME - ago, renewTime, ...more } }
}
const DATE = Date.parse("2026-11-30T12:00:00Z")
const UPTIME = 10_000
const at = (...nodes: Cluster["nodes"]) => ({
  cluster: { bootId: "b", read: UPTIME, nodes },
  moment: { uptime: UPTIME, bootId: "b" },
})

test("clockChecks() compares the times of the reports with those of this node", () => {
  const said = (...nodes: Cluster["nodes"]) => brief(clockChecks(at(...nodes), "n1", DATE))
  assert.equal(said(peer("n1", 500), peer("n2", 3), peer("n3", -29)), ["clock good: it agrees with n2 and n3"])
  assert.equal(said(peer("n2", 95), peer("n3", 0)), ["clock look: n2 is 1 min 35 s ahead of this node's clock"])
  assert.equal(said(peer("n2", -95), peer("n3", -95)), [
    "clock look: n2 is 1 min 35 s behind and n3 is 1 min 35 s behind of this node's clock; this node is the one that differs",
  ])
  assert.match(said(peer("n2", 95, 10, { renewed: null }))[0] ?? "", "clock good: not compared")
  assert.match(brief(clockChecks(null, "n1", DATE))[0] ?? "", "clock good: not compared")
})

test("mtuChecks() an MTU that is too small, and a pod network that takes less", () => {
  const mtus: Readonly<Record<string, number>> = {
    eth0: 1500,
    lo: 65536,
    cni0: 1450,
    "flannel.1": 1450,
    cali12ab: 1500,
  }
  const said = (change: Readonly<Record<string, number>> = {}) => {
    const all: Readonly<Record<string, number>> = { ...mtus, ...change }
    return brief(mtuChecks({ names: Object.keys(all), mtu: (name) => all[name] ?? null }, ["eth0"]))
  }
  assert.equal(said(), ["MTU eth0 look: it is 1500, and the pod network has less: cni0 1450 and flannel.1 1450"])
  assert.equal(said({ cni0: 1500, "flannel.1": 1500, docker0: 500 }), ["MTU eth0 good: it is 1500"])
  assert.equal(said({ eth0: 500 }), ["MTU eth0 wrong: it is 500 (expected at least 576)"])
  assert.match(brief(mtuChecks({ names: [], mtu: () => null }, ["eth0"]))[0] ?? "", "MTU eth0 unknown")
})

test("peerChecks() the nodes that do not answer on the LAN, and those that do not report", async () => {
  const peers = [
    { name: "n2", address: "10.4.0.4" },
    { name: "n3", address: "10.4.0.5" },
  ]
  const lan = {
    resolve: (_: string, address: string) => Promise.resolve(address === "10.4.0.4" ? "56:61:6D:23:D8:C8" : null),
  }
  const cluster = at(peer("n2", 0), peer("n3", 0, 200), { ...peer("n4", 0, 900), ready: false })
  const said = brief(await peerChecks({ peers, interfaceName: "eth0", lan, cluster }))
  assert.equal(said, [
    "peers on the LAN wrong: n3 (10.4.0.5) does not answer ARP on eth0",
    "peers' reports wrong: silent: n3 for 3 min 20 s",
  ])
  const [first] = peers
  const well = await peerChecks({
    peers: first === undefined ? [] : [first],
    interfaceName: "eth0",
    lan,
    cluster: at(peer("n2", 0)),
  })
  assert.equal(brief(well), [
    "peers on the LAN good: 1 node answers on eth0",
    "peers' reports good: each node that is Ready renews its report",
  ])
  const unknown = await peerChecks({ peers: null, interfaceName: "eth0", lan, cluster: null })
  assert.match(brief(unknown)[0] ?? "", "peers on the LAN unknown")
})

const VIPS = ["10.4.0.50", "10.4.0.51"]
const configured = (ipvs: object, mode = "ipvs") => ({ "kubeproxy.config.k8s.io": { mode, ipvs } })
const proxies: readonly (readonly [
  what: string,
  configuration: unknown,
  hasInterface: boolean,
  found: readonly RegExp[],
])[] = [
  ["another mode", configured({}, "nftables"), false, [/^kube-proxy good: its mode is nftables$/]],
  ["the default mode", configured({}, ""), false, [/^kube-proxy good: its mode is iptables$/]],
  [
    "IPVS with an exception",
    configured({ excludeCIDRs: ["10.4.0.48/28"], strictARP: true }),
    true,
    [/^kube-proxy good: .*leaves the VIPs alone$/],
  ],
  [
    "IPVS with half of one",
    configured({ excludeCIDRs: ["10.4.0.50/32", "nonsense"], strictARP: true }),
    true,
    [/^kube-proxy wrong: .*do not have 10\.4\.0\.51$/],
  ],
  [
    "IPVS without",
    configured({ excludeCIDRs: null }),
    true,
    [
      /^kube-proxy wrong: .*\(empty\) do not have 10\.4\.0\.50 and 10\.4\.0\.51$/,
      /^kube-proxy look: .*without ipvs\.strictARP$/,
    ],
  ],
  [
    "what an earlier mode left",
    configured({}, "nftables"),
    true,
    [/^kube-proxy look: its mode is nftables, and an earlier one has left kube-ipvs0$/],
  ],
  [
    "no answer, and its interface",
    null,
    true,
    [/^kube-proxy look: it is in IPVS mode, or was \(there is kube-ipvs0\), and does not say/],
  ],
  ["no answer", null, false, [/^kube-proxy good: it is not in IPVS mode$/]],
  ["an answer of another program", { hello: 1 }, false, [/^kube-proxy good: it is not in IPVS mode$/]],
]
for (const [what, configuration, hasInterface, found] of proxies)
  test(`proxyChecks() ${what}`, () => {
    const said = brief(proxyChecks({ configuration, hasInterface, vips: VIPS }))
    assert.is(said.length, found.length, said.join("\n"))
    for (const [index, pattern] of found.entries()) assert.match(said[index] ?? "", pattern)
  })

test("proxyConfiguration() reads /configz, and nothing that is not JSON, is too long, or does not answer", async () => {
  let answer = { status: 200, text: '{"a": 1}' }
  const server = createServer((_, response) => response.writeHead(answer.status).end(answer.text))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/configz`
  try {
    assert.equal(await proxyConfiguration(url), { a: 1 })
    answer = { status: 404, text: '{"a": 1}' }
    assert.is(await proxyConfiguration(url), null)
    answer = { status: 200, text: "<html>" }
    assert.is(await proxyConfiguration(url), null)
    answer = { status: 200, text: `"${"x".repeat(300_000)}"` }
    assert.is(await proxyConfiguration(url), null)
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  assert.is(await proxyConfiguration(url), null)
})

test.run()
