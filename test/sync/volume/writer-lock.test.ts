import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { takeWriterLock } from "../../../src/sync/volume/writer-lock.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"

test("takeWriterLock() is had by one at a time, whatever the path is called", () =>
  withTemporaryDirectory(async (directory) => {
    mkdirSync(join(directory, "a"))
    symlinkSync("a", join(directory, "b"))
    const lock = await takeWriterLock(join(directory, "a"))
    assert.is.not(lock, null)
    assert.is(await takeWriterLock(join(directory, "b")), null)
    await lock?.release()
    const next = await takeWriterLock(join(directory, "b"))
    assert.is.not(next, null)
    await next?.release()
  }))

test("takeWriterLock() keeps volumes apart", () =>
  withTemporaryDirectory(async (directory) => {
    mkdirSync(join(directory, "a"))
    const locks = [await takeWriterLock(directory), await takeWriterLock(join(directory, "a"))]
    assert.ok(locks.every((lock) => lock !== null))
    for (const lock of locks) await lock?.release()
  }))

test("takeWriterLock() is free the moment its holder is killed (fault 41)", () =>
  withTemporaryDirectory(async (directory) => {
    const source = join(import.meta.dirname, "../../../src/sync/volume/writer-lock.ts")
    const program = `const { takeWriterLock } = await import(${JSON.stringify(source)})
      console.log((await takeWriterLock(${JSON.stringify(directory)})) === null ? "refused" : "held")
      setInterval(() => {}, 1000)`
    const holder = spawn(process.execPath, ["--input-type=module", "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
    })
    const [line] = (await once(holder.stdout, "data")) as [Buffer]
    assert.is(line.toString().trim(), "held")
    assert.is(await takeWriterLock(directory), null)
    holder.kill("SIGKILL")
    await once(holder, "exit")
    const lock = await takeWriterLock(directory)
    assert.is.not(lock, null)
    await lock?.release()
  }))

test.run()
