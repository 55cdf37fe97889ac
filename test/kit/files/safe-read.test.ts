import { execFileSync } from "node:child_process"
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { hasContent, readRegularFile } from "../../../src/kit/files/safe-read.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"

test("readRegularFile() gives the bytes of a regular file", () =>
  withTemporaryDirectory(async (directory) => {
    writeFileSync(join(directory, "a"), "hello")
    const read = readRegularFile(join(directory, "a"), 5)
    assert.is(read.kind, "file")
    if (read.kind !== "file") return
    assert.is(read.bytes.toString(), "hello")
    assert.is(read.bytes.length, 5)
  }))

test("readRegularFile() gives absent for a missing file", () =>
  withTemporaryDirectory(async (directory) => {
    assert.equal(readRegularFile(join(directory, "a"), 5), { kind: "absent" })
  }))

const unsafe: readonly [what: string, make: (path: string) => void][] = [
  ["a symlink to a file", (path) => symlinkSync("/etc/passwd", path)],
  ["a dangling symlink", (path) => symlinkSync("/nowhere", path)],
  ["a directory", (path) => mkdirSync(path)],
  ["a fifo, without blocking", (path) => void execFileSync("mkfifo", [path])],
  ["a file above the limit", (path) => writeFileSync(path, "x".repeat(1025))],
]
for (const [what, make] of unsafe) {
  test(`readRegularFile() refuses ${what}`, () =>
    withTemporaryDirectory(async (directory) => {
      make(join(directory, "a"))
      assert.is(readRegularFile(join(directory, "a"), 1024).kind, "unsafe")
    }))
}

test("readRegularFile() refuses names that cannot be a path, and a path through a file", () =>
  withTemporaryDirectory(async (directory) => {
    writeFileSync(join(directory, "a"), "")
    assert.is(readRegularFile(join(directory, "a", "b"), 5).kind, "unsafe")
    assert.is(readRegularFile(join(directory, "x".repeat(5000)), 5).kind, "unsafe")
    assert.is(readRegularFile(`${directory}/a\0b`, 5).kind, "unsafe")
  }))

test("hasContent() compares every byte, and is false for a file that cannot be read", () =>
  withTemporaryDirectory(async (directory) => {
    const path = join(directory, "file")
    const bytes = Buffer.alloc(200_000, "x")
    writeFileSync(path, bytes)
    assert.ok(hasContent(path, bytes))
    for (const at of [0, 65_535, 65_536, 199_999]) {
      const other = Buffer.from(bytes)
      other[at] = 0
      assert.not(hasContent(path, other), String(at))
    }
    assert.not(hasContent(path, bytes.subarray(1)))
    assert.not(hasContent(path, Buffer.concat([bytes, bytes])))
    symlinkSync(path, join(directory, "link"))
    for (const name of ["link", "absent", ".", "\0"]) assert.not(hasContent(join(directory, name), bytes), name)
    writeFileSync(path, "")
    assert.ok(hasContent(path, Buffer.alloc(0)))
  }))

test.run()
