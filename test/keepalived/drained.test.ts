import { type ChildProcess, spawn } from "node:child_process"
import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { createRenderer } from "../../src/core/render/render.ts"
import { systemClock } from "../../src/kit/time/clock.ts"
import { createTrackedFiles } from "../../src/sidecar/keepalived/tracked-files.ts"
import { createStandingFaults } from "../../src/sidecar/faults/standing-faults.ts"
import { createDrainWatch } from "../../src/sidecar/vrrp/drain.ts"
import type { DrainReading } from "../../src/sidecar/volume/drain-file.ts"
import { instanceOf } from "../core/instances.ts"
import { shippedTemplates } from "../support/golden.ts"
import {
  createNetworkNamespace,
  type KeepalivedRelease,
  keepalivedReleases,
  type NetworkNamespace,
  until,
} from "../support/keepalived.ts"
import { run } from "../support/run.ts"
import { slow } from "../support/slow.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"

/** Long enough that a busy machine does not miss three adverts. */
const ADVERT_SECONDS = 1
const VIP = "10.4.0.50"

for (const release of await keepalivedReleases())
  test(
    `keepalived ${release.version} a drained node gives its VIPs up at once, and takes them only if no other node announces`,
    slow(180_000, () =>
      asPair(release, async (high, low) => {
        await until(() => high.holds(), "the node of the highest priority is master")
        assert.is(await low.holds(), false)
        high.reading = drainAt("2026-11-22T23:00:00.000Z")
        const began = performance.now()
        await high.watch.look()
        await until(() => low.holds(), "the other node is master")
        assert.is(await high.holds(), false)
        assert.ok(performance.now() - began < 3 * ADVERT_SECONDS * 1_000, "sooner than after a power cut")
        assert.equal(high.faults.standing(), [])
        // Longer than three adverts, and a skew of one.
        await systemClock.delay(ADVERT_SECONDS * 6_000)
        assert.equal([await high.holds(), await low.holds()], [false, true], "it does not take them back")

        await low.cutPower()
        await until(() => high.holds(), "the drained node takes over from the dead one")
        await high.watch.look()
        assert.is(await high.holds(), true, "and keeps them, though it is drained")

        await low.start()
        await systemClock.delay(ADVERT_SECONDS * 6_000)
        assert.equal([await high.holds(), await low.holds()], [true, false], "the one that returns does not preempt")
        high.reading = drainAt("2026-11-23T00:00:00.000Z")
        await high.watch.look()
        await until(() => low.holds(), "a second drain hands them over again")
        assert.is(await high.holds(), false)

        high.reading = { kind: "none" }
        await high.watch.look()
        await systemClock.delay(ADVERT_SECONDS * 6_000)
        assert.equal([await high.holds(), await low.holds()], [false, true], "the end of the drain moves nothing")
        await low.cutPower()
        await until(() => high.holds(), "it takes part as before")
        // Without a peer: they are back after three adverts and a skew.
        high.reading = drainAt("2026-11-24T00:00:00.000Z")
        await high.watch.look()
        await until(() => high.holds(), "no other node takes them: they come back")
      }),
    ),
  )

function drainAt(drainedAt: string): DrainReading {
  return { kind: "drain", drain: { reason: "test", drainedAt } }
}

interface Node {
  reading: DrainReading
  readonly watch: ReturnType<typeof createDrainWatch>
  readonly faults: ReturnType<typeof createStandingFaults>
  holds(): Promise<boolean>
  start(): Promise<void>
  /** Its cable is pulled, and all of keepalived dies. */
  cutPower(): Promise<void>
}

/** Two nodes on one LAN, of priority 254 and 246. */
async function asPair(release: KeepalivedRelease, use: (high: Node, low: Node) => Promise<void>): Promise<void> {
  await withTemporaryDirectory(async (directory) => {
    const spaces = [await createNetworkNamespace(), await createNetworkNamespace()] as const
    try {
      await joined(spaces[0], spaces[1])
      const [high, low] = [
        await nodeIn(spaces[0], join(directory, "high"), { release, priority: 254 }),
        await nodeIn(spaces[1], join(directory, "low"), { release, priority: 246 }),
      ]
      await use(high, low)
    } finally {
      for (const space of spaces) await space.remove()
    }
  })
}

/** The second node's interface is joined to the first one's by a bridge. */
async function joined({ name: one }: NetworkNamespace, { name: other }: NetworkNamespace): Promise<void> {
  const lines = [
    ["-n", one, "link", "add", "br0", "type", "bridge"],
    ["-n", one, "link", "set", "br0", "up"],
    ["-n", one, "link", "set", "peer0", "master", "br0"],
    ["-n", other, "link", "delete", "eth0"],
    ["-n", one, "link", "add", "other0", "type", "veth", "peer", "name", "eth0", "netns", other],
    ["-n", one, "link", "set", "other0", "master", "br0", "up"],
    ["-n", other, "address", "add", "10.4.0.4/24", "dev", "eth0"],
    ["-n", other, "link", "set", "eth0", "up"],
  ]
  for (const words of lines) assert.is((await run("ip", words)).status, 0, words.join(" "))
}

async function nodeIn(
  { name, words: [enter, ...words] }: NetworkNamespace,
  directory: string,
  { release, priority }: { readonly release: KeepalivedRelease; readonly priority: number },
): Promise<Node> {
  await mkdir(join(directory, "pids"), { recursive: true })
  const liveFile = join(directory, "keepalived.conf")
  await writeFile(liveFile, configuration(join(directory, "release"), priority))
  const handover = createTrackedFiles({
    runDirectory: directory,
    serviceDirectory: join(directory, "service"),
    liveFile,
  })
  await handover.setReleased(false)
  await handover.setLow(false)
  const pids = ["-p", "-r", "-c"].flatMap((flag) => [flag, join(directory, "pids", flag.slice(1))])
  let child: ChildProcess | null = null
  const holds = async () => (await run("ip", ["-n", name, "address", "show", "to", VIP])).stdout !== ""
  const faults = createStandingFaults(() => new Date(0), { raised: () => {}, cleared: () => {}, onChange: () => {} })
  const node: Node = {
    reading: { kind: "none" },
    faults,
    holds,
    start: () => {
      const daemon = [release.path, "--dont-fork", "--log-console", "--no-syslog", "--use-file", liveFile, ...pids]
      child = spawn(enter, [...words, ...daemon], { stdio: "ignore", detached: true })
      return Promise.resolve()
    },
    cutPower: async () => {
      const group = child?.pid
      if (group !== undefined) process.kill(-group, "SIGKILL")
      await run("rm", ["-rf", join(directory, "pids")])
      await mkdir(join(directory, "pids"))
      await run("ip", ["-n", name, "address", "delete", `${VIP}/32`, "dev", "eth0"])
      await run("ip", ["-n", name, "address", "delete", "169.254.50.1/32", "dev", "eth0"])
    },
    watch: createDrainWatch({
      ...{ read: () => node.reading, handover, holds, isRunning: () => Promise.resolve(true), onChange: () => {} },
      ...{ faults, clock: systemClock, log: { info: () => {}, warn: () => {} } },
    }),
  }
  await node.start()
  return node
}

function configuration(releaseFile: string, priority: number): string {
  const instance = { ...instanceOf(VIP), advertInterval: ADVERT_SECONDS, priority, unicast: null }
  const model = { routerId: "n1", vrrpVersion: 3, releaseFile, instances: [instance] } as const
  return createRenderer(shippedTemplates())(model).text
}

test.run()
