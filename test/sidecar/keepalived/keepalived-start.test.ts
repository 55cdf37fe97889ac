import { spawn } from "node:child_process"
import { appendFile, mkdir, readFile, rename, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { systemClock } from "../../../src/kit/time/clock.ts"
import { createKeepalived } from "../../../src/sidecar/keepalived/keepalived.ts"
import type { Keepalived, RunningKeepalived } from "../../../src/sidecar/ports.ts"
import { until } from "../../support/keepalived.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"

/** A fake keepalived that is slow: it answers SIGHUP in the log, and says nothing else. The test writes the rest. */
interface Fake {
  readonly keepalived: Keepalived
  readonly running: RunningKeepalived
  readonly pidFile: string
  say(...messages: readonly string[]): Promise<void>
  /** Starts a checker. */
  checker(): Promise<void>
  /** How often it got SIGHUP. */
  signals(): Promise<number>
}

async function withFake(
  use: (fake: Fake) => Promise<void>,
  supervisor: { readonly s6Svc?: string; readonly s6Svstat?: string } = {},
): Promise<void> {
  await withTemporaryDirectory(async (directory) => {
    await symlink("/bin/sh", join(directory, "keepalived"))
    await mkdir(join(directory, "log"))
    const current = join(directory, "log", "current")
    await writeFile(current, "")
    const body = `trap 'echo hup >> ${directory}/signals; printf "Reloading ...\\nReload complete\\n" >> ${current}' HUP
      (trap "" HUP; echo; while :; do sleep 0.02; done) & echo $! > ${directory}/vrrp.pid
      echo $$ > ${directory}/keepalived.pid
      while :; do
        sleep 0.02
        [ ! -e ${directory}/due ] || { (trap "" HUP; echo; while :; do sleep 0.02; done) & echo $! > ${directory}/checkers.pid; rm ${directory}/due; }
      done`
    const child = spawn(join(directory, "keepalived"), ["-c", body], { stdio: "ignore", detached: true })
    try {
      const paths = { runDirectory: directory, serviceDirectory: directory, liveFile: join(directory, "none") }
      const keepalived = createKeepalived({
        ...paths,
        ...supervisor,
        program: "/nonexistent",
        limitMs: 700,
        clock: systemClock,
      })
      await until(async () => ((await keepalived.running())?.vrrp ?? null) !== null, "the fake runs")
      const running = await keepalived.running()
      if (running === null) throw new Error("Cannot go on: the fake ended")
      await use({
        keepalived,
        running,
        pidFile: join(directory, "keepalived.pid"),
        say: (...messages) => appendFile(current, messages.map((message) => `${message}\n`).join("")),
        checker: async () => {
          await writeFile(join(directory, "due"), "")
          await until(async () => ((await keepalived.running())?.checker ?? null) !== null, "there is a checker")
        },
        signals: async () =>
          (await readFile(join(directory, "signals"), "utf8").catch(() => "")).split("hup").length - 1,
      })
    } finally {
      process.kill(-(child.pid ?? 0), "SIGKILL")
    }
  })
}

test("reload() does not signal before the log says that the start is complete", () =>
  withFake(async ({ keepalived, running, say, signals }) => {
    await say(
      "Startup complete",
      "Starting Keepalived v2.2.7 (01/16,2022)",
      `Starting VRRP child process, pid=${running.vrrp?.pid}`,
    )
    const early = await keepalived.reload(running)
    assert.match(early.kind === "failed" ? early.reason : "", /did not come through its start within 0.7 s/)
    assert.is(await signals(), 0)
    const reloaded = keepalived.reload(running)
    await say("Startup complete")
    assert.is((await reloaded).kind, "acknowledged")
    assert.is(await signals(), 1)
  }))

test("reload() does not signal a young process that the log does not know", () =>
  withFake(async ({ keepalived, running, say, signals }) => {
    await say("Starting Keepalived v2.2.7 (01/16,2022)", "Starting VRRP child process, pid=1", "Startup complete")
    assert.is((await keepalived.reload(running)).kind, "failed")
    assert.is(await signals(), 0)
  }))

test("reload() does not signal a process that refused a reload", () =>
  withFake(async ({ keepalived, running, say, signals }) => {
    const start = [
      "Starting Keepalived v2.2.7",
      `Starting VRRP child process, pid=${running.vrrp?.pid}`,
      "Startup complete",
    ]
    await say(...start, "Cannot change disable_local_igmp at a reload - please restart keepalived")
    const verdict = await keepalived.reload(running)
    assert.match(verdict.kind === "failed" ? verdict.reason : "", /^keepalived must be restarted/)
    assert.is(await signals(), 0)
  }))

test("reload() signals only beside a checker that lives, where there was one (fault 35)", () =>
  withFake(async ({ keepalived, say, checker, signals }) => {
    await checker()
    const running = await keepalived.running()
    const own = running?.checker ?? null
    if (running === null || own === null) throw new Error("Cannot go on: there is no checker")
    await say("Starting Keepalived v2.2.7", `Starting VRRP child process, pid=${running.vrrp?.pid}`, "Startup complete")
    // The log, which another process writes, says nothing yet.
    process.kill(own.pid, "SIGKILL")
    await until(async () => (await keepalived.running())?.checker === null, "the checker has ended")
    const reloaded = keepalived.reload(running)
    await systemClock.delay(300)
    assert.is(await signals(), 0)
    await checker()
    assert.is((await reloaded).kind, "acknowledged")
    assert.is(await signals(), 1)
  }))

test("reload() fails when no answer comes, and names the process that has ended", () =>
  withFake(async ({ keepalived, running, say }) => {
    await say("Starting Keepalived v2.2.7", `Starting VRRP child process, pid=${running.vrrp?.pid}`, "Startup complete")
    process.kill(running.parent.pid, "SIGSTOP")
    const silent = await keepalived.reload(running)
    assert.is(silent.kind === "failed" ? silent.reason : "", 'no "Reload complete" within 0.7 s')
    process.kill(running.parent.pid, "SIGKILL")
    const gone = await keepalived.reload(running)
    assert.is(gone.kind === "failed" ? gone.reason : "", "keepalived does not run any more")
  }))

test("start() has a keepalived read the file again that the supervisor began to start before", () =>
  withFake(
    async ({ keepalived, running, pidFile, say, signals }) => {
      await say("Starting Keepalived v2.2.7", `Starting VRRP child process, pid=${running.vrrp?.pid}`)
      await rename(pidFile, `${pidFile}.later`)
      const started = keepalived.start()
      await rename(`${pidFile}.later`, pidFile)
      await say("Startup complete")
      assert.is((await started).kind, "acknowledged")
      assert.is(await signals(), 1)
    },
    { s6Svc: "/bin/true", s6Svstat: "/bin/true" },
  ))

test("start() faults where nothing supervises the service", () =>
  withFake(async ({ keepalived }) => {
    const text = await keepalived.start().then(
      () => "",
      (error: unknown) => String(error),
    )
    assert.match(text, /Cannot command the service .*s6-svscan must run on the directory above it/)
  }))

test.run()
