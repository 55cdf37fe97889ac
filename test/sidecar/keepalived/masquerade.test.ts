import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import {
  masqueradeChange,
  type MasqueradeState,
  masqueradeVips,
  parseMasqueradeState,
} from "../../../src/sidecar/keepalived/masquerade.ts"
import { createNetworkNamespace, rootObjection, script } from "../../support/keepalived.ts"
import { run } from "../../support/run.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"

const objection = rootObjection()
if (objection !== null) console.error(`masquerade.test.ts: ${objection}`)
const rootTest = objection === null ? test : test.skip

const none: MasqueradeState = { jumps: [], vips: null, chainExists: false }
const jump = "POSTROUTING -m ipvs --vdir ORIGINAL -j KUBE-KEEPALIVED-VIP"
const one: MasqueradeState = { jumps: [jump], vips: ["10.4.0.50"], chainExists: true }
const head = "*nat\n:KUBE-KEEPALIVED-VIP - [0:0]\n"
const hook = "-I POSTROUTING 1 -m ipvs --ipvs --vdir ORIGINAL -j KUBE-KEEPALIVED-VIP\n"
const rule = (vip: string) =>
  `-A KUBE-KEEPALIVED-VIP -m ipvs --ipvs --vaddr ${vip}/32 --vdir ORIGINAL --vmethod MASQ -j MASQUERADE\n`
const removal = `${head}-D ${jump}\n-X KUBE-KEEPALIVED-VIP\nCOMMIT\n`

const changes: [name: string, state: MasqueradeState, vips: readonly string[], change: string | null][] = [
  [
    "makes the chain",
    none,
    ["10.4.0.51", "10.4.0.50"],
    `${head}${hook}${rule("10.4.0.50")}${rule("10.4.0.51")}COMMIT\n`,
  ],
  ["does nothing without VIPs and without a chain", none, [], null],
  ["does nothing where all is well", one, ["10.4.0.50", "10.4.0.50"], null],
  ["replaces the rules", one, ["10.4.0.51"], `${head}-D ${jump}\n${hook}${rule("10.4.0.51")}COMMIT\n`],
  [
    "mends a chain with a strange rule",
    { ...one, vips: null },
    ["10.4.0.50"],
    `${head}-D ${jump}\n${hook}${rule("10.4.0.50")}COMMIT\n`,
  ],
  [
    "hooks a chain that nothing leads to",
    { ...one, jumps: [] },
    ["10.4.0.50"],
    `${head}${hook}${rule("10.4.0.50")}COMMIT\n`,
  ],
  [
    "hooks it once",
    { ...one, jumps: [jump, jump] },
    ["10.4.0.50"],
    `${head}-D ${jump}\n-D ${jump}\n${hook}${rule("10.4.0.50")}COMMIT\n`,
  ],
  ["removes all", one, [], removal],
  ["removes a chain that nothing leads to", { ...one, jumps: [] }, [], `${head}-X KUBE-KEEPALIVED-VIP\nCOMMIT\n`],
]
for (const [name, state, vips, change] of changes) {
  test(`masqueradeChange() ${name}`, () => assert.is(masqueradeChange(state, vips), change))
}

/** Of iptables-legacy 1.8.9; kube-proxy's rules beside ours. */
const POSTROUTING = `-P POSTROUTING ACCEPT
-A POSTROUTING -m ipvs --vdir ORIGINAL -j KUBE-KEEPALIVED-VIP
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
`
const CHAIN = `-N KUBE-KEEPALIVED-VIP
-A KUBE-KEEPALIVED-VIP -m ipvs --vaddr 10.4.0.51 --vdir ORIGINAL --vmethod MASQ -j MASQUERADE
-A KUBE-KEEPALIVED-VIP -m ipvs --ipvs --vaddr 10.4.0.50/32 --vdir ORIGINAL --vmethod MASQ -j MASQUERADE
`
test("parseMasqueradeState() reads what iptables lists", () => {
  assert.equal(parseMasqueradeState(POSTROUTING, CHAIN), {
    jumps: [jump],
    vips: ["10.4.0.50", "10.4.0.51"],
    chainExists: true,
  })
  assert.equal(parseMasqueradeState("-P POSTROUTING ACCEPT\n", null), none)
  assert.equal(parseMasqueradeState(POSTROUTING, `${CHAIN}-A KUBE-KEEPALIVED-VIP -j MASQUERADE\n`).vips, null)
})

