import { readFileSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { runCommand } from "../../../src/kit/process/run-command.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"

const options = { timeoutMs: 30_000, maximumOutputBytes: 1_000 }
const sh = (script: string, more = {}) => runCommand("sh", ["-c", script], { ...options, ...more })

test("runCommand() gives status, output and time", async () => {
  const { tookMs, ...result } = await sh("cat; echo oops >&2; exit 3", { input: "given" })
  assert.equal(result, {
    status: 3,
    signal: null,
    stdout: "given",
    stderr: "oops\n",
    timedOut: false,
    truncated: false,
  })
  assert.ok(tookMs > 0)
})

test("runCommand() names the signal that ended the program", async () => {
  const result = await sh("kill -SEGV $$")
  assert.equal([result.status, result.signal, result.timedOut], [null, "SIGSEGV", false])
})

test("runCommand() kills the whole group on timeout, also a child that ignores SIGTERM", async () => {
  const result = await sh("trap '' TERM; sleep 60 & echo $!; wait", { timeoutMs: 2_000 })
  assert.equal([result.timedOut, result.signal], [true, "SIGKILL"])
  assert.ok(result.tookMs < 30_000)
  assert.not(isAlive(Number(result.stdout)))
})

test("runCommand() ends when a child that left the group keeps the output open", async () => {
  const result = await sh("setsid sleep 20 & echo started")
  assert.equal([result.status, result.stdout], [0, "started\n"])
  assert.ok(result.tookMs < 15_000, `${result.tookMs}`)
})

test("runCommand() keeps the first bytes of 1 GB and stays small", async () => {
  const before = process.memoryUsage().rss
  const result = await runCommand("head", ["-c", "1000000000", "/dev/zero"], { ...options, timeoutMs: 30_000 })
  assert.equal([result.status, result.truncated, result.stdout.length], [0, true, 1_000])
  assert.ok(process.memoryUsage().rss - before < 100e6)
})

test("runCommand() gives the program nothing of our environment", async () => {
  process.env["KKV_TEST_SECRET"] = "x"
  const result = await runCommand("env", [], options)
  const names = result.stdout
    .trim()
    .split("\n")
    .map((line) => line.replace(/=.*/, ""))
  assert.equal(new Set(names), new Set(["LC_ALL", "PATH"]))
})

test("runCommand() survives a program that does not read its input", async () => {
  assert.is((await sh("exec <&-; exit 0", { input: "x".repeat(1_000_000) })).status, 0)
})

test("runCommand() throws when the signal aborts, after killing the group", async () => {
  const stop = new AbortController()
  setTimeout(() => stop.abort(new Error("enough")), 50)
  const startedAt = performance.now()
  await rejects(sh("sleep 60", { signal: stop.signal }), /enough/)
  assert.ok(performance.now() - startedAt < 30_000)
  await rejects(sh("exit 0", { signal: stop.signal }), /enough/)
})

test("runCommand() says what to do about a program that cannot be started", async () => {
  await withTemporaryDirectory(async (directory) => {
    const plain = join(directory, "plain")
    await writeFile(plain, "#!/bin/sh\n", { mode: 0o644 })
    await rejects(runCommand(plain, [], options), /may not be executed; make it executable/)
    await rejects(runCommand(join(directory, "none"), [], options), /there is no such program; install it/)
    await rejects(runCommand("no-such-program-of-ours", [], options), /there is no such program; install it/)
  })
})

async function rejects(promise: Promise<unknown>, pattern: RegExp): Promise<void> {
  try {
    await promise
  } catch (error) {
    assert.match(String(error), pattern)
    return
  }
  assert.unreachable("nothing was thrown")
}

/** A zombie is not alive: whoever adopted it may take its time. */
function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"))
  } catch {
    return false
  }
}

test.run()
