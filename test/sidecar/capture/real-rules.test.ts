import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import type { Capture } from "../../../src/sidecar/capture/capture.ts"
import { createFindCaptures } from "../../../src/sidecar/capture/find-captures.ts"
import { createNetworkNamespace, type NetworkNamespace } from "../../support/keepalived.ts"
import { run } from "../../support/run.ts"
import { slow } from "../../support/slow.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"
import { recorded } from "./recorded.ts"

const SERVERS = [
  { address: "10.4.0.50", port: 80, protocol: "TCP" },
  { address: "10.4.0.52", port: 80, protocol: "TCP" },
  { address: "10.4.0.53", port: 80, protocol: "TCP" },
  { address: "10.4.0.60", port: 8443, protocol: "TCP" },
] as const

/** Without the counters of kube-proxy that another subsystem of the kernel would have to have. */
function loadable(saved: string): string {
  return saved
    .split("\n")
    .filter((line) => !line.includes("nfacct"))
    .join("\n")
}

/** Looks at the rules that `load` gives the kernel of a network namespace. */
async function look(
  load: (namespace: NetworkNamespace) => Promise<unknown>,
  legacyTables: string,
): Promise<readonly string[]> {
  const namespace = await createNetworkNamespace()
  try {
    await load(namespace)
    return await withTemporaryDirectory(async (directory) => {
      const tables = join(directory, "ip_tables_names")
      await writeFile(tables, legacyTables)
      const program = (name: string) => namespace.wrap(join(directory, name), name)
      const captures = createFindCaptures({
        nft: await program("nft"),
        iptablesNft: await program("iptables-nft"),
        iptablesLegacy: await program("iptables-legacy"),
        legacyTables: tables,
      })
      return shown(
        await captures({
          servers: SERVERS.map((one) => ({ ...one, inward: "eth0" })),
          signal: new AbortController().signal,
        }),
      )
    })
  } finally {
    await namespace.remove()
  }
}

function shown(captures: readonly Capture[]): readonly string[] {
  return captures.map(({ server, taker, effect, owner }) => {
    const who = owner?.kind === "service" ? owner.name : (owner?.id ?? "?")
    return `${server.address}:${server.port} ${taker} ${effect} ${who}`
  })
}

/** Gives a program in the namespace its input. */
const given =
  (input: string, ...words: readonly string[]) =>
  async ({ name }: NetworkNamespace) => {
    const { status, stderr } = await run("ip", ["netns", "exec", name, ...words], { input })
    assert.is(status, 0, stderr)
  }

const NOTHING_LEGACY = "\n"
const KUBE_PROXY = ["10.4.0.50:80 kube-proxy forwarded default/ext", "10.4.0.53:80 kube-proxy dropped shop/local"]
const HOST_PORT = [
  "10.4.0.50:80 hostport forwarded 5f2a9b7c1d",
  "10.4.0.52:80 hostport forwarded 5f2a9b7c1d",
  "10.4.0.53:80 hostport forwarded 5f2a9b7c1d",
]
const kernels: readonly [
  what: string,
  load: (namespace: NetworkNamespace) => Promise<unknown>,
  legacyTables: string,
  expected: readonly string[],
][] = [
  ["nothing", () => Promise.resolve(), NOTHING_LEGACY, []],
  [
    "kube-proxy's iptables of nf_tables",
    given(loadable(recorded("kube-proxy.iptables-nft")), "iptables-nft-restore"),
    NOTHING_LEGACY,
    KUBE_PROXY,
  ],
  [
    "kube-proxy's legacy iptables",
    given(loadable(recorded("kube-proxy.iptables-legacy")), "iptables-legacy-restore"),
    "filter\nnat\n",
    KUBE_PROXY,
  ],
  ["kube-proxy's nftables", given(recorded("kube-proxy.nft"), "nft", "-f", "-"), NOTHING_LEGACY, KUBE_PROXY],
  [
    "portmap's iptables",
    given(loadable(recorded("portmap.iptables-nft")), "iptables-nft-restore"),
    NOTHING_LEGACY,
    HOST_PORT,
  ],
  ["portmap's nftables", given(recorded("portmap.nft"), "nft", "-f", "-"), NOTHING_LEGACY, HOST_PORT],
]
for (const [what, load, legacyTables, expected] of kernels)
  test(
    `createCaptureLook() finds in a real kernel with ${what} what takes the packets (faults 271, 272)`,
    slow(30_000, async () => {
      const found = await look(load, legacyTables)
      assert.equal(found.toSorted(), expected.toSorted())
    }),
  )

test.run()
