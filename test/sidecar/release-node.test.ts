import { readFileSync } from "node:fs"
import { mkdir, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { packageFile } from "../../src/kit/files/package-file.ts"
import { masqueradeChainOf } from "../../src/sidecar/kernel/iptables.ts"
import { openLedger } from "../../src/sidecar/volume/ledger.ts"
import { createNetworkNamespace, type NetworkNamespace, rootObjection } from "../support/keepalived.ts"
import { run } from "../support/run.ts"
import { slow } from "../support/slow.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"
import { testUnless } from "../support/test-unless.ts"
import { modelOf, renderedOf } from "./scripted.ts"

const unless = testUnless(rootObjection())
const program = packageFile("image/s6/scan/.s6-svscan/release-node")
const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()
const failed = () => assert.unreachable()

/** What an earlier keepalived left: the anchor, 10.4.0.50, and 10.4.0.51, which others have, too. */
const LEFT = ["169.254.50.1/32 eth0", "10.4.0.50/32 eth0", "10.4.0.51/32 eth0"]
/** What nobody of ours added: the same addresses with another prefix or interface, and a /32 beside ours. */
const OTHERS = ["10.4.0.3/24 eth0", "10.4.0.50/24 eth0", "10.4.0.51/16 cni0", "10.4.0.52/32 cni0", "10.4.0.60/32 eth0"]

async function addressesIn(namespace: NetworkNamespace): Promise<readonly string[]> {
  const { stdout } = await run("ip", ["-n", namespace.name, "-4", "-o", "address", "show"])
  const found = [...stdout.matchAll(/^\d+: (\S+) +inet (\S+)/gm)].map(([, name, cidr]) => `${cidr} ${name}`)
  return found.filter((one) => !one.endsWith(" lo")).toSorted()
}

/** Runs it in a namespace that has all of them. @returns the addresses that are left. */
async function release(prepare: (directory: string) => Promise<readonly string[]>): Promise<readonly string[]> {
  return withTemporaryDirectory(async (directory) => {
    const namespace = await createNetworkNamespace()
    try {
      await run("ip", ["-n", namespace.name, "link", "add", "cni0", "type", "veth", "peer", "name", "peer9"])
      for (const one of [...LEFT, ...OTHERS]) {
        const [cidr = "", name = ""] = one.split(" ")
        await run("ip", ["-n", namespace.name, "address", "add", cidr, "dev", name])
      }
      const words = await prepare(directory)
      const ended = await run("ip", ["netns", "exec", namespace.name, program, ...words])
      assert.is(ended.status, 0, ended.stderr)
      return await addressesIn(namespace)
    } finally {
      await namespace.remove()
    }
  })
}

const sorted = (...lists: readonly (readonly string[])[]) => lists.flat().toSorted()

unless(
  "release-node removes what the ledger has, with its interface and prefix, whatever the file names (fault 210)",
  slow(20_000, async () => {
    const left = await release(async (directory) => {
      const [file, ledger] = [join(directory, "keepalived.conf"), join(directory, "ledger.json")]
      await writeFile(file, renderedOf("10.4.0.50", "10.4.0.51", "10.4.0.60").text)
      const book = openLedger(ledger, { boot, copy: null, failed })
      await book.claim(modelOf("10.4.0.50"))
      await book.claim(modelOf("10.4.0.51"))
      return [file, ledger, join(directory, "no-copy.json")]
    })
    assert.equal(left, sorted(OTHERS))
  }),
)

unless(
  "release-node takes the copy where the ledger is not whole, and leaves no ledger behind (fault 210)",
  slow(20_000, async () => {
    let paths: readonly string[] = []
    const left = await release(async (directory) => {
      await mkdir(join(directory, "state"))
      paths = [join(directory, "ledger.json"), join(directory, "state", "ledger.json")]
      const book = openLedger(paths[0] ?? "", { boot, copy: paths[1] ?? "", failed })
      await book.claim(modelOf("10.4.0.50"))
      await book.idle()
      await writeFile(paths[0] ?? "", readFileSync(paths[0] ?? "").subarray(0, 60))
      return [join(directory, "keepalived.conf"), ...paths]
    })
    assert.equal(left, sorted(OTHERS, ["10.4.0.51/32 eth0"]))
    for (const path of paths)
      assert.is(
        await stat(path).then(
          () => "there",
          () => "gone",
        ),
        "gone",
      )
  }),
)

unless(
  "release-node removes what the file names, with its interface and prefix, where no ledger is of this boot (fault 210)",
  slow(20_000, async () => {
    const left = await release(async (directory) => {
      const [file, ledger] = [join(directory, "keepalived.conf"), join(directory, "ledger.json")]
      await writeFile(file, renderedOf("10.4.0.50").text)
      await openLedger(ledger, { boot: "another", copy: null, failed }).claim(modelOf("10.4.0.60"))
      return [file, ledger]
    })
    assert.equal(left, sorted(OTHERS, ["10.4.0.51/32 eth0"]))
  }),
)

unless(
  "release-node and keep-connections take the chains and the table of their own virtual router ID alone",
  slow(20_000, () =>
    withTemporaryDirectory(async (directory) => {
      const namespace = await createNetworkNamespace()
      const within = async (name: string, ...words: readonly string[]) => {
        const ended = await run("ip", ["netns", "exec", namespace.name, name, ...words])
        assert.is(ended.status, 0, ended.stderr + ended.stdout)
        return ended.stdout
      }
      const connections = packageFile("image/s6/scan/.s6-svscan/keep-connections")
      const left = async () => {
        const found = (await within("iptables-save")) + (await within("ip", "rule"))
        return [...new Set(found.match(/KUBE-KEEPALIVED-VIP\S*|205\d\d$/gm))].toSorted()
      }
      const both = ["20550", "20551", "KUBE-KEEPALIVED-VIP", "KUBE-KEEPALIVED-VIP-51"]
      try {
        const usual = join(directory, "keepalived.conf")
        const other = join(directory, "other.conf")
        const { text } = renderedOf("10.4.0.50")
        await writeFile(usual, text)
        await writeFile(other, text.replace("virtual_router_id 50", "virtual_router_id 51"))
        for (const file of [usual, other]) await within(connections, "begin", file)
        for (const virtualRouterId of [50, 51]) {
          const chain = masqueradeChainOf(virtualRouterId)
          await within("iptables", "-t", "nat", "-N", chain)
          await within("iptables", "-t", "nat", "-A", "POSTROUTING", "-j", chain)
        }
        assert.equal(await left(), both)
        await within(connections, "end", other)
        await within(program, other)
        assert.equal(await left(), ["20550", "KUBE-KEEPALIVED-VIP"])
        await within(connections, "end", usual)
        await within(program, usual)
        assert.equal(await left(), [])
      } finally {
        await namespace.remove()
      }
    }),
  ),
)

test.run()
