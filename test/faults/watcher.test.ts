import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { figures } from "../support/figures.ts"
import { run } from "../support/run.ts"
import { slow } from "../support/slow.ts"
import { testUnless } from "../support/test-unless.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"

const mayUnshare = spawnSync("unshare", ["-Ur", "true"]).status === 0
const unless = testUnless(mayUnshare ? null : "needs user namespaces")

for (const [what, code] of [
  ["instances", "EMFILE"],
  ["watches", "ENOSPC"],
] as const)
  unless(
    `watchVolume() without inotify ${what} polls, and has a watcher again when there are some (fault 3)`,
    slow(40_000, () =>
      withTemporaryDirectory(async (directory) => {
        const program = join(import.meta.dirname, "no-inotify.ts")
        const words = ["-Ur", process.execPath, program, directory, what]
        const ended = await run("unshare", words, { limitMs: 35_000 })
        assert.is(ended.status, 0, ended.stderr)
        const found = JSON.parse(ended.stdout) as Record<"without" | "troubles", unknown[]> &
          Record<"errors" | "withSome", number>
        figures({ ...found })
        // The poll, every second.
        for (const ms of found.without) assert.ok(Number(ms) < 1_500, `${String(ms)} ms`)
        assert.ok(found.troubles.includes(code), String(found.troubles))
        assert.ok(found.errors >= 1)
        assert.ok(found.withSome < 200, `${found.withSome} ms with a watcher`)
      }),
    ),
  )

test.run()
