import { mkdir, readFile, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { run } from "../support/run.ts"
import { slow } from "../support/slow.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"

const root = join(import.meta.dirname, "../..")
const head = `
import { suite, test } from "uvu"
import * as assert from "uvu/assert"
import { slow } from "${root}/test/support/slow.ts"
`

/** Plants test files (name -> text below the imports), runs the runner on them and gives its status and lines. */
function planted(files: Readonly<Record<string, string>>, ...words: readonly string[]) {
  return withTemporaryDirectory(async (directory) => {
    await symlink(join(root, "node_modules"), join(directory, "node_modules"))
    await writeFile(join(directory, "package.json"), '{ "type": "module" }')
    for (const [name, text] of Object.entries(files)) {
      await mkdir(join(directory, name, ".."), { recursive: true })
      await writeFile(join(directory, name), head + text)
    }
    const runner = join(root, "scripts/test.ts")
    const ended = await run(process.execPath, [runner, "--limit", "300", ...words, "."], {
      directory,
      limitMs: 30_000,
    })
    const lines = ended.stdout.trimEnd().split("\n")
    return { status: ended.status, stdout: ended.stdout, last: lines.at(-1), stderr: ended.stderr }
  })
}

test("test.ts passes good files, one line each", async () => {
  const good = 'test("one", () => {})\ntest("two", async () => {})\ntest.run()'
  const { status, stdout, last } = await planted({ "a.test.ts": good, "sub/b.test.ts": good, "helper.ts": "" })
  assert.is(status, 0)
  assert.is(last, "4 passed, 0 failed, 0 skipped")
  assert.is(stdout.split("\n").length, 4, stdout)
  assert.match(stdout, /^ok {3}a\.test\.ts: 2 passed in \d+ ms$/m)
})

test("test.ts --each prints each test, with what it measured", async () => {
  const text = `import { figures } from "${root}/test/support/figures.ts"
    test("one", () => figures({ tookMs: 7 }))\ntest("two", () => assert.is(1, 2))\ntest.run()`
  const { status, stdout, last } = await planted({ "a.test.ts": text }, "--each")
  assert.is(status, 1)
  assert.is(last, "1 passed, 1 failed, 0 skipped")
  assert.match(stdout, /^ok {3}a: one {2}{"tookMs":7}\nFAIL a: two\n/)
})

/** A test that is red in its first runs, as many as `reds`. */
const flake = (reds: number) => `import { existsSync, readFileSync, writeFileSync } from "node:fs"
  test("one", () => {
    const runs = existsSync("runs") ? Number(readFileSync("runs", "utf8")) : 0
    writeFileSync("runs", String(runs + 1))
    assert.ok(runs >= ${reds})
  })
  test.run()`

test("test.ts --again passes a file that is red once and green twice after that, and names it", async () => {
  const { status, stdout, last } = await planted({ "a.test.ts": flake(1) }, "--again")
  assert.is(status, 0, stdout)
  assert.is(last, "1 passed, 0 failed, 0 skipped")
  assert.match(
    stdout,
    /^red {2} ?a\.test\.ts: 0 passed, 1 failed in \d+ ms$[^]*^flaky a\.test\.ts: 1 failed at first$/m,
  )
})

test("test.ts --again fails a file that is red twice", async () => {
  const { status, stdout, last } = await planted({ "a.test.ts": flake(2) }, "--again")
  assert.is(status, 1, stdout)
  assert.is(last, "0 passed, 1 failed, 0 skipped")
  assert.match(stdout, /^FAIL a\.test\.ts: 0 passed, 1 failed in \d+ ms$/m)
})

const failing: readonly [what: string, text: string, last: string, says: RegExp][] = [
  [
    "a failed assertion, with its output",
    'test("sum", () => { console.log("seen"); assert.is(1 + 1, 3) })\ntest("ok", () => {})\ntest.run()',
    "1 passed, 1 failed, 0 skipped",
    /seen[^]*FAIL {2}"sum"/,
  ],
  [
    "a test that never ends",
    'test("hangs", () => new Promise(() => {}))\ntest("ok", () => {})\ntest.run()',
    "1 passed, 1 failed, 0 skipped",
    /"hangs" did not end within 300 ms/,
  ],
  [
    "a test that never ends and holds a handle",
    'test("hangs", () => new Promise(() => setInterval(() => {}, 50)))\ntest("ok", () => {})\ntest.run()',
    "1 passed, 1 failed, 0 skipped",
    /"hangs" did not end within 300 ms/,
  ],
  [
    "a test that blocks the event loop",
    'test("ok", () => {})\ntest("spins", () => { for (;;) {} })\ntest("after", () => {})\ntest.run()',
    "1 passed, 2 failed, 0 skipped",
    /"spins" blocked the process/,
  ],
  [
    "a hook that never ends",
    'test.before(() => new Promise(() => setInterval(() => {}, 50)))\ntest("ok", () => {})\ntest.run()',
    "0 passed, 1 failed, 0 skipped",
    /before hook did not end within 300 ms/,
  ],
  [
    "an unhandled rejection",
    'test("rejects", async () => { void Promise.reject(new Error("loose")); await new Promise((r) => setTimeout(r, 50)) })\ntest.run()',
    "0 passed, 1 failed, 0 skipped",
    /loose[^]*The process ended in "rejects" \(status 1\)/,
  ],
  [
    "an unhandled rejection after the last test",
    'test("ok", () => { setTimeout(() => void Promise.reject(new Error("late")), 50) })\ntest.run()',
    "1 passed, 1 failed, 0 skipped",
    /late[^]*The process ended badly after its tests \(status 1\)/,
  ],
  [
    "a process that ends itself",
    'test("ok", () => {})\ntest("quits", () => { process.exit(0) })\ntest("after", () => {})\ntest.run()',
    "1 passed, 2 failed, 0 skipped",
    /FAIL a\.test\.ts: The process ended in "quits" \(status 1\)/,
  ],
  [
    "a file without .run()",
    'test("never", () => {})',
    "0 passed, 1 failed, 0 skipped",
    /1 of its tests never run: a suite lacks its \.run\(\)/,
  ],
  [
    "a suite without .run() beside one that has it",
    'test("ok", () => {})\nconst other = suite("other")\nother("never", () => {})\ntest.run()',
    "1 passed, 1 failed, 0 skipped",
    /1 of its tests never run/,
  ],
  ["a file without tests", "test.run()", "0 passed, 1 failed, 0 skipped", /It has no tests/],
  ["an empty file", "", "0 passed, 1 failed, 0 skipped", /It has no tests/],
  ["a file that cannot be loaded", 'import "./missing.ts"', "0 passed, 1 failed, 0 skipped", /ERR_MODULE_NOT_FOUND/],
  [
    "test.only",
    'test.only("one", () => {})\ntest("two", () => {})\ntest.run()',
    "1 passed, 1 failed, 0 skipped",
    /"one" is test\.only/,
  ],
  [
    "what stays open after the last test",
    'test("leaks", () => { setInterval(() => {}, 50) })\ntest.run()',
    "1 passed, 1 failed, 0 skipped",
    /something keeps the process alive: .*Timeout/,
  ],
]
for (const [what, text, wanted, says] of failing) {
  test(
    `test.ts fails ${what}`,
    slow(30_000, async () => {
      const { status, stdout, last } = await planted({ "a.test.ts": text })
      assert.is(last, wanted, stdout)
      assert.match(stdout, says)
      assert.is(status, 1)
    }),
  )
}

test("test.ts gives a slow test the time it asks for", async () => {
  const text = 'test("slow", slow(5_000, () => new Promise((r) => setTimeout(r, 600))))\ntest.run()'
  const { status, last } = await planted({ "a.test.ts": text })
  assert.is(last, "1 passed, 0 failed, 0 skipped")
  assert.is(status, 0)
})

test("test.ts lists skipped tests with their reason", async () => {
  const text = `const { testUnless } = await import("${root}/test/support/test-unless.ts")
testUnless("needs root")("a", () => {})\ntestUnless(null)("b", () => {})\ntest.run()`
  const { status, stdout, last } = await planted({ "a.test.ts": text })
  assert.is(last, "1 passed, 0 failed, 1 skipped")
  assert.match(stdout, /^skip a\.test\.ts: a \(needs root\)$/m)
  assert.is(status, 0)
})

test("test.ts --filter runs only tests whose name contains the text, and fails where none does", async () => {
  const files = {
    "a.test.ts": 'test("parse one", () => {})\ntest("other", () => assert.unreachable())\ntest.run()',
    "b.test.ts": 'test("nothing here", () => assert.unreachable())\ntest.run()',
  }
  const found = await planted(files, "--filter", "parse")
  assert.is(found.stdout.replace(/\d+ ms/, "0 ms"), "ok   a.test.ts: 1 passed in 0 ms\n1 passed, 0 failed, 0 skipped\n")
  assert.is(found.status, 0)
  const none = await planted(files, "--filter", "no such test")
  assert.is(none.last, "0 passed, 0 failed, 0 skipped")
  assert.is(none.status, 1)
})

test("test.ts ends the processes that a test left behind", async () => {
  const text = `import { spawn } from "node:child_process"
test("leaves", () => { const left = spawn("sleep", ["60"], { stdio: ["ignore", "inherit", "inherit"] }); left.unref(); console.log("pid", left.pid); assert.unreachable() })\ntest.run()`
  const { stdout, last } = await planted({ "a.test.ts": text })
  assert.is(last, "0 passed, 1 failed, 0 skipped")
  const pid = Number(/pid (\d+)/.exec(stdout)?.[1])
  assert.ok(await hasEnded(pid), stdout)
})

/** Gone, or dead and not yet reaped by whoever inherited it. */
async function hasEnded(pid: number): Promise<boolean> {
  try {
    return /\) [ZX] /.test(await readFile(`/proc/${pid}/stat`, "utf8"))
  } catch {
    return true
  }
}

test.run()
