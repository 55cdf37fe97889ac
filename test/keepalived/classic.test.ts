import { spawn } from "node:child_process"
import { mkdir, readFile, rename, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import type { VrrpInstance } from "../../src/core/model/keepalived-model.ts"
import { createRenderer } from "../../src/core/render/render.ts"
import { instanceOf, modelWith } from "../core/instances.ts"
import { shippedTemplates } from "../support/golden.ts"
import {
  createNetworkNamespace,
  type KeepalivedRelease,
  keepalivedReleases,
  type NetworkNamespace,
  until,
} from "../support/keepalived.ts"
import { formerConfiguration } from "../support/release-0.35.ts"
import { run } from "../support/run.ts"
import { slow } from "../support/slow.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"

/*
 * Two nodes on one LAN, one of them with the keepalived.conf that release 0.35 wrote. The program of release 0.35 itself had
 * keepalived 2.0.19, which checks adverts as 2.2.7 does.
 */

const releases = await keepalivedReleases()
const [old] = releases
const newest = releases.at(-1)
if (old === undefined || newest === undefined || old === newest)
  throw new Error('Cannot find two releases: "make install"')

const INTERVAL = 0.1
const VIPS = ["10.4.0.50", "10.4.0.51", "10.4.0.52"]
const TURNED = VIPS.toReversed()

/** A node: its keepalived, and its keepalived.conf. */
interface Node {
  readonly release: KeepalivedRelease
  readonly text: (files: { readonly releaseFile: string; readonly self: string; readonly peer: string }) => string
}

function former(release: KeepalivedRelease, vips: readonly string[], byUnicast = false): Node {
  return {
    release,
    text: ({ self, peer }) => {
      const unicast = byUnicast ? { source: self, peers: [peer] } : null
      return formerConfiguration({ vips, priority: 101, advertInterval: INTERVAL, unicast })
    },
  }
}

/** @param advertised Null for the anchor layout. */
function ours(
  release: KeepalivedRelease,
  vips: readonly string[],
  {
    advertised = vips,
    byUnicast = false,
  }: { readonly advertised?: readonly string[] | null; byUnicast?: boolean } = {},
): Node {
  return {
    release,
    text: ({ releaseFile, self, peer }) => {
      const unicast: VrrpInstance["unicast"] = byUnicast ? { source: self, peers: [peer] } : null
      const instance = { ...instanceOf(...vips), advertised, unicast, advertInterval: INTERVAL }
      return createRenderer(shippedTemplates())({ ...modelWith(instance), releaseFile }).text
    },
  }
}

const cases: [title: string, master: Node, backup: Node, second: boolean][] = [
  ["0.35 hears ours: the same VIPs in another order", ours(newest, VIPS), former(old, TURNED), false],
  ["ours hears 0.35: the same VIPs in another order", former(old, TURNED), ours(newest, VIPS), false],
  [`ours of ${old.version} hears 0.35`, former(old, TURNED), ours(old, VIPS), false],
  ["0.35 hears ours by unicast", ours(newest, VIPS, { byUnicast: true }), former(old, VIPS, true), false],
  ["ours hears 0.35 by unicast", former(old, VIPS, true), ours(newest, VIPS, { byUnicast: true }), false],
  [
    "a VIP that is not advertised does not count",
    ours(newest, VIPS, { advertised: VIPS.slice(1) }),
    former(old, VIPS.slice(1)),
    false,
  ],
  ["0.35 does not hear ours with a VIP more", ours(newest, VIPS), former(old, VIPS.slice(1)), true],
  [
    "0.35 does not hear ours with another VIP",
    ours(newest, VIPS),
    former(old, ["10.4.0.50", "10.4.0.51", "10.4.0.59"]),
    true,
  ],
  [`ours of ${old.version} does not hear 0.35 with a VIP less`, former(old, VIPS.slice(1)), ours(old, VIPS), true],
  [`ours of ${newest.version} hears 0.35 with a VIP less`, former(old, VIPS.slice(1)), ours(newest, VIPS), false],
  ["0.35 does not hear the anchor layout", ours(newest, VIPS, { advertised: null }), former(old, VIPS), true],
  [`classic of ${old.version} does not hear anchor`, ours(old, VIPS, { advertised: null }), ours(old, VIPS), true],
  [`anchor of ${old.version} does not hear classic`, ours(old, VIPS), ours(old, VIPS, { advertised: null }), true],
  [`classic of ${newest.version} hears anchor`, ours(newest, VIPS, { advertised: null }), ours(newest, VIPS), false],
  [`anchor of ${newest.version} hears classic`, ours(newest, VIPS), ours(newest, VIPS, { advertised: null }), false],
]

for (const [title, master, backup, second] of cases)
  test(
    `two nodes with one VRID have ${second ? "two masters" : "one master"}: ${title}`,
    slow(30_000, () =>
      onOneLan(async ([first, other], start) => {
        await start(first, master)
        await until(() => isMaster(first), "the first node is master")
        await start(other, backup)
        // Its keepalived starts within half a second, and waits for three adverts.
        await new Promise((resolve) => setTimeout(resolve, 2_500))
        assert.equal([await isMaster(first), await isMaster(other)], [true, second])
      }),
    ),
  )

const changes: [title: string, master: Node, after: Node, backup: Node, second: boolean][] = [
  [
    "release 0.35 does not hear a change of ours",
    ours(newest, VIPS),
    ours(newest, VIPS.slice(1)),
    former(old, VIPS),
    true,
  ],
  [
    `ours of ${old.version} hears a change of 0.35`,
    former(old, VIPS),
    former(old, VIPS.slice(1)),
    ours(old, VIPS),
    false,
  ],
  [
    `ours of ${newest.version} hears a change of ours`,
    ours(newest, VIPS),
    ours(newest, VIPS.slice(1)),
    ours(newest, VIPS),
    false,
  ],
]

for (const [title, master, after, backup, second] of changes)
  test(
    `two nodes with one VRID have ${second ? "two masters" : "one master"} after a reload of the master: ${title}`,
    slow(30_000, () =>
      onOneLan(async ([first, other], start) => {
        const node = await start(first, master)
        await until(() => isMaster(first), "the first node is master")
        await start(other, backup)
        await new Promise((resolve) => setTimeout(resolve, 2_500))
        assert.equal([await isMaster(first), await isMaster(other)], [true, false])
        await node.reload(after)
        await until(async () => !(await has(first, "10.4.0.50")), "the first VIP is gone")
        await new Promise((resolve) => setTimeout(resolve, 1_500))
        assert.equal([await isMaster(first), await isMaster(other)], [true, second])
      }),
    ),
  )

for (const release of releases)
  test(
    `keepalived ${release.version} never removes a VIP that leaves its adverts, and returns to them`,
    slow(30_000, () =>
      onOneLan(async ([first], start) => {
        const node = await start(first, ours(release, VIPS))
        await until(() => isMaster(first), "the node is master")
        // Each line is a change of an address since.
        const changed: string[] = []
        const [enter, ...words] = first.words
        const watch = spawn(enter, [...words, "ip", "-4", "-o", "monitor", "address"], {
          stdio: ["ignore", "pipe", "ignore"],
        })
        watch.stdout.on("data", (data: Buffer) => changed.push(...data.toString().trim().split("\n")))
        await new Promise((resolve) => setTimeout(resolve, 300))
        for (const advertised of [VIPS.slice(1), [], VIPS]) {
          await node.reload(ours(release, VIPS, { advertised }))
          await new Promise((resolve) => setTimeout(resolve, 700))
        }
        assert.equal(changed, [])
        for (const vip of [...VIPS, "169.254.50.1"]) assert.ok(await has(first, vip), vip)
        await node.reload(ours(release, VIPS.slice(1)))
        await until(
          () => Promise.resolve(changed.some((line) => /^Deleted .*10\.4\.0\.50\/32/.test(line))),
          "it is seen",
        )
        watch.kill()
      }),
    ),
  )

/** Both namespaces have all VIPs of the cases, 10.4.0.51 being in each. */
function isMaster(namespace: NetworkNamespace): Promise<boolean> {
  return has(namespace, "10.4.0.51")
}

async function has(namespace: NetworkNamespace, address: string): Promise<boolean> {
  const { stdout } = await run("ip", ["-n", namespace.name, "-4", "-o", "address", "show", "to", `${address}/32`])
  return stdout !== ""
}

interface Started {
  reload(node: Node): Promise<void>
}

type Start = (namespace: NetworkNamespace, node: Node) => Promise<Started>

/** Two namespaces whose `eth0` are the ends of one cable. */
async function onOneLan(
  use: (nodes: readonly [NetworkNamespace, NetworkNamespace], start: Start) => Promise<void>,
): Promise<void> {
  const nodes = [await createNetworkNamespace(), await createNetworkNamespace()] as const
  try {
    const [first, other] = nodes
    await must("-n", other.name, "link", "delete", "eth0")
    await must("-n", first.name, "link", "set", "peer0", "netns", other.name)
    await must("-n", other.name, "link", "set", "peer0", "name", "eth0")
    await must("-n", other.name, "address", "add", "10.4.0.4/24", "dev", "eth0")
    await must("-n", other.name, "link", "set", "eth0", "up")
    await withTemporaryDirectory((directory) => use(nodes, starter(directory, first)))
  } finally {
    for (const node of nodes) await node.remove()
  }
}

function starter(directory: string, first: NetworkNamespace): Start {
  return async (namespace, { release, text }) => {
    const own = join(directory, namespace.name)
    await mkdir(own)
    const [file, releaseFile] = [join(own, "keepalived.conf"), join(own, "release")]
    const [self, peer] = namespace === first ? ["10.4.0.3", "10.4.0.4"] : ["10.4.0.4", "10.4.0.3"]
    const files = { releaseFile, self, peer }
    await writeFile(file, text(files))
    await writeFile(releaseFile, "0\n")
    const pids = ["-p", "-r", "-c"].flatMap((flag) => [flag, join(own, flag.slice(1))])
    const [enter, ...words] = namespace.words
    const daemon = [release.path, "--dont-fork", "--log-console", "--no-syslog", "--use-file", file, ...pids]
    spawn(enter, [...words, ...daemon], { stdio: "ignore" })
    return {
      reload: async (next) => {
        await writeFile(`${file}.new`, next.text(files))
        await rename(`${file}.new`, file)
        process.kill(Number(await readFile(join(own, "p"), "utf8")), "SIGHUP")
      },
    }
  }
}

async function must(...words: readonly string[]): Promise<void> {
  const { status, stderr } = await run("ip", words)
  assert.is(status, 0, stderr)
}

test.run()
