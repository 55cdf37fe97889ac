import { execFileSync, spawnSync } from "node:child_process"
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { decodeHeartbeat } from "../../src/contract/heartbeat.ts"
import { createGenerations } from "../../src/sidecar/volume/generations.ts"
import { createLog } from "../../src/kit/process/log.ts"
import { runSync } from "../../src/sync/main.ts"
import { createStatusWriter } from "../../src/sync/volume/status-writer.ts"
import { createPublisher } from "../../src/sync/volume/publisher.ts"
import { serviceText, vipsText } from "../support/manifests.ts"
import { slow } from "../support/slow.ts"
import { testUnless } from "../support/test-unless.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"
import { publicationOf, writeTree } from "../support/volume.ts"
import { inLab, type Lab, tick, vips } from "./lab.ts"

const mayMount = spawnSync("unshare", ["--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).status === 0
const unless = testUnless(mayMount ? null : "needs the right to mount a file system")

/** Mounts a file system of this size at the directory while the body runs. */
async function onVolume(directory: string, options: string, body: () => Promise<void>): Promise<void> {
  mkdirSync(directory, { recursive: true })
  execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", directory])
  try {
    await body()
  } finally {
    execFileSync("umount", [directory])
  }
}

/** Takes all that is left. */
function fill(directory: string): void {
  try {
    const descriptor = openSync(join(directory, "filler"), "w")
    try {
      for (const size of [4096, 1]) while (writeSync(descriptor, Buffer.alloc(size, "x")) === size);
    } finally {
      closeSync(descriptor)
    }
  } catch {
    // Full.
  }
}

const endpoints = (third: number, count: number) =>
  Array.from({ length: count }, (_, at) => `10.2.${third}.${at % 250}`)

unless(
  "createPublisher() goes on for ever in a volume that holds fewer generations than are to be kept (fault 243)",
  () =>
    withTemporaryDirectory((directory) =>
      onVolume(directory, "size=256k", async () => {
        const gaveUp: string[] = []
        const publisher = createPublisher({
          directory,
          retain: 5,
          writer: { bootId: "boot", pid: 1, startedAtUptime: 1 },
          trouble: (error) => assert.unreachable(String(error)),
          gaveUp: (names) => void gaveUp.push(...names),
        })
        for (let round = 1; round <= 12; round++) {
          // All of it changes, as in a rolling restart of everything.
          const services = ["s0", "s1"].map((name) => serviceText(name, endpoints(round, 500)))
          const keys = vipsText("10.4.0.50: default/s0", "10.4.0.51: default/s1")
          const published = await publisher.publish(publicationOf(keys, ...services))
          const reading = await createGenerations({ directory, alarm: () => {} }).read()
          assert.is(reading.kind === "generation" ? reading.generation.sequence : reading.kind, published.sequence)
        }
        assert.ok(gaveUp.length > 5, `${gaveUp.length} given up`)
      }),
    ),
)

unless(
  "createStatusWriter() says what it has to on a disk without a byte and without an inode (fault 243)",
  async () => {
    const status = { state: "failed", since: "t", source: "/git", sequence: 7, directory: null, problems: [] } as const
    for (const options of ["size=256k", "nr_inodes=12"])
      await withTemporaryDirectory((directory) =>
        onVolume(directory, options, async () => {
          const writer = createStatusWriter(directory)
          await writer.write({ ...status, state: "waiting" })
          for (let at = 0; at < 12 && options.startsWith("nr"); at++)
            try {
              mkdirSync(join(directory, `d${at}`))
            } catch {
              break
            }
          fill(directory)
          await writer.write(status)
          assert.match(readFileSync(join(directory, "status.yaml"), "utf8"), "state: failed\n")
          assert.ok(writer.isIntact())
        }),
      )
  },
)

/** sync itself, in this process, until the body ends. */
async function following(lab: Lab, body: () => Promise<void>): Promise<void> {
  const stop = new AbortController()
  const write = (line: string) => void lab.lines.push(JSON.parse(line) as Record<string, unknown>)
  const source = { kind: "directory", directory: lab.source } as const
  const settings = { source, desired: lab.desired, servicesConfigmaps: ["default/vips"], retain: 5 }
  const options = { ...settings, once: false, httpPort: 0, httpAddress: [], logLevel: "debug" } as const
  const running = runSync(options, { log: createLog({}, { level: "debug", write }), stop: stop.signal })
  try {
    await lab.event("following")
    await body()
  } finally {
    stop.abort()
    assert.is(await running, 0)
  }
}

const faultIn = (desired: string) => {
  const reading = decodeHeartbeat(readFileSync(join(desired, "beat/heartbeat"), "latin1"))
  return reading.kind === "heartbeat" ? reading.heartbeat.fault : reading.why
}

unless(
  "runSync() says that the volume is full in status.yaml, heartbeat and log, keeps what is published, and goes on (fault 243)",
  slow(60_000, () =>
    inLab((lab) =>
      onVolume(lab.desired, "size=400k", () =>
        following(lab, async () => {
          writeTree(lab.source, { "vips.yaml": vips, "echo.yaml": serviceText("echo", ["10.2.0.1"]) })
          await lab.until("10.4.0.50", "10.2.0.1")
          await until(() => lab.status()?.state === "published")
          fill(lab.desired)
          writeTree(lab.source, { "echo.yaml": serviceText("echo", endpoints(7, 2000)) })
          const said = await lab.event("cannot publish")
          assert.match(
            JSON.stringify(said["problems"]),
            /VOLUME_FULL: Cannot write the volume .*: ENOSPC: no space left/,
          )
          await until(() => lab.status()?.state === "failed")
          assert.equal(
            lab.status()?.problems.map(({ code }) => code),
            ["VOLUME_FULL"],
          )
          await until(() => faultIn(lab.desired) === "ENOSPC: no space left on device")
          assert.equal(await lab.read(), ["10.4.0.50", "10.2.0.1"])
          rmSync(join(lab.desired, "filler"))
          await lab.event("mended")
          assert.ok((await lab.read()).length > 200)
          await until(() => lab.status()?.state === "published")
          assert.equal([lab.status()?.problems, faultIn(lab.desired)], [[], null])
        }),
      ),
    ),
  ),
)

unless(
  "runSync() says what it cannot write to a volume that takes nothing, and goes on when it does again (fault 243)",
  slow(60_000, () =>
    inLab((lab) =>
      onVolume(lab.desired, "size=1m", () =>
        following(lab, async () => {
          writeTree(lab.source, { "vips.yaml": vips, "echo.yaml": serviceText("echo", ["10.2.0.1"]) })
          await lab.until("10.4.0.50", "10.2.0.1")
          execFileSync("mount", ["-o", "bind", lab.desired, lab.desired])
          execFileSync("mount", ["-o", "remount,bind,ro", lab.desired])
          try {
            writeTree(lab.source, { "echo.yaml": serviceText("echo", ["10.2.0.2"]) })
            const said = await lab.event("cannot publish")
            assert.match(
              JSON.stringify(said["problems"]),
              /VOLUME_FAULT: Cannot write the volume .*: EROFS: read-only file system/,
            )
            // The heartbeat is open, and written in place: it says so where nothing else can be written.
            await until(() => faultIn(lab.desired) === "EROFS: read-only file system")
          } finally {
            execFileSync("umount", [lab.desired])
          }
          await lab.until("10.4.0.50", "10.2.0.2")
          await until(() => faultIn(lab.desired) === null)
        }),
      ),
    ),
  ),
)

test(
  "runSync() finds a byte that is another in what it has published, and publishes it again (fault 242)",
  slow(60_000, () =>
    inLab((lab) =>
      following(lab, async () => {
        writeTree(lab.source, { "vips.yaml": vips, "echo.yaml": serviceText("echo", ["10.2.0.1"]) })
        await lab.until("10.4.0.50", "10.2.0.1")
        await until(() => lab.status()?.state === "published")
        const root = join(lab.desired, "generations", lab.status()?.directory ?? "")
        const file = openSync(join(root, "services/default/echo.json"), "r+")
        writeSync(file, "X", 0)
        closeSync(file)
        const said = await lab.event("damaged")
        assert.match(String(said["reason"]), /^services\/default\/echo\.json has the checksum/)
        // A reader that has not read it before.
        const fresh = async () => {
          const reading = await createGenerations({ directory: lab.desired, alarm: () => {} }).read()
          return reading.kind === "generation" && reading.generation.sequence === 2
        }
        while (!(await fresh())) await tick()
        rmSync(join(lab.desired, "status.yaml"))
        await until(() => lab.status()?.sequence === 2)
      }),
    ),
  ),
)

/** Waits for what is written to files; a file that is not there yet is not. */
async function until(check: () => boolean): Promise<void> {
  for (; ; await tick())
    try {
      if (check()) return
    } catch {
      // Not there yet.
    }
}

test.run()
