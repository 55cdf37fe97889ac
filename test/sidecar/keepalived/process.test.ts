import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { readFile, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { ageOf, isRunning, parseStat, runningKeepalived } from "../../../src/sidecar/keepalived/process.ts"
import { until } from "../../support/keepalived.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"

const tail = "S 15 20 20 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 1 0 123456 9000 80"

test("parseStat() reads a line, whatever the process is called", () => {
  for (const name of ["keepalived", "a b", "a) Z 1 (b", "(", ""]) {
    const stat = parseStat(`20 (${name}) ${tail}\n`)
    assert.equal(stat, { pid: 20, name, state: "S", parentPid: 15, startTime: "123456" })
  }
  assert.is(parseStat(""), null)
  assert.is(parseStat("20 (keepalived) S 15"), null)
})

test("isRunning() tells a process from a later one with its pid (fault 40)", async () => {
  const own = parseStat(await readFile("/proc/self/stat", "utf8"))
  const identity = { pid: process.pid, startTime: own?.startTime ?? "" }
  assert.ok(isRunning(identity))
  assert.not(isRunning({ ...identity, startTime: "1" }))
  assert.ok(ageOf(identity) < 60)
})

/** Sleeping programs that are called keepalived: fakes of what is running. */
async function withFakes(
  use: (directory: string, start: (script: string) => ChildProcess) => Promise<void>,
): Promise<void> {
  await withTemporaryDirectory(async (directory) => {
    await symlink("/bin/sh", join(directory, "keepalived"))
    const children: ChildProcess[] = []
    try {
      await use(directory, (script) => {
        const child = spawn(join(directory, "keepalived"), ["-c", script], { stdio: "ignore" })
        children.push(child)
        return child
      })
    } finally {
      for (const child of children) child.kill("SIGKILL")
    }
  })
}

const filesIn = (directory: string) => ({
  parent: join(directory, "parent.pid"),
  checker: join(directory, "checker.pid"),
  vrrp: join(directory, "vrrp.pid"),
})

test("runningKeepalived() finds the parent and its own children only", async () => {
  await withFakes(async (directory, start) => {
    const files = filesIn(directory)
    assert.is(runningKeepalived(files), null)
    // The child is a fork without exec, as with keepalived.
    const parent = start(`(read x < ${directory}/none; while :; do sleep 60; done) & echo $! > ${files.vrrp}; wait`)
    const stranger = start("while :; do sleep 60; done")
    await until(async () => (await readFile(files.vrrp, "utf8").catch(() => "")) !== "", "the child runs")
    await writeFile(files.parent, `${parent.pid}\n`)
    await writeFile(files.checker, `${stranger.pid}\n`)
    const vrrpPid = Number(await readFile(files.vrrp, "utf8"))
    const running = runningKeepalived(files)
    process.kill(vrrpPid, "SIGKILL")
    assert.is(running?.parent.pid, parent.pid)
    assert.is(running?.vrrp?.pid, vrrpPid)
    assert.is(running?.checker, null)
  })
})

test("runningKeepalived() is null for another program, a zombie, or a torn pid file", async () => {
  await withFakes(async (directory, start) => {
    const files = filesIn(directory)
    const is = async (text: string) => {
      await writeFile(files.parent, text)
      return runningKeepalived(files)
    }
    assert.is(await is(`${process.pid}\n`), null)
    assert.is(await is(""), null)
    assert.is(await is("0\n"), null)
    assert.is(await is("-1\n"), null)
    // A parent that does not reap: its child stays a zombie called keepalived. A shell does, so the child waits until its
    // parent is no shell any more.
    const parent = start(
      `(while read -r name < /proc/$$/comm && [ $name != sleep ]; do :; done) & echo $! > ${directory}/zombie; exec sleep 60`,
    )
    const zombie = join(directory, "zombie")
    const text = () => readFile(zombie, "utf8").catch(() => "")
    await until(async () => (await text()) !== "", "the child was born")
    const stat = async () => parseStat(await readFile(`/proc/${Number(await text())}/stat`, "utf8"))
    await until(async () => (await stat())?.state === "Z", "the child is a zombie")
    assert.is((await stat())?.name, "keepalived")
    assert.is(await is(await text()), null)
    parent.kill("SIGKILL")
    await once(parent, "exit")
    assert.is(await is(`${parent.pid}\n`), null)
  })
})

test.run()
