import { chmod, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { createFindCaptures } from "../../../src/sidecar/capture/find-captures.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"

const SERVERS = [
  { address: "10.4.0.50", port: 80, protocol: "TCP" },
  { address: "10.4.0.51", port: 80, protocol: "TCP" },
] as const

const NO_NFT = 'echo "Error: No such file or directory" >&2; exit 1'
const EMPTY_CHAIN = 'echo "-P $6 ACCEPT"'

interface Programs {
  readonly nft?: string
  readonly iptablesNft?: string
  readonly iptablesLegacy?: string
  /** Content of /proc/net/ip_tables_names; null: there is no such file. */
  readonly legacyTables?: string | null
}

/** Looks with programs that are shell scripts. */
async function look({
  nft = NO_NFT,
  iptablesNft = EMPTY_CHAIN,
  iptablesLegacy = "exit 9",
  legacyTables = null,
}: Programs) {
  return withTemporaryDirectory(async (directory) => {
    const program = async (name: string, script: string) => {
      const file = join(directory, name)
      await writeFile(file, `#!/bin/sh\n${script}\n`)
      await chmod(file, 0o755)
      return file
    }
    const tables = join(directory, "ip_tables_names")
    if (legacyTables !== null) await writeFile(tables, legacyTables)
    const found = await createFindCaptures({
      nft: await program("nft", nft),
      iptablesNft: await program("iptables-nft", iptablesNft),
      iptablesLegacy: await program("iptables-legacy", iptablesLegacy),
      legacyTables: tables,
    })({ servers: SERVERS.map((one) => ({ ...one, inward: "eth0" })), signal: new AbortController().signal })
    return found.map(({ server, taker, effect }) => `${server.address} ${taker} ${effect}`)
  })
}

async function failure(programs: Programs): Promise<string> {
  try {
    await look(programs)
  } catch (error) {
    return error instanceof Error ? error.message : ""
  }
  return "no failure"
}

const KUBE_SERVICES = `case $6 in
PREROUTING) echo '-A PREROUTING -j KUBE-SERVICES';;
KUBE-SERVICES) echo '-N KUBE-SERVICES'; echo '-A KUBE-SERVICES -d 10.4.0.50/32 -p tcp -m tcp --dport 80 -j KUBE-EXT-A';;
esac`

test("createCaptureLook() asks the legacy tables as well where the kernel has them in use (fault 271)", async () => {
  assert.equal(await look({ legacyTables: "filter\nnat\n", iptablesLegacy: KUBE_SERVICES }), [
    "10.4.0.50 kube-proxy forwarded",
  ])
  assert.equal(await look({ legacyTables: "filter\n", iptablesLegacy: KUBE_SERVICES }), [])
  assert.equal(await look({ legacyTables: null, iptablesLegacy: KUBE_SERVICES }), [])
})

test("createCaptureLook() never asks for the chains of single Services, of which a node has tens of thousands", async () => {
  const only = `case $6 in PREROUTING|KUBE-SERVICES|INPUT) ;; *) exit 7;; esac\n${KUBE_SERVICES}`
  assert.equal(await look({ iptablesNft: only }), ["10.4.0.50 kube-proxy forwarded"])
})

test("createCaptureLook() reads the refusals of kube-proxy, but only where the kernel's INPUT leads to them", async () => {
  const drop = `echo '-A KUBE-EXTERNAL-SERVICES -d 10.4.0.51/32 -p tcp -m tcp --dport 80 -j DROP'`
  const leads = `case $6 in INPUT) echo '-A INPUT -m conntrack --ctstate NEW -j KUBE-EXTERNAL-SERVICES';; KUBE-EXTERNAL-SERVICES) ${drop};; esac`
  assert.equal(await look({ iptablesNft: leads }), ["10.4.0.51 kube-proxy dropped"])
  assert.equal(await look({ iptablesNft: `case $6 in KUBE-EXTERNAL-SERVICES) ${drop};; esac` }), [])
})

test("createCaptureLook() says once what two kinds of iptables say, and the drop where it is both", async () => {
  const drops = `case $4 in filter) case $6 in INPUT) echo '-A INPUT -j KUBE-EXTERNAL-SERVICES';; *) echo '-A KUBE-EXTERNAL-SERVICES -d 10.4.0.50/32 -p tcp -m tcp --dport 80 -j DROP';; esac;; esac`
  assert.equal(await look({ iptablesNft: KUBE_SERVICES, legacyTables: "nat\n", iptablesLegacy: KUBE_SERVICES }), [
    "10.4.0.50 kube-proxy forwarded",
  ])
  assert.equal(await look({ iptablesNft: KUBE_SERVICES, legacyTables: "nat\n", iptablesLegacy: drops }), [
    "10.4.0.50 kube-proxy dropped",
  ])
})

test("createCaptureLook() reads what maps an older kube-proxy has, one by one", async () => {
  const nft = `case "$*" in
*\\;*|*nodeport*) ${NO_NFT};;
"list map ip kube-proxy service-ips") printf 'table ip kube-proxy {\\n\\tmap service-ips {\\n\\t\\telements = { 10.4.0.51 . tcp . 80 : goto external-TJCMAZV6-shop/lb/tcp/http }\\n';;
*) ${NO_NFT};;
esac`
  assert.equal(await look({ nft }), ["10.4.0.51 kube-proxy forwarded"])
})

test("createCaptureLook() finds nothing on a kernel without nf_tables", async () => {
  const none = (text: string) => `echo "${text}" >&2; exit 1`
  assert.equal(
    await look({
      nft: none("netlink: Error: cache initialization failed: Operation not supported"),
      iptablesNft: none("iptables v1.8.9 (nf_tables): Could not fetch rule set generation id: Invalid argument"),
    }),
    [],
  )
})

const failures: readonly [what: string, programs: Programs, message: string][] = [
  [
    "iptables that fails",
    { iptablesNft: 'echo "Permission denied" >&2; exit 4' },
    'iptables-nft -t nat -S PREROUTING" ended with 4: Permission denied',
  ],
  [
    "iptables that is locked",
    { iptablesNft: 'echo "Another app is currently holding the xtables lock" >&2; exit 4' },
    "xtables lock",
  ],
  [
    "a nat table that iptables cannot read",
    { iptablesNft: `echo "chain \\\`PREROUTING' in table \\\`nat' is incompatible, use 'nft' tool." >&2; exit 1` },
    "is incompatible",
  ],
  [
    "nft that fails",
    { nft: 'echo "Error: Could not process rule: Operation not permitted" >&2; exit 1' },
    "Operation not permitted",
  ],
  ["legacy tables without their program", { legacyTables: "nat\n", iptablesLegacy: "exit 127" }, "iptables-legacy"],
  [
    "a chain without end",
    { iptablesNft: "yes -- '-A PREROUTING -p tcp -j A' | head -c 40000000" },
    "too long to look at",
  ],
]
for (const [what, programs, message] of failures)
  test(`createCaptureLook() cannot tell with ${what}, and says so (fault 273)`, async () => {
    assert.match(await failure(programs), message)
  })

test("createCaptureLook() reads a chain of 50,000 rules for others without keeping them", async () => {
  const many = `case $6 in PREROUTING) echo '-A PREROUTING -j KUBE-SERVICES';; KUBE-SERVICES) seq 50000 | sed 's|.*|-A KUBE-SERVICES -d 10.96.1.1/32 -p tcp -m comment --comment "default/web&:http cluster IP" -m tcp --dport 80 -j KUBE-SVC-&|';; esac`
  assert.equal(await look({ iptablesNft: many }), [])
})

test.run()
