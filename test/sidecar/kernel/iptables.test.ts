import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import {
  createMasqueradeChain,
  type IptablesPrograms,
  masqueradeChange,
  masqueradeChainOf,
  type MasqueradeState,
  parseMasqueradeState,
} from "../../../src/sidecar/kernel/iptables.ts"
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

test("another virtual router ID has a chain of its own, and does not see that of the usual one", () => {
  const chain = masqueradeChainOf(51)
  assert.is(masqueradeChainOf(50), "KUBE-KEEPALIVED-VIP")
  assert.equal(parseMasqueradeState(POSTROUTING, null, chain), none)
  const change = masqueradeChange(none, ["10.4.0.50"], chain) ?? ""
  const rules = change.split("\n").filter((line) => line.startsWith("-"))
  const listed = rules.map((line) => line.replace("-I POSTROUTING 1", "-A POSTROUTING"))
  assert.match(change, /^:KUBE-KEEPALIVED-VIP-51 - /m)
  assert.equal(parseMasqueradeState(listed[0] ?? "", listed[1] ?? "", chain).vips, ["10.4.0.50"])
  assert.is(masqueradeChange(parseMasqueradeState(listed[0] ?? "", listed[1] ?? "", chain), ["10.4.0.50"], chain), null)
})

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

const masqueradeVips = (programs: IptablesPrograms, vips: readonly string[]) =>
  createMasqueradeChain(programs).masquerade(vips, "kernel")

test("masquerade() hands a change to iptables-restore, and none where all is well", () =>
  withFakes(async (programs, given) => {
    await masqueradeVips(programs, ["10.4.0.50", "10.4.0.51"])
    assert.is(await given(), "")
    await masqueradeVips(programs, [])
    assert.is(await given(), `--noflush -w 5\n${removal}`)
  }))

test("masquerade() throws what iptables-restore said, and what to do", () =>
  withFakes(async (programs) => {
    assert.match(await faultOf(masqueradeVips(programs, [])), /No chain\/target\/match\).*modprobe xt_ipvs/)
  }, 2))

test("masquerade() throws where iptables is missing", async () => {
  const programs = { iptables: "/nonexistent/iptables", iptablesRestore: "iptables-restore" }
  assert.match(await faultOf(masqueradeVips(programs, [])), /there is no such program; install it/)
})

/** An iptables and an iptables-restore that print what the files `list` and `answer` say, and write down each call. */
async function withScripts(
  use: (
    chain: ReturnType<typeof createMasqueradeChain>,
    world: { calls(): Promise<readonly string[]>; set(program: "list" | "restore", text: string): Promise<void> },
  ) => Promise<void>,
): Promise<void> {
  await withTemporaryDirectory(async (directory) => {
    const file = (name: string) => join(directory, name)
    const body = (name: string) => `cat > /dev/null; echo ${name} >> ${file("calls")}; . ${file(name)}`
    const set = (program: string, text: string) => writeFile(file(program), text)
    await set("list", `[ "$6" = POSTROUTING ] || { echo "iptables: No chain/target/match by that name." >&2; exit 1; }`)
    await set("restore", "")
    const iptables = await script(file("fake-iptables"), body("list"))
    const iptablesRestore = await script(file("fake-restore"), body("restore"))
    const calls = async () => (await readFile(file("calls"), "utf8").catch(() => "")).split("\n").filter(Boolean)
    await use(createMasqueradeChain({ iptables, iptablesRestore }), { calls, set })
  })
}

test("masquerade() does not read again what it knows from the last time, unless it is told to", () =>
  withScripts(async (chain, { calls }) => {
    await chain.masquerade(["10.4.0.50"], "memory")
    assert.equal(await calls(), ["list", "list", "restore"])
    await chain.masquerade(["10.4.0.50", "10.4.0.51"], "memory")
    assert.equal((await calls()).slice(3), ["restore"])
    await chain.masquerade(["10.4.0.50", "10.4.0.51"], "kernel")
    assert.equal((await calls()).slice(4), ["list", "list", "restore"])
  }))

