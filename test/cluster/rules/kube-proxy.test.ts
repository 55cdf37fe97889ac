import { spawn } from "node:child_process"
import { mkdir, rename, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { type FindCaptures, createFindCaptures } from "../../../src/sidecar/capture/find-captures.ts"
import { until } from "../api/support/until.ts"
import { createNetworkNamespace } from "../../support/keepalived.ts"
import { slow } from "../../support/slow.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"

const FAKE_API = join(import.meta.dirname, "../../lab/guest/fake-api.ts")
const VIP = "10.4.0.50"

/** A Service of type LoadBalancer with one pod, on another node than this one. */
function manifests(spec: string, status: string): string {
  return `apiVersion: v1
kind: Node
metadata: {name: n1, uid: a}
status: {addresses: [{type: InternalIP, address: 10.4.0.3}]}
---
apiVersion: v1
kind: Service
metadata: {name: other, namespace: shop}
spec:
  type: LoadBalancer
  clusterIP: 10.96.0.8
  clusterIPs: [10.96.0.8]
  ipFamilies: [IPv4]
  ports: [{name: http, port: 80, protocol: TCP, targetPort: 8080, nodePort: 30080}]
  ${spec}
status: {loadBalancer: {${status}}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: other-1, namespace: shop, labels: {kubernetes.io/service-name: other}}
addressType: IPv4
ports: [{name: http, port: 8080, protocol: TCP}]
endpoints: [{addresses: [10.2.68.7], conditions: {ready: true, serving: true}, nodeName: n3}]
`
}

const KUBECONFIG = `apiVersion: v1
kind: Config
clusters: [{name: a, cluster: {server: "http://127.0.0.1:18080"}}]
users: [{name: a, user: {}}]
contexts: [{name: a, context: {cluster: a, user: a}}]
current-context: a
`

interface Node {
  /** What takes the packets of the VIP's port, in short; empty for nothing. */
  found(port?: number): Promise<string>
  /** Gives the Service other fields. */
  apply(spec: string, status: string): Promise<void>
}

/** A network namespace with kube-proxy in it, and an API server that it asks. */
async function withKubeProxy(mode: string, kind: "nft" | "legacy", use: (node: Node) => Promise<void>): Promise<void> {
  await withTemporaryDirectory(async (directory) => {
    const namespace = await createNetworkNamespace()
    try {
      const [objects, programs] = [join(directory, "objects"), join(directory, "programs")]
      for (const folder of [objects, programs]) await mkdir(folder)
      for (const name of ["iptables", "ip6tables"])
        for (const suffix of ["", "-save", "-restore"])
          await symlink(`/usr/sbin/${name}-${kind}${suffix}`, join(programs, `${name}${suffix}`))
      const apply = async (spec: string, status: string) => {
        // In one step: kube-proxy ends when its Node is gone.
        await writeFile(join(objects, "next"), manifests(spec, status))
        await rename(join(objects, "next"), join(objects, "all.yaml"))
      }
      await apply("", "")
      await writeFile(join(directory, "kubeconfig"), KUBECONFIG)
      const start = (...words: readonly string[]) => {
        const [program, ...rest] = [...namespace.words, ...words]
        spawn(program, rest, { stdio: "ignore", env: { ...process.env, PATH: `${programs}:${process.env["PATH"]}` } })
      }
      start(process.execPath, FAKE_API, objects, "18080")
      start(process.env["KUBEPROXY"] ?? "kube-proxy", ...flagsOf(mode, join(directory, "kubeconfig")))
      const look = await lookIn(directory, kind, (file, program) => namespace.wrap(file, program))
      await use({ apply, found: (port = 80) => shown(look, port) })
    } finally {
      await namespace.remove()
    }
  })
}

function flagsOf(mode: string, kubeconfig: string): readonly string[] {
  const conntrack = ["max-per-core=0", "min=0", "tcp-timeout-established=0s", "tcp-timeout-close-wait=0s"]
  return [
    ...[`--kubeconfig=${kubeconfig}`, `--proxy-mode=${mode}`, "--hostname-override=n1", "--cluster-cidr=10.2.0.0/16"],
    ...conntrack.map((flag) => `--conntrack-${flag}`),
    ...["--healthz-bind-address=", "--metrics-bind-address="],
  ]
}

async function lookIn(
  directory: string,
  kind: "nft" | "legacy",
  wrap: (file: string, program: string) => Promise<string>,
): Promise<FindCaptures> {
  const tables = join(directory, "ip_tables_names")
  await writeFile(tables, kind === "legacy" ? "nat\nfilter\n" : "")
  const program = (name: string) => wrap(join(directory, name), name)
  return createFindCaptures({
    nft: await program("nft"),
    iptablesNft: await program("iptables-nft"),
    iptablesLegacy: await program("iptables-legacy"),
    legacyTables: tables,
  })
}

async function shown(look: FindCaptures, port: number): Promise<string> {
  const servers = [{ address: VIP, port, protocol: "TCP" }] as const
  const found = await look({
    servers: servers.map((one) => ({ ...one, inward: "eth0" })),
    signal: new AbortController().signal,
  })
  return found
    .map(({ taker, effect, owner }) => `${taker} ${effect} ${owner?.kind === "service" ? owner.name : "?"}`)
    .join()
}

const modes = [
  ["iptables", "nft"],
  ["iptables", "legacy"],
  ["nftables", "nft"],
] as const
for (const [mode, kind] of modes)
  test(
    `a real kube-proxy in ${mode} mode (iptables-${kind}): what takes the VIP's packets is named, and ipMode Proxy is the way out (fault 271)`,
    slow(170_000, () =>
      withKubeProxy(mode, kind, async ({ apply, found }) => {
        const becomes = async (expected: string, claim: string) => {
          let last = ""
          const isSo = async () => ((last = await found()) === expected ? true : null)
          await until(claim, 60_000, isSo).catch(() => assert.is(last, expected, claim))
        }
        await apply("externalIPs: [10.4.0.50]", "")
        await becomes("kube-proxy forwarded shop/other", "the external IP is named")
        assert.is(await found(81), "", "another port is nobody's")
        await apply("", "ingress: [{ip: 10.4.0.50, ipMode: Proxy}]")
        await becomes("", "nothing takes an address in ipMode Proxy")
        await apply("", "ingress: [{ip: 10.4.0.50, ipMode: VIP}]")
        await becomes("kube-proxy forwarded shop/other", "the address of a load balancer in ipMode VIP is named")
        await apply("externalTrafficPolicy: Local\n  healthCheckNodePort: 30999", "ingress: [{ip: 10.4.0.50}]")
        await becomes("kube-proxy dropped shop/other", "the drop for want of a local pod is named")
        await apply("", "")
        await becomes("", "it is over when the Service has the address no more")
      }),
    ),
  )

test.run()
