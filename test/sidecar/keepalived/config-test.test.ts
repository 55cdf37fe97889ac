import { chmod, mkdir, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { systemClock } from "../../../src/kit/time/clock.ts"
import { createConfigTest } from "../../../src/sidecar/keepalived/config-test.ts"
import type { TestVerdict } from "../../../src/sidecar/ports.ts"
import {
  createNetworkNamespace,
  keepalivedReleases,
  type NetworkNamespace,
  rootObjection,
  script,
} from "../../support/keepalived.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"
import { conf, virtualServer } from "./conf.ts"

const objection = rootObjection()
if (objection !== null) console.error(`config-test.test.ts: ${objection}`)
const rootTest = objection === null ? test : test.skip

let namespace: NetworkNamespace | null = null
test.before(async () => {
  if (objection === null) namespace = await createNetworkNamespace()
})
test.after(async () => namespace?.remove())

const good = conf({ more: virtualServer(["10.2.1.11 8080"]) })

/** `exit status 5: 20 null Unknown keyword ...`: the ending, then line, virtual server and message of each diagnostic. */
const refused: [name: string, text: string, expected: readonly string[]][] = [
  [
    "an unknown keyword",
    good.replace("nopreempt", "nopreemptt"),
    ["exit status 5", "17 null Unknown keyword 'nopreemptt'"],
  ],
  [
    "a bad address",
    good.replace("10.4.0.50/32", "10.4.0.500/32"),
    ["exit status 5", "25 null VRRP parsed invalid IP 10.4.0.500/32. skipping IP..."],
  ],
  [
    "a duplicate real server",
    conf({ more: virtualServer(["10.2.1.11 8080", "10.2.1.11 8080"]) }),
    [
      "exit status 5",
      "null 10.4.0.50 80 TCP VS [10.4.0.50]:tcp:80: real server [10.2.1.11]:tcp:8080 is duplicated - removing second rs",
    ],
  ],
  [
    "a keyword without its value, which would kill the daemon",
    good.replace("priority 254", "priority"),
    [
      "exit status 2",
      "15 null *** Configuration line starting `priority` is missing a parameter after keyword `priority` at word position 2",
    ],
  ],
  [
    "half a file",
    good.slice(0, good.lastIndexOf("}")),
    ["exit status 5", "null null There are 1 missing '}'s or extra '{'s"],
  ],
]

/** Runs the check on each installed release, in a namespace that has the interface. */
async function onEachRelease(
  check: (test: (file: string) => Promise<TestVerdict>, directory: string) => Promise<void>,
) {
  const releases = await keepalivedReleases()
  assert.ok(releases.length > 0, "no keepalived is installed: run apt-get install keepalived")
  for (const release of releases) {
    await withTemporaryDirectory(async (directory) => {
      const program = await namespace?.wrap(join(directory, "keepalived"), release.path)
      await check(createConfigTest({ program: program ?? release.path, clock: systemClock }), directory)
    })
  }
}

function summaryOf(verdict: TestVerdict): readonly string[] {
  if (verdict.kind === "accepted") return ["accepted"]
  return [
    verdict.ending,
    ...verdict.diagnostics.map(({ line, virtualServer, message }) => `${line} ${virtualServer} ${message}`),
  ]
}

rootTest("configTest() accepts a good file on each release", () =>
  onEachRelease(async (test, directory) => {
    await writeFile(join(directory, "k.conf"), good)
    assert.equal(summaryOf(await test(join(directory, "k.conf"))), ["accepted"])
  }),
)

for (const [name, text, expected] of refused) {
  rootTest(`configTest() refuses ${name} on each release`, () =>
    onEachRelease(async (test, directory) => {
      await writeFile(join(directory, "k.conf"), text)
      assert.equal(summaryOf(await test(join(directory, "k.conf"))), expected)
    }),
  )
}

rootTest("configTest() refuses what keepalived lets pass: no file, an empty one, a directory, a link (fault 42)", () =>
  onEachRelease(async (test, directory) => {
    await writeFile(join(directory, "empty.conf"), "")
    await mkdir(join(directory, "directory.conf"))
    await symlink("/dev/null", join(directory, "link.conf"))
    const ending = async (name: string) => summaryOf(await test(join(directory, name)))
    assert.equal(await ending("none.conf"), ["the file does not exist"])
    assert.equal(await ending("empty.conf"), ["the file is empty"])
    assert.equal(await ending("directory.conf"), ["it is not a regular file"])
    assert.equal(await ending("link.conf"), ["it is not a regular file"])
  }),
)

/** What a keepalived could do that no installed one does: small scripts in its place. */
const fakes: [name: string, body: string, expected: readonly string[], timeoutMs?: number][] = [
  ["killed by a signal", "kill -SEGV $$", ["killed by SIGSEGV"]],
  ["that hangs", "sleep 60", ["no answer within 0.3 s"], 300],
  [
    "that complains and ends with 0",
    "echo 'Config files missing' >&2",
    ["exit status 0, but with complaints", "null null Config files missing"],
  ],
  ["that ends with 1", "exit 1", ["exit status 1"]],
  ["that changes the file", 'echo "# more" >> "$4"', ["the file changed during the test"]],
  ["that removes the file", 'rm "$4"', ["the file changed during the test"]],
  ["that replaces the file", 'cp -p "$4" "$4.new"; mv "$4.new" "$4"', ["the file changed during the test"]],
]

for (const [name, body, expected, timeoutMs = 30_000] of fakes) {
  test(`configTest() refuses with a fake keepalived ${name} (fault 42)`, () =>
    withTemporaryDirectory(async (directory) => {
      const file = join(directory, "k.conf")
      await writeFile(file, good)
      const program = await script(join(directory, "fake-keepalived"), body)
      assert.equal(summaryOf(await createConfigTest({ program, timeoutMs, clock: systemClock })(file)), expected)
    }))
}

test("configTest() refuses with a fake keepalived that prints 1 GB, and stays small (fault 42)", () =>
  withTemporaryDirectory(async (directory) => {
    const file = join(directory, "k.conf")
    await writeFile(file, good)
    const body = "echo '(Line 1) Unknown keyword'; head -c 1000000000 /dev/zero"
    const program = await script(join(directory, "fake-keepalived"), body)
    const before = process.memoryUsage().rss
    const verdict = await createConfigTest({ program, timeoutMs: 60_000, clock: systemClock })(file)
    assert.equal(summaryOf(verdict).slice(0, 2), ["exit status 0, but with complaints", "1 null Unknown keyword"])
    assert.ok(process.memoryUsage().rss - before < 100e6)
    assert.ok(JSON.stringify(verdict).length < 2_000)
  }))

test("configTest() throws where keepalived may not be executed or is missing (fault 42)", () =>
  withTemporaryDirectory(async (directory) => {
    const file = join(directory, "k.conf")
    await writeFile(file, good)
    const program = await script(join(directory, "fake-keepalived"), "exit 0")
    await chmod(program, 0o644)
    for (const [path, pattern] of [
      [program, /make it executable/],
      [join(directory, "none"), /there is no such program; install it/],
    ] as const) {
      const fault = await createConfigTest({ program: path, clock: systemClock })(file).then(
        () => null,
        (error: unknown) => String(error),
      )
      assert.match(fault ?? "", pattern)
    }
  }))

test.run()
