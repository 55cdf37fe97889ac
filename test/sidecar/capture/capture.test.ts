import { test } from "uvu"
import * as assert from "uvu/assert"

import type { Capture } from "../../../src/sidecar/capture/capture.ts"
import { createMapReader } from "../../../src/sidecar/capture/kube-proxy-maps.ts"
import { nftChains } from "../../../src/sidecar/capture/nft-chains.ts"
import { captureOf, isKubeProxyService } from "../../../src/sidecar/capture/owner.ts"
import { traceFrom } from "../../../src/sidecar/capture/trace.ts"
import type { VirtualServerKey } from "../../../src/sidecar/ports.ts"
import { chainsIn, recorded, type Recording } from "./recorded.ts"

const server = (address: string, port = 80, protocol: "TCP" | "UDP" = "TCP"): VirtualServerKey => ({
  address,
  port,
  protocol,
})

/** What is said of a virtual server, in short. */
function shown(capture: Capture | null): string {
  if (capture === null) return "IPVS"
  const { taker, effect, owner, to } = capture
  const who = owner === null ? "?" : owner.kind === "service" ? `${owner.name} ${owner.field}` : owner.id
  return [taker, effect, who, ...(to === null ? [] : [to])].join(", ")
}

async function inIptables(saved: string, one: VirtualServerKey, inward = "eth0"): Promise<string> {
  const options = { inward, isTaker: isKubeProxyService }
  const dropped = await traceFrom("KUBE-EXTERNAL-SERVICES", one, { ...options, chainOf: chainsIn(saved, "filter") })
  const taken = dropped ?? (await traceFrom("PREROUTING", one, { ...options, chainOf: chainsIn(saved, "nat") }))
  return shown(taken === null ? null : captureOf(one, taken))
}

const byKubeProxy: readonly [what: string, one: VirtualServerKey, iptables: string, nft: string][] = [
  [
    "the external IP of another Service",
    server("10.4.0.50"),
    "kube-proxy, forwarded, default/ext external IP",
    "kube-proxy, forwarded, default/ext external",
  ],
  [
    "the same for UDP",
    server("10.4.0.50", 53, "UDP"),
    "kube-proxy, forwarded, default/ext external IP",
    "kube-proxy, forwarded, default/ext external",
  ],
  ["another port of that address", server("10.4.0.50", 81), "IPVS", "IPVS"],
  ["another protocol on that port", server("10.4.0.50", 53, "TCP"), "IPVS", "IPVS"],
  [
    "the address of a load balancer with source ranges",
    server("10.4.0.51"),
    "kube-proxy, forwarded, shop/lb load balancer IP",
    "kube-proxy, forwarded, shop/lb external",
  ],
  ["the address of a load balancer with ipMode Proxy (the way out)", server("10.4.0.52"), "IPVS", "IPVS"],
  [
    "the address of a load balancer whose policy is Local, without a pod here",
    server("10.4.0.53"),
    "kube-proxy, dropped, shop/local external",
    "kube-proxy, dropped, shop/local external",
  ],
  [
    "the external IP of a Service without endpoints",
    server("10.4.0.54"),
    "kube-proxy, dropped, default/empty external",
    "kube-proxy, dropped, default/empty external",
  ],
  [
    "a cluster IP",
    server("10.96.0.7"),
    "kube-proxy, forwarded, default/web cluster IP",
    "kube-proxy, forwarded, default/web cluster IP",
  ],
  [
    "a node port, which in iptables mode counts on every local address",
    server("10.4.0.60", 30081),
    "kube-proxy, forwarded, shop/proxy node port",
    "IPVS",
  ],
  [
    "a node port on the node's own address",
    server("10.4.0.3", 30081),
    "kube-proxy, forwarded, shop/proxy node port",
    "kube-proxy, forwarded, shop/proxy node port",
  ],
  ["an address that no Service has", server("10.4.0.61"), "IPVS", "IPVS"],
]
for (const [what, one, inTables, inMaps] of byKubeProxy) {
  for (const name of ["kube-proxy.iptables-nft", "kube-proxy.iptables-legacy"] as const satisfies readonly Recording[])
    test(`takenFrom() in ${name}: ${what} (fault 271)`, async () =>
      assert.is(await inIptables(recorded(name), one), inTables))
  test(`createMapReader() in kube-proxy.nft: ${what} (fault 271)`, () => {
    const reader = createMapReader([one, server("10.4.0.99")])
    for (const line of recorded("kube-proxy.nft").split("\n")) reader.line(line)
    assert.is(shown(reader.captures()[0] ?? null), inMaps)
  })
}

const byHostPort: readonly [what: string, one: VirtualServerKey, expected: string][] = [
  ["a hostPort", server("10.4.0.50"), "hostport, forwarded, 5f2a9b7c1d, 10.2.66.9:8000"],
  ["a hostPort on any other VIP", server("10.4.0.77"), "hostport, forwarded, 5f2a9b7c1d, 10.2.66.9:8000"],
  ["a hostPort for UDP", server("10.4.0.50", 53, "UDP"), "hostport, forwarded, 5f2a9b7c1d, 10.2.66.9:5353"],
  [
    "a hostPort with the VIP as its hostIP",
    server("10.4.0.50", 8443),
    "hostport, forwarded, 5f2a9b7c1d, 10.2.66.9:8443",
  ],
  ["a hostPort with another hostIP", server("10.4.0.51", 8443), "IPVS"],
  ["another port", server("10.4.0.50", 8000), "IPVS"],
]
for (const [what, one, expected] of byHostPort) {
  test(`takenFrom() in portmap.iptables-nft: ${what} (fault 272)`, async () => {
    assert.is(await inIptables(recorded("portmap.iptables-nft"), one), expected)
  })
  test(`nftChains() of portmap.nft: ${what} (fault 272)`, async () => {
    const chains = nftChains(recorded("portmap.nft"))
    const chainOf = (name: string) => Promise.resolve(chains.find((chain) => chain.name === name)?.rules ?? [])
    const starts = chains.filter(({ isNatPrerouting }) => isNatPrerouting)
    assert.equal(
      starts.map(({ name }) => name),
      ["prerouting"],
    )
    const taken = await traceFrom("prerouting", one, { chainOf, inward: "eth0", isTaker: () => false })
    assert.is(shown(taken === null ? null : captureOf(one, taken, "hostport")), expected)
  })
}

