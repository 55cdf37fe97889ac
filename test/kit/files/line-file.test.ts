import { appendFile, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { addLine, linesOf } from "../../../src/kit/files/line-file.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"

test("linesOf() gives back what addLine() was given, oldest first", () =>
  withTemporaryDirectory(async (directory) => {
    const file = { path: join(directory, "lines"), fullBytes: 1_000 }
    assert.equal(linesOf(file), [])
    for (const line of ["one", "two", "three"]) await addLine(file, line)
    assert.equal(linesOf(file), ["one", "two", "three"])
  }))

test("addLine() begins a new line after an incomplete one", () =>
  withTemporaryDirectory(async (directory) => {
    const file = { path: join(directory, "lines"), fullBytes: 1_000 }
    await addLine(file, "one")
    await appendFile(file.path, "tw")
    await addLine(file, "three")
    assert.equal(linesOf(file), ["one", "tw", "three"])
  }))

test("addLine() keeps a bounded number of the newest lines, in two files", () =>
  withTemporaryDirectory(async (directory) => {
    const file = { path: join(directory, "lines"), fullBytes: 100 }
    for (let at = 0; at < 500; at++) await addLine(file, `line ${at}`)
    const lines = linesOf(file)
    assert.is(lines.at(-1), "line 499")
    assert.ok(lines.length >= 10 && lines.length < 25, `${lines.length}`)
    assert.equal(
      lines,
      lines.map((_, at) => `line ${500 - lines.length + at}`),
    )
    assert.ok((await readdir(directory)).length <= 2)
    for (const name of await readdir(directory)) assert.ok((await stat(join(directory, name))).size < 120)
  }))

test("addLine() and linesOf() follow no symbolic link", () =>
  withTemporaryDirectory(async (directory) => {
    const [path, target] = [join(directory, "lines"), join(directory, "target")]
    await writeFile(target, "secret\n")
    await symlink(target, path)
    const file = { path, fullBytes: 1_000 }
    let refused = false
    await addLine(file, "one").catch(() => (refused = true))
    assert.ok(refused)
    assert.throws(() => linesOf(file), /symbolic link/)
    assert.is(await readFile(target, "utf8"), "secret\n")
  }))

test.run()