/** The state as a fake iptables gives it, and the change as a fake iptables-restore gets it. */
async function withFakes(
  use: (programs: { iptables: string; iptablesRestore: string }, given: () => Promise<string>) => Promise<void>,
  restoreStatus = 0,
): Promise<void> {
  await withTemporaryDirectory(async (directory) => {
    const list = `case "$6" in POSTROUTING) cat <<'X'\n${POSTROUTING}X\n;; *) cat <<'X'\n${CHAIN}X\n;; esac`
    const iptables = await script(join(directory, "fake-iptables"), list)
    const file = join(directory, "given")
    const restore = `{ echo "$@"; cat; } >> ${file}; echo "line 3: No chain/target/match" >&2; exit ${restoreStatus}`
    const iptablesRestore = await script(join(directory, "fake-iptables-restore"), restore)
    await use({ iptables, iptablesRestore }, () => readFile(file, "utf8").catch(() => ""))
  })
}

test("masqueradeVips() hands a change to iptables-restore, and none where all is well", () =>
  withFakes(async (programs, given) => {
    await masqueradeVips(programs, ["10.4.0.50", "10.4.0.51"])
    assert.is(await given(), "")
    await masqueradeVips(programs, [])
    assert.is(await given(), `--noflush -w 5\n${removal}`)
  }))

test("masqueradeVips() throws what iptables-restore said, and what to do", () =>
  withFakes(async (programs) => {
    assert.match(await faultOf(masqueradeVips(programs, [])), /No chain\/target\/match\).*modprobe xt_ipvs/)
  }, 2))

test("masqueradeVips() throws where iptables is missing", async () => {
  const programs = { iptables: "/nonexistent/iptables", iptablesRestore: "iptables-restore" }
  assert.match(await faultOf(masqueradeVips(programs, [])), /there is no such program; install it/)
})

for (const flavour of ["nft", "legacy"]) {
  rootTest(
    `masqueradeVips() removes a chain from a real nat table (iptables-${flavour}) and nothing else`,
    async () => {
      const namespace = await createNetworkNamespace()
      try {
        await withTemporaryDirectory(async (directory) => {
          const iptables = await namespace.wrap(join(directory, "iptables"), `iptables-${flavour}`)
          const iptablesRestore = await namespace.wrap(join(directory, "restore"), `iptables-${flavour}-restore`)
          const listed = async () => (await run(iptables, ["-t", "nat", "-S"])).stdout
          const before = await listed()
          await masqueradeVips({ iptables, iptablesRestore }, [])
          assert.is(await listed(), before)
          await run(iptables, ["-t", "nat", "-N", "KUBE-KEEPALIVED-VIP"])
          await run(iptables, ["-t", "nat", "-A", "KUBE-KEEPALIVED-VIP", "-j", "MASQUERADE"])
          for (const _ of [1, 2]) await run(iptables, ["-t", "nat", "-A", "POSTROUTING", "-j", "KUBE-KEEPALIVED-VIP"])
          await run(iptables, ["-t", "nat", "-A", "POSTROUTING", "-s", "10.9.9.9/32", "-j", "ACCEPT"])
          assert.match(await listed(), /-A POSTROUTING -j KUBE-KEEPALIVED-VIP/)
          await masqueradeVips({ iptables, iptablesRestore }, [])
          assert.is(await listed(), `${before}-A POSTROUTING -s 10.9.9.9/32 -j ACCEPT\n`)
        })
      } finally {
        await namespace.remove()
      }
    },
  )
}

async function faultOf(promise: Promise<void>): Promise<string> {
  return promise.then(
    () => "nothing was thrown",
    (error: unknown) => String(error),
  )
}

test.run()
