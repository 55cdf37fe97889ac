import { createHash } from "node:crypto"
import { mkdirSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"

import { extract } from "tar"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { parse } from "yaml"
import * as z from "zod"

import { run } from "../support/run.ts"
import { slow } from "../support/slow.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"

const root = join(import.meta.dirname, "../..")
const script = join(root, "scripts/plugin-archives.ts")
const PORTABLE = "kubectl-kkv-portable.tar.gz"

const manifestSchema = z.object({
  spec: z.object({
    version: z.string(),
    platforms: z.array(z.object({ uri: z.string(), sha256: z.string(), bin: z.string() })),
  }),
})

// The other two hold Node.js, which is downloaded.
test(
  "plugin-archives.ts the portable archive runs, is the same each time, and the manifest of krew has its checksum",
  slow(120_000, () =>
    withTemporaryDirectory(async (directory) => {
      const files: Buffer[] = []
      for (const out of ["a", "b"].map((name) => join(directory, name))) {
        const words = [script, "--out", out, "--only", "portable", "--url", "https://example.org/v1"]
        const made = await run(process.execPath, words, { limitMs: 60_000 })
        assert.is(made.status, 0, made.stderr)
        files.push(readFileSync(join(out, PORTABLE)))
      }
      const [first = Buffer.of(), second = Buffer.of()] = files
      assert.ok(first.equals(second))
      const { spec } = manifestSchema.parse(parse(readFileSync(join(directory, "a/kkv.yaml"), "utf8")))
      const { version } = z
        .object({ version: z.string() })
        .parse(JSON.parse(readFileSync(join(root, "package.json"), "utf8")))
      assert.is(spec.version, `v${version}`)
      const sha256 = createHash("sha256").update(first).digest("hex")
      const bin = "kubectl-kkv/bin/kubectl-kkv"
      assert.equal(spec.platforms[0]?.uri, `https://example.org/v1/${PORTABLE}`)
      for (const one of spec.platforms) assert.equal([one.sha256, one.bin], [sha256, bin])
      const unpacked = join(directory, "unpacked")
      mkdirSync(unpacked)
      await extract({ file: join(directory, "a", PORTABLE), cwd: unpacked })
      const environment = { PATH: `${dirname(process.execPath)}:/usr/bin:/bin` }
      const said = await run(join(unpacked, bin), ["--version"], { environment })
      assert.equal([said.status, said.stdout], [0, `kubectl-kkv ${version}\n`])
      assert.equal(
        readdirSync(join(unpacked, "kubectl-kkv/dist")).filter((name) => /^(sync|sidecar|cli)|\.map$/.test(name)),
        [],
      )
    }),
  ),
)

test("plugin-archives.ts refuses a platform that it does not know", async () => {
  assert.is((await run(process.execPath, [script, "--out", "/nowhere", "--only", "plan9"])).status, 2)
  assert.is((await run(process.execPath, [script])).status, 2)
})

test.run()
