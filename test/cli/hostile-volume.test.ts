import { execFileSync } from "node:child_process"
import { mkdirSync, renameSync, symlinkSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { run } from "../support/run.ts"
import { slow } from "../support/slow.ts"
import { configMap, inTree, nodes } from "./support/manifests.ts"
import { GENERATION, volumes } from "./support/volume.ts"

const root = join(import.meta.dirname, "../..")
const SECRET = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: secret}\ndata: {password: hunter2}\n"

/** What whoever writes desired/ can lay in the place of a file or a directory; the CLI is run by root, beside keepalived. */
const INSTEAD: Readonly<Record<string, (path: string, elsewhere: string) => void>> = {
  "a fifo": (path) => execFileSync("mkfifo", [path]),
  "a link to another file or directory": (path, elsewhere) => symlinkSync(elsewhere, path),
  "a link to the whole machine": (path) => symlinkSync("/", path),
  "a sparse file of 1 GB": (path) => {
    writeFileSync(path, "")
    truncateSync(path, 1e9)
  },
}
const STATUS = ["status", "--desired", "desired", "--applied", "applied"]
const VALIDATE = ["validate", "desired"]
const PLACES: Readonly<Record<string, readonly (readonly string[])[]>> = {
  "status.yaml": [STATUS],
  "current.json": [STATUS, VALIDATE],
  "beat/heartbeat": [STATUS],
  generations: [VALIDATE],
  [`generations/${GENERATION}`]: [VALIDATE],
}

for (const [what, put] of Object.entries(INSTEAD))
  test(
    `kkv status and validate end soon and read nothing elsewhere, with ${what} in desired/`,
    slow(60_000, async () => {
      for (const [place, commands] of Object.entries(PLACES))
        await inTree(TREE, async (directory) => {
          layDown(place, directory, put)
          for (const words of commands) await assertHarmless(words, place, directory)
        })
    }),
  )

function layDown(place: string, directory: string, put: (path: string, elsewhere: string) => void): void {
  const path = join(directory, "desired", place)
  const elsewhere = join(directory, "elsewhere")
  const isDirectory = place.startsWith("generations")
  if (isDirectory) mkdirSync(elsewhere)
  writeFileSync(isDirectory ? join(elsewhere, "a.yaml") : elsewhere, SECRET)
  renameSync(path, join(directory, "old"))
  put(path, elsewhere)
}

/** Where a heartbeat cannot be read nothing is known of sync, which is not well; all else is a fault, said at once. */
async function assertHarmless(words: readonly string[], place: string, directory: string): Promise<void> {
  const program = [process.execPath, "--max-old-space-size=64", join(root, "src/kkv.ts"), ...words]
  const ended = await run("timeout", ["8", ...program], { directory })
  const said = `${place}: kkv ${words.join(" ")}: ${ended.status} ${ended.stdout}${ended.stderr}`
  assert.not.match(said, "hunter2")
  if (place === "beat/heartbeat") return assert.is(ended.status, 1, said)
  assert.is(ended.status, 3, said)
  assert.match(ended.stderr, /regular file|symbolic link|at most|not a directory/, said)
}

const TREE = {
  ...volumes({ "vips.yaml": configMap("10.4.0.50: default/echo"), "nodes.yaml": nodes("10.4.0.3") }),
  "desired/beat/heartbeat": "x",
}

test.run()
