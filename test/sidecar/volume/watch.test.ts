import { execFileSync } from "node:child_process"
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { systemClock } from "../../../src/kit/time/clock.ts"

import { createGenerations } from "../../../src/sidecar/volume/generations.ts"
import {
  type OpenWatcher,
  type VolumeWatch,
  watchVolume,
  type WatcherListener,
} from "../../../src/sidecar/volume/watch.ts"
import { serviceText, vipsText } from "../../support/manifests.ts"
import { slow } from "../../support/slow.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"
import { publicationOf, publisherOf } from "../../support/volume.ts"

const publication = (last: number) =>
  publicationOf(vipsText("10.4.0.50: default/echo"), serviceText("echo", [`10.2.0.${last}`]))

/** Follows a volume as the sidecar does: every onChange reads, and what was read last is remembered. */
function follow(directory: string, open?: OpenWatcher) {
  const generations = createGenerations({ directory, alarm: () => {} })
  let sequence = 0
  let wake = () => {}
  const onChange = () =>
    void generations.read().then((reading) => {
      if (reading.kind !== "generation") return
      sequence = reading.generation.sequence
      wake()
    })
  const watch = watchVolume({ directory, onChange, clock: systemClock, ...(open === undefined ? {} : { open }) })
  async function until(wanted: number): Promise<number> {
    const startedAt = performance.now()
    while (sequence < wanted) await new Promise<void>((resolve) => (wake = resolve))
    return performance.now() - startedAt
  }
  return { watch, until }
}

/** A watcher that can be made to speak, and says how often it was opened and closed. */
function fakeWatcher() {
  const listeners: WatcherListener[] = []
  let closed = 0
  const open: OpenWatcher = (_directory, listener) => {
    listeners.push(listener)
    return { close: async () => void closed++ }
  }
  return { open, listeners, closed: () => closed }
}

test(
  "watchVolume() brings the second of two publications, however close they are (fault 1)",
  slow(60_000, () =>
    withTemporaryDirectory(async (directory) => {
      const publisher = publisherOf(directory)
      await publisher.publish(publication(1))
      const { watch, until } = follow(directory)
      await until(1)
      let last = 1
      for (const gapMs of [0, 1, 5, 20, 40, 49, 60]) {
        await publisher.publish(publication(++last))
        await new Promise((resolve) => setTimeout(resolve, gapMs))
        await publisher.publish(publication(++last))
        const tookMs = await until(last)
        assert.ok(tookMs < 2000, `${gapMs} ms apart: ${tookMs} ms`)
      }
      await watch.close()
    }),
  ),
)

test(
  "watchVolume() comes to know of a change without its watcher, and counts that (fault 2)",
  slow(20_000, () =>
    withTemporaryDirectory(async (directory) => {
      const publisher = publisherOf(directory)
      const fake = fakeWatcher()
      const { watch, until } = follow(directory, fake.open)
      await publisher.publish(publication(1))
      assert.ok((await until(1)) < 1500)
      await waitFor(() => watch.counts().pollRecovered === 1)
      // The deaf watcher is replaced.
      await waitFor(() => fake.listeners.length === 2)
      assert.is(fake.closed(), 1)
      await watch.close()
    }),
  ),
)

test("watchVolume() gives a onChange at once for an event, and looks again twice", () =>
  withTemporaryDirectory(async (directory) => {
    const fake = fakeWatcher()
    const hints: number[] = []
    const watch = watchVolume({
      directory,
      clock: systemClock,
      onChange: () => void hints.push(performance.now()),
      open: fake.open,
    })
    const startedAt = performance.now()
    fake.listeners[0]?.event(join(directory, "current.json"))
    assert.is(hints.length, 1)
    await waitFor(() => hints.length === 3)
    assert.ok((hints[1] ?? 0) - startedAt >= 70 && (hints[2] ?? 0) - startedAt >= 245)
    await watch.close()
  }))

test("watchVolume() reads once when the watcher is ready, and nothing for what is none of its business", () =>
  withTemporaryDirectory(async (directory) => {
    const fake = fakeWatcher()
    let hints = 0
    const watch = watchVolume({ directory, clock: systemClock, onChange: () => void hints++, open: fake.open })
    fake.listeners[0]?.ready()
    assert.is(hints, 1)
    for (const name of ["status.yaml", ".current.json.abc", ".status.yaml.abc"])
      fake.listeners[0]?.event(join(directory, name))
    assert.is(hints, 1)
    await watch.close()
  }))

test(
  "watchVolume() replaces a watcher that reports an error, and goes on",
  slow(20_000, () =>
    withTemporaryDirectory(async (directory) => {
      const fake = fakeWatcher()
      const troubles: string[] = []
      let hints = 0
      const onWarning = (reason: string) => void troubles.push(reason)
      const watch = watchVolume({
        directory,
        clock: systemClock,
        onChange: () => void hints++,
        onWarning,
        open: fake.open,
      })
      fake.listeners[0]?.error(new Error("EMFILE"))
      fake.listeners[0]?.error(new Error("EMFILE"))
      await waitFor(() => fake.listeners.length === 2)
      assert.equal(watch.counts(), { pollRecovered: 0, watcherErrors: 1 })
      assert.is(troubles.length, 1)
      // What the old one still says is not heard, and the new one is.
      fake.listeners[0]?.event(join(directory, "current.json"))
      assert.is(hints, 0)
      fake.listeners[1]?.event(join(directory, "current.json"))
      assert.is(hints, 1)
      await watch.close()
    }),
  ),
)

test("watchVolume() is not blocked by strange files in the volume (fault 4)", () =>
  withTemporaryDirectory(async (directory) => {
    symlinkSync("nowhere", join(directory, "dangling"))
    symlinkSync("/etc/hostname/x", join(directory, "through-a-file"))
    execFileSync("mkfifo", [join(directory, "fifo")])
    const socket = createServer().listen(join(directory, "socket"))
    socket.unref()
    writeFileSync(join(directory, "unreadable-file"), "", { mode: 0 })
    mkdirSync(join(directory, "unreadable"), { mode: 0 })
    const { watch, until } = follow(directory)
    await publisherOf(directory).publish(publication(1))
    await until(1)
    await watch.close()
  }))

test(
  "watchVolume() brings a publication after ten thousand other files came and went (fault 12)",
  slow(60_000, () =>
    withTemporaryDirectory(async (directory) => {
      const publisher = publisherOf(directory)
      await publisher.publish(publication(1))
      const { watch, until } = follow(directory)
      await until(1)
      for (let index = 0; index < 10_000; index++) {
        writeFileSync(join(directory, `.x${index % 7}`), "")
        renameSync(join(directory, `.x${index % 7}`), join(directory, ".y"))
      }
      await publisher.publish(publication(2))
      assert.ok((await until(2)) < 3000)
      await watch.close()
    }),
  ),
)

test("watchVolume() close() ends everything", () =>
  withTemporaryDirectory(async (directory) => {
    const fake = fakeWatcher()
    let hints = 0
    const watch: VolumeWatch = watchVolume({
      directory,
      clock: systemClock,
      onChange: () => void hints++,
      open: fake.open,
    })
    fake.listeners[0]?.event(join(directory, "current.json"))
    await watch.close()
    fake.listeners[0]?.event(join(directory, "current.json"))
    fake.listeners[0]?.ready()
    await new Promise((resolve) => setTimeout(resolve, 300))
    assert.is(hints, 1)
    assert.is(fake.closed(), 1)
  }))

async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}

test.run()
