import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { appendFile, mkdir, readdir, rename, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { systemClock } from "../../../src/kit/time/clock.ts"
import { createProcessLog } from "../../../src/sidecar/keepalived/log.ts"
import { run } from "../../support/run.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"
import { testUnless } from "../../support/test-unless.ts"

test("since() gives the whole lines after the mark", async () => {
  await withTemporaryDirectory(async (directory) => {
    const log = createProcessLog(directory, systemClock)
    const current = join(directory, "current")
    await writeFile(current, "one\ntwo\n")
    const mark = await log.mark()
    await appendFile(current, "three\nfo")
    assert.equal(await log.since(mark), ["three"])
    await appendFile(current, "ur\n")
    assert.equal(await log.since(mark), ["three", "four"])
    assert.equal(await log.since(null), ["one", "two", "three", "four"])
  })
})

test("since() gives all that comes where there was no log yet", async () => {
  await withTemporaryDirectory(async (parent) => {
    const directory = join(parent, "log")
    const log = createProcessLog(directory, systemClock)
    const mark = await log.mark()
    assert.equal(await log.since(mark), [])
    await mkdir(directory)
    await writeFile(join(directory, "current"), "one\n")
    assert.equal(await log.since(mark), ["one"])
  })
})

test("since() reads what is half rotated once", async () => {
  await withTemporaryDirectory(async (directory) => {
    const log = createProcessLog(directory, systemClock)
    await writeFile(join(directory, "current"), "one\n")
    const mark = await log.mark()
    await appendFile(join(directory, "current"), "two\n")
    await rename(join(directory, "current"), join(directory, "previous"))
    assert.equal(await log.since(mark), ["two"])
    await writeFile(join(directory, "current"), "three\n")
    assert.equal(await log.since(mark), ["two", "three"])
  })
})

test("waitFor() ends at the deadline", async () => {
  await withTemporaryDirectory(async (directory) => {
    const log = createProcessLog(directory, systemClock)
    const startedAt = performance.now()
    assert.is(await log.waitFor({ mark: await log.mark(), judge: () => null, deadlineMs: 120 }), null)
    const took = performance.now() - startedAt
    assert.ok(took >= 119 && took < 30_000, `${took}`)
  })
})

const supervised = testUnless(
  await run("s6-log", []).then(
    () => null,
    () => "s6-log is not installed",
  ),
)

supervised("since() and waitFor() follow a real s6-log over its rotations", async () => {
  await withTemporaryDirectory(async (directory) => {
    const log = createProcessLog(directory, systemClock)
    const logger = spawn("s6-log", ["n20", "s4096", directory], { stdio: ["pipe", "ignore", "inherit"] })
    await say(logger, ["first"])
    const waitForLine = (text: string, mark = null) =>
      log.waitFor({
        mark: mark ?? { inode: null, offset: 0 },
        judge: (lines) => (lines.includes(text) ? lines.length : null),
        deadlineMs: 5_000,
      })
    assert.is(await waitForLine("first"), 1)
    const mark = await log.mark()
    const lines = Array.from({ length: 400 }, (_, i) => `line ${i} ${"x".repeat(50)}`)
    // In pieces, because s6-log rotates between two reads only.
    for (let i = 0; i < lines.length; i += 20) {
      const part = lines.slice(i, i + 20)
      await say(logger, part)
      assert.is.not(await waitForLine(part.at(-1) ?? ""), null)
    }
    assert.ok((await readdir(directory)).filter((name) => name.startsWith("@")).length >= 4)
    assert.equal(await log.since(mark), lines)
    assert.equal(await log.since(null), ["first", ...lines])
    logger.stdin?.end()
    await once(logger, "exit")
  })
})

test("since() never leaves a hole while files rotate", async () => {
  await withTemporaryDirectory(async (directory) => {
    const log = createProcessLog(directory, systemClock)
    const lines = Array.from({ length: 1_000 }, (_, i) => `line ${i}`)
    // As s6-log does it, line by line: a file of 10 lines, then `previous`, then a name that is its time.
    const rotations = (async () => {
      for (let i = 0; i < lines.length; i += 10) {
        await writeFile(join(directory, "current"), `${lines.slice(i, i + 10).join("\n")}\n`)
        await rename(join(directory, "current"), join(directory, "previous"))
        await writeFile(join(directory, "current"), "")
        await rename(join(directory, "previous"), join(directory, `@${i.toString(16).padStart(24, "0")}.s`))
        // Faster than any log grows, and yet a look at all these files fits in between.
        await setTimeout(5)
      }
    })()
    let looks = 0
    let seen = 0
    while (seen < lines.length) {
      const found = await log.since(null)
      assert.equal(found, lines.slice(0, found.length))
      seen = found.length
      looks++
    }
    await rotations
    assert.ok(looks > 3, `${looks}`)
  })
})

function say(logger: ChildProcess, lines: readonly string[]): Promise<void> {
  return new Promise((resolve) => void logger.stdin?.write(`${lines.join("\n")}\n`, () => resolve()))
}

test.run()