test("masquerade() tells what another program has changed since, if it reads", () =>
  withScripts(async (chain, { set }) => {
    const listing = (...vips: string[]) => {
      const rules = vips.map(
        (vip) => `-A KUBE-KEEPALIVED-VIP -m ipvs --vaddr ${vip}/32 --vdir ORIGINAL --vmethod MASQ -j MASQUERADE`,
      )
      return `if [ "$6" = POSTROUTING ]; then echo "-A ${jump}"; else cat <<'X'\n${rules.join("\n")}\nX\nfi`
    }
    await set("list", listing("10.4.0.50"))
    assert.is(await chain.masquerade(["10.4.0.50"], "kernel"), null, "nothing is known before")
    assert.is(await chain.masquerade(["10.4.0.50"], "kernel"), null)
    assert.is(await chain.masquerade(["10.4.0.50", "10.4.0.51"], "memory"), null)
    const expected = "expected for 10.4.0.50, 10.4.0.51"
    assert.is(await chain.masquerade(["10.4.0.50"], "kernel"), `masquerading for 10.4.0.50, ${expected}`)
    await set("list", `[ "$6" = POSTROUTING ] || exit 1`)
    assert.is(await chain.masquerade(["10.4.0.50"], "kernel"), "masquerading for no VIP, expected for 10.4.0.50")
    assert.is(await chain.masquerade([], "kernel"), "masquerading for no VIP, expected for 10.4.0.50")
    assert.is(await chain.masquerade([], "kernel"), null)
  }))

test("masquerade() reads again where what it knows does not fit any more: another program has changed the chain", () =>
  withScripts(async (chain, { calls, set }) => {
    await chain.masquerade(["10.4.0.50"], "memory")
    // A rule that is to be deleted is gone: the first attempt fails, and the one after the look does not.
    await set("restore", `[ -e "$0.tried" ] || { : > "$0.tried"; echo "iptables-restore: line 3 failed" >&2; exit 1; }`)
    await chain.masquerade(["10.4.0.51"], "memory")
    assert.equal((await calls()).slice(3), ["restore", "list", "list", "restore"])
  }))

const LOCK = "Another app is currently holding the xtables lock. Stopped waiting after 5s."
test("masquerade() does not wait twice for a lock that others hold (fault 230)", () =>
  withScripts(async (chain, { calls, set }) => {
    await chain.masquerade(["10.4.0.50"], "memory")
    await set("restore", `echo "${LOCK}" >&2; exit 4`)
    const fault = await faultOf(chain.masquerade(["10.4.0.51"], "memory"))
    assert.match(fault, /holds the lock of iptables for longer than 5 s; find it with "fuser/)
    assert.equal((await calls()).slice(3), ["restore"])
  }))

test("masquerade() takes a chain that cannot be read for a fault and not for a chain that is missing (fault 230)", () =>
  withScripts(async (chain, { calls, set }) => {
    await set("list", `[ "$6" = POSTROUTING ] || { echo "${LOCK}" >&2; exit 4; }`)
    assert.match(await faultOf(chain.masquerade([], "kernel")), /holds the lock of iptables/)
    assert.equal(await calls(), ["list", "list"])
  }))

const said: [what: string, stderr: string, cure: RegExp][] = [
  ["the lock is held", LOCK, /holds the lock of iptables/],
  [
    "nft has rules there that it cannot read",
    "iptables v1.8.9 (nf_tables): table `nat' is incompatible, use 'nft' tool.",
    /rules that iptables cannot read/,
  ],
  [
    "the nat table is missing",
    "iptables v1.8.9 (legacy): can't initialize iptables table `nat': Table does not exist (do you need to insmod?)",
    /modprobe iptable_nat/,
  ],
  [
    "the capability is missing",
    "iptables v1.8.9 (nf_tables): Could not fetch rule set generation id: Permission denied (you must be root)",
    /NET_ADMIN/,
  ],
  ["the kernel has no nf_tables", "iptables: Failed to initialize nft: Protocol not supported", /modprobe nf_tables/],
]
for (const [what, stderr, cure] of said)
  test(`masquerade() says what to do where ${what} (fault 230)`, () =>
    withScripts(async (chain, { set }) => {
      await set("list", `cat >&2 <<'X'\n${stderr}\nX\nexit 3`)
      assert.match(await faultOf(chain.masquerade(["10.4.0.50"], "kernel")), cure)
    }))

for (const flavour of ["nft", "legacy"]) {
  rootTest(`masquerade() removes a chain from a real nat table (iptables-${flavour}) and nothing else`, async () => {
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
  })
}

async function faultOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "nothing was thrown",
    (error: unknown) => String(error),
  )
}

test.run()
