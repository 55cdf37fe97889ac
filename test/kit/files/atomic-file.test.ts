import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { replaceFile, writeDurably } from "../../../src/kit/files/atomic-file.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"

test("replaceFile() replaces the file by another one and leaves nothing beside it", () =>
  withTemporaryDirectory(async (directory) => {
    const path = join(directory, "a.json")
    writeFileSync(path, "old")
    const before = statSync(path).ino
    await replaceFile(path, "new")
    assert.is(readFileSync(path, "utf8"), "new")
    assert.is.not(statSync(path).ino, before)
    assert.equal(readdirSync(directory), ["a.json"])
  }))

test("replaceFile() names the failed operation and removes its temporary file", () =>
  withTemporaryDirectory(async (directory) => {
    mkdirSync(join(directory, "a"))
    writeFileSync(join(directory, "a", "b"), "")
    const error = await replaceFile(join(directory, "a"), "new").catch((error: unknown) => error)
    assert.instance(error, Error)
    assert.match(error instanceof Error ? error.message : "", /^Cannot replace /)
    assert.equal(readdirSync(directory), ["a"])
  }))

test("replaceFile() never lets a reader see half of a file", () =>
  withTemporaryDirectory(async (directory) => {
    const path = join(directory, "a")
    const texts = ["x".repeat(200_000), "y".repeat(100_000)]
    await replaceFile(path, texts[0] ?? "")
    let done = false
    const writing = (async () => {
      for (let i = 0; i < 40; i++) await replaceFile(path, texts[i % 2] ?? "")
      done = true
    })()
    while (!done) {
      assert.ok(texts.includes(readFileSync(path, "utf8")))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await writing
  }))

test("writeDurably() refuses to write what exists", () =>
  withTemporaryDirectory(async (directory) => {
    writeFileSync(join(directory, "a"), "old")
    const error = await writeDurably(join(directory, "a"), "new").catch((error: unknown) => error)
    assert.instance(error, Error)
    assert.is(readFileSync(join(directory, "a"), "utf8"), "old")
  }))

test.run()
