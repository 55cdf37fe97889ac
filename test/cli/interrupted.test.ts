import { spawn } from "node:child_process"
import { once } from "node:events"
import { openSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { slow } from "../support/slow.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"

const kkv = join(import.meta.dirname, "../../src/kkv.ts")

test(
  "Ctrl-C ends a command with one line and status 3",
  slow(60_000, async () => {
    const child = spawn(process.execPath, [kkv, "validate", "-"], { stdio: ["pipe", "pipe", "pipe"] })
    let said = ""
    child.stderr?.on("data", (text: Buffer) => (said += text.toString()))
    child.stdin.on("error", () => {})
    // Once it has taken more than a pipe holds, it reads.
    await new Promise((resolve) => child.stdin.write("# a comment\n".repeat(40_000), resolve))
    child.kill("SIGINT")
    assert.equal(await once(child, "close"), [3, null])
    assert.is(said, "kkv: Interrupted\n")
  }),
)

for (const words of [["version"], ["--help"], ["validate", "-"], ["render", "--help"]])
  test(
    `output to a full disk ends with one line and status 3: kkv ${words.join(" ")}`,
    slow(60_000, async () => {
      const child = spawn(process.execPath, [kkv, ...words], { stdio: ["ignore", openSync("/dev/full", "w"), "pipe"] })
      let said = ""
      child.stderr?.on("data", (text: Buffer) => (said += text.toString()))
      assert.equal(await once(child, "close"), [3, null])
      assert.is(said, "kkv: Cannot write to standard output: ENOSPC: no space left on device, write\n")
    }),
  )

test(
  "kkv validate | head ends with the status of its answer, without a word",
  slow(60_000, async () => {
    const child = spawn(process.execPath, [kkv, "validate", "-"], { stdio: ["pipe", "pipe", "pipe"] })
    let said = ""
    child.stderr?.on("data", (text: Buffer) => (said += text.toString()))
    child.stdout.destroy()
    // More problems than a pipe holds.
    const entries = Array.from({ length: 1_500 }, (_, at) => `  host-${at}: ""\n`)
    child.stdin.end(`apiVersion: v1\nkind: ConfigMap\nmetadata: {name: vips}\ndata:\n${entries.join("")}`)
    assert.equal(await once(child, "close"), [1, null])
    assert.is(said, "")
  }),
)

/** Where each leads to nothing that can be read. */
const unreadable: readonly (readonly [what: string, words: readonly string[], says: string])[] = [
  ["a directory as standard input", ["-"], "kkv: Cannot read standard input: it is a directory (expected manifests)\n"],
  [
    "a symbolic link in a circle",
    ["circle"],
    "kkv: Cannot read \"circle\": ELOOP: too many symbolic links encountered, stat 'circle'\n",
  ],
  [
    "an archive in a circle",
    ["a.tar.gz"],
    "kkv: Cannot read \"a.tar.gz\": ELOOP: too many symbolic links encountered, stat 'a.tar.gz'\n",
  ],
]
for (const [what, words, says] of unreadable)
  test(
    `kkv validate of ${what} ends with one line and status 3`,
    slow(60_000, () =>
      withTemporaryDirectory(async (directory) => {
        for (const name of ["circle", "a.tar.gz"]) symlinkSync(name, join(directory, name))
        const stdio = [openSync(directory, "r"), "pipe", "pipe"] as const
        const child = spawn(process.execPath, [kkv, "validate", ...words], { cwd: directory, stdio: [...stdio] })
        let said = ""
        child.stderr?.on("data", (text: Buffer) => (said += text.toString()))
        assert.equal(await once(child, "close"), [3, null])
        assert.is(said, says)
      }),
    ),
  )

test.run()