/** Rules as people and other programs write them, each with what becomes of VIP 10.4.0.50:80/TCP. */
const written: readonly [what: string, rules: string, expected: string][] = [
  [
    "a published port of Docker",
    "-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER\n-A DOCKER ! -i docker0 -p tcp -m tcp --dport 80 -j DNAT --to-destination 172.17.0.2:80",
    "rule, forwarded, ?, 172.17.0.2:80",
  ],
  ["a redirect of all that comes", "-A PREROUTING -p tcp -j REDIRECT --to-ports 3128", "rule, forwarded, ?, 3128"],
  [
    "a network that holds the VIP",
    "-A PREROUTING -d 10.4.0.0/24 -j DNAT --to-destination 10.9.0.1",
    "rule, forwarded, ?, 10.9.0.1",
  ],
  [
    "several ports and ranges",
    "-A PREROUTING -p tcp -m multiport --dports 22,79:81 -j DNAT --to-destination 10.9.0.1",
    "rule, forwarded, ?, 10.9.0.1",
  ],
  [
    "a source that some clients have",
    "-A PREROUTING -s 10.4.0.0/24 -p tcp --dport 80 -j DNAT --to-destination 10.9.0.1",
    "rule, forwarded, ?, 10.9.0.1",
  ],
  [
    "a chance",
    "-A PREROUTING -m statistic --mode random --probability 0.5 -j DNAT --to-destination 10.9.0.1",
    "rule, forwarded, ?, 10.9.0.1",
  ],
  ["another network", "-A PREROUTING -d 10.5.0.0/16 -j DNAT --to-destination 10.9.0.1", "IPVS"],
  ["all but the VIP", "-A PREROUTING ! -d 10.4.0.50/32 -j DNAT --to-destination 10.9.0.1", "IPVS"],
  ["another interface", "-A PREROUTING -i cni0 -p tcp --dport 80 -j DNAT --to-destination 10.9.0.1", "IPVS"],
  [
    "an interface by its beginning",
    "-A PREROUTING -i eth+ -p tcp --dport 80 -j DNAT --to-destination 10.9.0.1",
    "rule, forwarded, ?, 10.9.0.1",
  ],
  [
    "only what is not for this machine",
    "-A PREROUTING -m addrtype ! --dst-type LOCAL -j DNAT --to-destination 10.9.0.1",
    "IPVS",
  ],
  [
    "a set whose content nobody here knows",
    "-A PREROUTING -m set --match-set vips dst -j DNAT --to-destination 10.9.0.1",
    "IPVS",
  ],
  [
    "a rule before it that accepts",
    "-A PREROUTING -d 10.4.0.50/32 -j ACCEPT\n-A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 10.9.0.1",
    "IPVS",
  ],
  [
    "a rule before it that keeps the VIP",
    "-A PREROUTING -d 10.4.0.50/32 -j DNAT --to-destination 10.4.0.50\n-A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 10.9.0.1",
    "IPVS",
  ],
  [
    "a rule before it that accepts some",
    "-A PREROUTING -s 10.4.0.7/32 -j ACCEPT\n-A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 10.9.0.1",
    "rule, forwarded, ?, 10.9.0.1",
  ],
  [
    "a chain that returns before it",
    "-A PREROUTING -j A\n-A A -p tcp -m tcp --dport 80 -j RETURN\n-A A -j DNAT --to-destination 10.9.0.1",
    "IPVS",
  ],
  [
    "a chain gone to, which does not come back",
    '-A PREROUTING -g A\n-A A -j LOG --log-prefix "a b"\n-A PREROUTING -j DNAT --to-destination 10.9.0.1',
    "IPVS",
  ],
  ["an unreachable chain", "-A A -p tcp --dport 80 -j DNAT --to-destination 10.9.0.1", "IPVS"],
  [
    "a comment that looks like options",
    '-A PREROUTING -m comment --comment "-j DNAT --dport 80 \\"x\\" -d 10.4.0.50" -j A',
    "IPVS",
  ],
]
for (const [what, rules, expected] of written)
  test(`takenFrom() ${what}`, async () => {
    assert.is(await inIptables(`*nat\n${rules}\nCOMMIT\n`, server("10.4.0.50")), expected)
  })

test("takenFrom() ends where chains lead to each other", async () => {
  const saved = "*nat\n-A PREROUTING -j A\n-A A -j B\n-A B -j A\nCOMMIT\n"
  try {
    await inIptables(saved, server("10.4.0.50"))
    assert.unreachable()
  } catch (error) {
    assert.match(String(error), "chains nest deeper than 32")
  }
})

test.run()
