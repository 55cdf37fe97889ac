import { chmod, copyFile, mkdir, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { run } from "./support/run.ts"
import { withTemporaryDirectory } from "./support/temporary-directory.ts"
import { testUnless } from "./support/test-unless.ts"

const launcher = join(import.meta.dirname, "../bin/kkv")

interface Checkout {
  /** Version that the `node` on PATH reports; null: there is none. */
  readonly system: string | null
  /** The same for node_modules/.bin. */
  readonly own: string | null
  readonly built: boolean
}

/** Lays out a checkout with the real launcher and programs that only say who was called with what, and calls it. */
function launched(checkout: Checkout, linked: (directory: string) => Promise<string> | null = () => null) {
  return withTemporaryDirectory(async (directory) => {
    const path = join(directory, "path")
    const own = join(directory, "node_modules/.bin")
    for (const name of ["bin", "dist", "path", "node_modules/.bin"])
      await mkdir(join(directory, name), { recursive: true })
    await copyFile(launcher, join(directory, "bin/kkv"))
    for (const tool of ["sh", "readlink", "dirname"]) await symlink(`/bin/${tool}`, join(path, tool))
    if (checkout.built) await writeFile(join(directory, "dist/kkv.mjs"), "")
    if (checkout.system !== null) await plantNode(join(path, "node"), "system", checkout.system)
    if (checkout.own !== null) await plantNode(join(own, "node"), "own", checkout.own)
    const program = (await linked(directory)) ?? join(directory, "bin/kkv")
    const ended = await run(program, ["render", "a b"], { directory: "/", environment: { PATH: path } })
    return {
      status: ended.status,
      stdout: ended.stdout.replaceAll(directory, "ROOT"),
      stderr: ended.stderr.replaceAll(directory, "ROOT"),
    }
  })
}

async function plantNode(file: string, name: string, version: string): Promise<void> {
  const lines = [
    "#!/bin/sh",
    `[ "$1" = --version ] && { echo v${version}; exit; }`,
    `echo "${name}:" "$@" "($#)"`,
    "exit 7",
  ]
  await writeFile(file, `${lines.join("\n")}\n`)
  await chmod(file, 0o755)
}

const choices: readonly [what: string, checkout: Checkout, says: string][] = [
  ["the system's node where that is new enough", { system: "22.22.0", own: "24.21.0", built: true }, "system"],
  ["the system's node of a later major version", { system: "26.0.1", own: null, built: true }, "system"],
  ["its own where the system's is too old", { system: "22.21.1", own: "24.21.0", built: true }, "own"],
  ["its own where the system's is far too old", { system: "9.30.0", own: "24.21.0", built: true }, "own"],
  ["its own where the system has none", { system: null, own: "24.21.0", built: true }, "own"],
]
for (const [what, checkout, name] of choices) {
  test(`bin/kkv takes ${what}, with all words and the exit status`, async () => {
    assert.equal(await launched(checkout), {
      status: 7,
      stdout: `${name}: --max-semi-space-size=1 --optimize-for-size --no-maglev ROOT/dist/kkv.mjs render a b (6)\n`,
      stderr: "",
    })
  })
}

test("bin/kkv finds its checkout through links, absolute and relative", async () => {
  const { stdout } = await launched({ system: "24.0.0", own: null, built: true }, async (directory) => {
    await mkdir(join(directory, "links"))
    await symlink(join(directory, "bin/kkv"), join(directory, "links/absolute"))
    await symlink("absolute", join(directory, "links/relative"))
    await symlink("links/relative", join(directory, "kkv"))
    return join(directory, "kkv")
  })
  assert.is(
    stdout,
    "system: --max-semi-space-size=1 --optimize-for-size --no-maglev ROOT/dist/kkv.mjs render a b (6)\n",
  )
})

const refusals: readonly [what: string, checkout: Checkout, says: RegExp][] = [
  [
    "nothing is built",
    { system: "24.0.0", own: null, built: false },
    /^kkv: Cannot start: ROOT is not built; run `make build` there\n$/,
  ],
  [
    "no Node.js is new enough",
    { system: "20.1.0", own: "18.0.0", built: true },
    /^kkv: Cannot start: Node\.js 22\.22 or newer is wanted and neither PATH nor ROOT\/node_modules\/\.bin has it; run `make build` there\n$/,
  ],
]
for (const [what, checkout, says] of refusals) {
  test(`bin/kkv says what to do where ${what}, with status 3`, async () => {
    const { status, stdout, stderr } = await launched(checkout)
    assert.match(stderr, says)
    assert.is(stdout, "")
    assert.is(status, 3)
  })
}

const noRoot = process.getuid?.() === 0 ? null : "root is needed to make a PID namespace: run this test with sudo"
testUnless(noRoot)("kkv sync that is PID 1 misses no SIGTERM while its program loads (fault 276)", () =>
  withTemporaryDirectory(async (directory) => {
    const preload = join(directory, "preload.mjs")
    const text = `import { registerHooks } from "node:module"
const load = (url, context, next) => {
  if (url.endsWith("/sync/main.ts")) process.kill(process.pid, "SIGTERM")
  return next(url, context)
}
registerHooks({ load })`
    await writeFile(preload, text)
    const kkv = join(import.meta.dirname, "../src/kkv.ts")
    const [source, desired] = [join(directory, "source"), join(directory, "desired")]
    await mkdir(source)
    const words = ["sync", "--source", source, "--services-configmap", "default/vips", "--desired", desired]
    const node = [process.execPath, "--import", preload, kkv, ...words]
    const ended = await run("unshare", ["--pid", "--fork", "--kill-child", ...node], { limitMs: 10_000 })
    assert.is(ended.status, 0, ended.stderr)
  }),
)

test.run()
