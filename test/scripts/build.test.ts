import { readdir, readFile } from "node:fs/promises"
import { isBuiltin } from "node:module"
import { join } from "node:path"
import type { Metafile } from "esbuild"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { forbiddenInputs } from "../../scripts/bundle-rules.ts"
import { run } from "../support/run.ts"
import { slow } from "../support/slow.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"

const root = join(import.meta.dirname, "../..")
const client = "node_modules/@kubernetes/client-node/dist/index.js"

/** The part of esbuild's report that the rules look at: file -> what it imports. */
function graph(imports: Readonly<Record<string, readonly string[]>>): Metafile {
  const inputs = Object.fromEntries(
    Object.entries(imports).map(([file, paths]) => [
      file,
      { bytes: 1, imports: paths.map((path) => ({ path, kind: "import-statement" as const })) },
    ]),
  )
  return { inputs, outputs: {} }
}

const refused: readonly [what: string, meta: Metafile, says: RegExp][] = [
  [
    "the Kubernetes client in the sidecar, deep down",
    graph({ "src/sidecar/main.ts": ["src/core/a.ts"], "src/core/a.ts": [client], [client]: [] }),
    /src\/sidecar\/main\.ts: its bundle contains node_modules\/@kubernetes\/client-node.*no API server/,
  ],
  [
    "the Kubernetes client in the CLI",
    graph({ "src/cli/main.ts": [client], [client]: [] }),
    /src\/cli\/main\.ts: its bundle contains/,
  ],
  [
    "a file of sync in the sidecar",
    graph({ "src/sidecar/main.ts": ["src/sync/reconcile.ts"], "src/sync/reconcile.ts": [] }),
    /src\/sync\/reconcile\.ts/,
  ],
]
for (const [what, meta, says] of refused) {
  test(`forbiddenInputs() finds ${what}`, () => {
    const found = forbiddenInputs(meta)
    assert.is(found.length, 1)
    assert.match(found[0] ?? "", says)
  })
}

test("forbiddenInputs() lets sync have the Kubernetes client, and bears circles", () => {
  const meta = graph({
    "src/sync/main.ts": [client, "src/sync/a.ts"],
    "src/sync/a.ts": ["src/sync/main.ts"],
    [client]: [],
    "src/sidecar/main.ts": [],
  })
  assert.equal(forbiddenInputs(meta), [])
})

test(
  "build.ts makes bundles with source maps that need no node_modules",
  slow(60_000, () =>
    withTemporaryDirectory(async (directory) => {
      const out = join(directory, "dist")
      const built = await run(process.execPath, [join(root, "scripts/build.ts"), "--out", out])
      assert.is(built.status, 0, built.stdout + built.stderr)
      const names = await readdir(out)
      assert.ok(names.includes("kkv.mjs") && names.includes("kkv.mjs.map"), names.join(" "))
      const meta = JSON.parse(await readFile(join(out, "meta.json"), "utf8")) as Metafile
      const outside = Object.values(meta.outputs).flatMap(({ imports }) =>
        imports.filter(({ external, path }) => external === true && !path.startsWith("node:")).map(({ path }) => path),
      )
      // Names without `node:` are Node's own modules as CommonJS packages call them; a package would be one that ships apart.
      assert.equal(
        outside.filter((path) => !isBuiltin(path)),
        [],
      )
    }),
  ),
)

test(
  "build.ts leaves out what is not wanted, and kkv says so",
  slow(60_000, () =>
    withTemporaryDirectory(async (directory) => {
      const out = join(directory, "dist")
      const built = await run(process.execPath, [
        join(root, "scripts/build.ts"),
        ...["--out", out, "--no-maps", "--only", "sidecar", "--only", "cli"],
      ])
      assert.is(built.status, 0, built.stdout + built.stderr)
      assert.equal(
        (await readdir(out)).filter((name) => name.endsWith(".map") || name.startsWith("sync")),
        [],
      )
      const meta = JSON.parse(await readFile(join(out, "meta.json"), "utf8")) as Metafile
      assert.equal(
        Object.keys(meta.inputs).filter((input) => input === client || input.startsWith("src/sync/")),
        [],
      )
      const ran = await run(process.execPath, [join(out, "kkv.mjs"), "sync"])
      assert.is(ran.status, 3)
      assert.is(ran.stderr, 'kkv: Cannot run "sync": this installation has sidecar and cli only\n')
    }),
  ),
)

test("build.ts refuses a program that there is not", async () => {
  const { status, stderr } = await run(process.execPath, [join(root, "scripts/build.ts"), "--only", "kube"])
  assert.is(status, 2)
  assert.match(stderr, /Cannot build "kube": wanted sync, sidecar, plugin, cli/)
})

test.run()
