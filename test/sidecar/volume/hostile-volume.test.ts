import { execFileSync, spawnSync } from "node:child_process"
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import type { Reading } from "../../../src/sidecar/ports.ts"
import { check, point } from "./published.ts"

check(
  "createGenerations() holds while current.json is cut at any byte, and goes on when it is whole (fault 6)",
  async (volume) => {
    const pointer = join(volume.directory, "current.json")
    const text = readFileSync(pointer, "utf8")
    for (let end = 0; end < text.length - 1; end++) {
      writeFileSync(pointer, text.slice(0, end))
      assert.is((await volume.generations.read()).kind, "torn")
    }
    writeFileSync(pointer, text)
    assert.is((await volume.generations.read()).kind, "generation")
  },
)

check(
  "createGenerations() believes no file that is cut at any byte, and no other one of the same size (fault 8)",
  async (volume) => {
    for (const name of ["vips/default/vips.yaml", "services/default/echo.json", "manifest.json"]) {
      const file = join(volume.path, name)
      const bytes = readFileSync(file)
      for (let end = 0; end < bytes.length; end++) {
        truncateSync(file, 0)
        writeFileSync(file, bytes.subarray(0, end))
        assert.is((await volume.generations.read()).kind, "torn", `${name} cut at ${end}`)
      }
      const other = Buffer.from(bytes)
      other[bytes.length - 2] = (other[bytes.length - 2] ?? 0) ^ 1
      writeFileSync(file, other)
      assert.is((await volume.generations.read()).kind, "torn", `${name} with a flipped bit`)
      writeFileSync(file, bytes)
    }
    assert.is((await volume.generations.read()).kind, "generation")
  },
)

const garbage: readonly [what: string, kind: Reading["kind"], make: (pointer: string) => void][] = [
  ["a symlink", "refused", (pointer) => symlinkSync("/etc/passwd", pointer)],
  ["a fifo", "refused", (pointer) => void execFileSync("mkfifo", [pointer])],
  ["a directory", "refused", (pointer) => mkdirSync(pointer)],
  ["100 MB long", "refused", (pointer) => void execFileSync("truncate", ["-s", "100M", pointer])],
  ["garbage", "torn", (pointer) => writeFileSync(pointer, "\0\0\0")],
  ["of another schema", "refused", (pointer) => writeFileSync(pointer, '{"schema": 3}')],
  ["no pointer at all", "refused", (pointer) => writeFileSync(pointer, "[]")],
  ["empty", "torn", (pointer) => writeFileSync(pointer, "")],
  ["a socket", "refused", (pointer) => void spawnSync(process.execPath, ["-e", LEAVE_SOCKET, pointer])],
]
/** A socket's name outlives a process that is killed. */
const LEAVE_SOCKET = 'require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))'

for (const [what, kind, make] of garbage) {
  check(`createGenerations() holds where current.json is ${what} (faults 5, 6)`, async ({ directory, generations }) => {
    const pointer = join(directory, "current.json")
    const text = readFileSync(pointer)
    rmSync(pointer)
    make(pointer)
    assert.is((await generations.read()).kind, kind)
    rmSync(pointer, { recursive: true })
    writeFileSync(pointer, text)
    assert.is((await generations.read()).kind, "generation")
  })
}

check(
  "createGenerations() reads nothing that a symlink leads to (fault 5)",
  async ({ directory, generations, path }) => {
    const away = join(directory, "away")
    for (const name of [
      path,
      join(path, "services"),
      join(path, "services/default"),
      join(path, "vips/default/vips.yaml"),
      join(path, "manifest.json"),
    ]) {
      renameSync(name, away)
      symlinkSync(away, name)
      assert.is((await generations.read()).kind, "refused", name)
      rmSync(name)
      renameSync(away, name)
    }
    renameSync(join(directory, "generations"), away)
    symlinkSync(away, join(directory, "generations"))
    assert.is((await generations.read()).kind, "refused")
  },
)

const strangeNames: readonly [what: string, name: string][] = [
  ["with dots", "../../etc"],
  ["absolute", "/etc"],
  ["with a NUL", `${"0".repeat(19)}1-0123456789ab\0`],
  ["5,000 long", "x".repeat(5_000)],
  ["within another directory", "a/../../../etc"],
]
for (const [what, name] of strangeNames)
  check(`createGenerations() holds where the pointer names a directory ${what} (fault 5)`, async (volume) => {
    const { directory, generations } = volume
    const before = readFileSync(join(directory, "current.json"))
    point(directory, { directory: name })
    const reading = await generations.read()
    assert.is(reading.kind, "refused", JSON.stringify(reading))
    writeFileSync(join(directory, "current.json"), before)
    assert.is((await generations.read()).kind, "generation")
  })

const dressed: readonly [what: string, change: (text: string) => string][] = [
  ["a byte order mark", (text) => `\uFEFF${text}`],
  ["CRLF", (text) => text.replaceAll("\n", "\r\n")],
]
for (const [what, change] of dressed)
  check(`createGenerations() takes a pointer with ${what} whole or not at all (fault 6)`, async (volume) => {
    const pointer = join(volume.directory, "current.json")
    const text = readFileSync(pointer, "utf8")
    writeFileSync(pointer, change(text))
    const reading = await volume.generations.read()
    // JSON knows CR as a blank, and knows no byte order mark.
    assert.is(reading.kind, what === "CRLF" ? "generation" : "torn")
    writeFileSync(pointer, text)
    assert.is((await volume.generations.read()).kind, "generation")
  })

test.run()
