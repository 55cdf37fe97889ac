import { readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { systemClock } from "../../../src/kit/time/clock.ts"
import { createKeepalived } from "../../../src/sidecar/keepalived/keepalived.ts"
import { isRunning } from "../../../src/sidecar/keepalived/process.ts"
import { createSupervisor } from "../../../src/sidecar/keepalived/supervisor.ts"
import type { Keepalived, ReloadVerdict, RunningKeepalived } from "../../../src/sidecar/ports.ts"
import {
  createNetworkNamespace,
  type KeepalivedRelease,
  keepalivedReleases,
  type KeepalivedService,
  type NetworkNamespace,
  rootObjection,
  superviseKeepalived,
  until,
} from "../../support/keepalived.ts"
import { run } from "../../support/run.ts"
import { limitOf, slow } from "../../support/slow.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"
import { conf } from "./conf.ts"

/** A real keepalived under a real supervisor, in a network namespace of its own. */
interface Bed {
  readonly keepalived: Keepalived
  readonly service: KeepalivedService
  readonly namespace: NetworkNamespace
}

const objection = rootObjection()
if (objection !== null) console.error(`keepalived.test.ts: ${objection}`)

for (const release of await keepalivedReleases()) {
  const tests = suite(`keepalived ${release.version}`)
  const rootTest = objection === null ? tests : tests.skip
  const bedTest = (name: string, use: (bed: Bed) => Promise<void>) => {
    const check = () => withBed(release, use)
    const limitMs = limitOf(use)
    rootTest(name, limitMs === null ? check : slow(limitMs, check))
  }
  declare(bedTest, release)
  tests.run()
}

async function withBed(release: KeepalivedRelease, use: (bed: Bed) => Promise<void>): Promise<void> {
  await withTemporaryDirectory(async (directory) => {
    const namespace = await createNetworkNamespace()
    const service = await superviseKeepalived(directory, release, namespace)
    try {
      const { serviceDirectory, runDirectory, liveFile } = service
      const keepalived = createKeepalived({
        clock: systemClock,
        program: release.path,
        serviceDirectory,
        runDirectory,
        liveFile,
        limitMs: 5_000,
      })
      await use({ keepalived, service, namespace })
    } finally {
      await namespace.remove()
    }
  })
}

function declare(bedTest: (name: string, use: (bed: Bed) => Promise<void>) => void, release: KeepalivedRelease): void {
  bedTest("start() and reload() take a file into effect", async ({ keepalived, service, namespace }) => {
    assert.is(await keepalived.version(), release.version)
    assert.is(await keepalived.running(), null)
    await writeFile(service.liveFile, conf())
    assert.is(textOf(await keepalived.start()), "acknowledged")
    const running = await runningOf(keepalived)
    assert.is(running.parent.pid, Number(await readFile(join(service.runDirectory, "keepalived.pid"), "utf8")))
    assert.is(running.vrrp?.pid, Number(await readFile(join(service.runDirectory, "vrrp.pid"), "utf8")))
    assert.is(running.checker, null)
    await until(async () => (await addresses(namespace)).includes("10.4.0.50"), "this node is MASTER")

    // At once, and again at once: each waits for its own answer.
    for (const vips of [["10.4.0.50", "10.4.0.51"], ["10.4.0.51"]]) {
      await writeFile(service.liveFile, conf({ vips }))
      assert.is(textOf(await keepalived.reload(running)), "acknowledged")
      await until(
        async () => (await addresses(namespace)).filter((one) => one.startsWith("10.4.0.5")).join() === vips.join(),
        "the VIPs are those of the file",
      )
    }
    assert.equal(await keepalived.running(), running)
    // Asked to start what runs, it says so.
    assert.is(textOf(await keepalived.start()), "acknowledged")
    assert.equal(await keepalived.running(), running)
  })

  bedTest("reload() reports what keepalived did not take (fault 69)", async ({ keepalived, service }) => {
    await writeFile(service.liveFile, conf())
    assert.is(textOf(await keepalived.start()), "acknowledged")
    const running = await runningOf(keepalived)
    await writeFile(service.liveFile, conf({ globals: "  tmp_config_directory /tmp\n" }))
    const unchangeable = await keepalived.reload(running)
    assert.match(
      textOf(unchangeable),
      /^failed: keepalived must be restarted for this change: "Cannot change config_directory/,
    )
    assert.ok(unchangeable.kind === "failed" && unchangeable.log.includes("Reloading ..."))
    // It would misread even a good file now, so it must not get any.
    await writeFile(service.liveFile, conf())
    assert.match(textOf(await keepalived.reload(running)), /^failed: keepalived must be restarted: /)
    assert.equal(await keepalived.running(), running)
    assert.is(textOf(await keepalived.restart()), "acknowledged")
  })

  bedTest("reload() reports a file that is understood in part, or kills", async ({ keepalived, service }) => {
    await writeFile(service.liveFile, conf())
    assert.is(textOf(await keepalived.start()), "acknowledged")
    const running = await runningOf(keepalived)
    await writeFile(service.liveFile, conf().replace("nopreempt", "nopreemptt"))
    assert.match(
      textOf(await keepalived.reload(running)),
      /^failed: keepalived does not understand the file: .*nopreemptt/,
    )
    // What was refused does not stick to what is good.
    await writeFile(service.liveFile, conf())
    assert.is(textOf(await keepalived.reload(running)), "acknowledged")
    assert.equal(await keepalived.running(), running)
    // This kills it.
    await writeFile(service.liveFile, conf().replace("priority 254", "priority"))
    assert.match(
      textOf(await keepalived.reload(running)),
      /^failed: keepalived does not understand the file: .*priority/,
    )
  })

  bedTest(
    "reload() never signals a keepalived that has not come through its start",
    async ({ keepalived, service }) => {
      await writeFile(service.liveFile, conf())
      for (let turn = 0; turn < 1; turn++) {
        const supervisor = createSupervisor(service)
        await supervisor.up()
        let running: RunningKeepalived | null = null
        // As soon as there is a pid: this is when SIGHUP kills.
        while (running === null) running = await keepalived.running()
        assert.is(textOf(await keepalived.reload(running)), "acknowledged")
        await supervisor.down()
        await until(async () => (await keepalived.running()) === null, "keepalived has ended")
        await until(async () => (await supervisor.status()).startsWith("down"), "the supervisor knows")
      }
    },
  )

  bedTest("start() reports a file that keepalived ends over", async ({ keepalived, service }) => {
    await writeFile(service.liveFile, conf().replace("priority 254", "priority"))
    assert.match(textOf(await keepalived.start()), /^failed: keepalived does not understand the file: .*priority/)
    await writeFile(service.liveFile, conf())
    assert.is(textOf(await keepalived.restart()), "acknowledged")
  })

  bedTest(
    "running() gives the new identity after kill -9, and restart() another (faults 35, 40)",
    async ({ keepalived, service }) => {
      await writeFile(service.liveFile, conf())
      assert.is(textOf(await keepalived.start()), "acknowledged")
      const first = await runningOf(keepalived)
      process.kill(first.parent.pid, "SIGKILL")
      await until(
        async () => ((await keepalived.running())?.parent.pid ?? first.parent.pid) !== first.parent.pid,
        "s6 started another",
      )
      const second = await runningOf(keepalived)
      assert.match(textOf(await keepalived.reload(first)), /^failed: keepalived does not run any more/)
      assert.is(textOf(await keepalived.reload(second)), "acknowledged")
      assert.is(textOf(await keepalived.restart()), "acknowledged")
      const third = await runningOf(keepalived)
      assert.is.not(third.parent.pid, second.parent.pid)
      assert.is(textOf(await keepalived.reload(third)), "acknowledged")
      // The same pid with another start time is another process.
      const reused = { ...third, parent: { ...third.parent, startTime: "1" } }
      assert.match(textOf(await keepalived.reload(reused)), /^failed: keepalived does not run any more/)
    },
  )

  bedTest(
    "a child of a killed keepalived that hears no signal and stands in no pid file is gone before the next starts (fault 35)",
    slow(20_000, async ({ keepalived, service }) => {
      await writeFile(service.liveFile, conf())
      assert.is(textOf(await keepalived.start()), "acknowledged")
      const first = await runningOf(keepalived)
      process.kill(first.vrrp?.pid ?? 0, "SIGSTOP")
      await rm(join(service.runDirectory, "vrrp.pid"))
      process.kill(first.parent.pid, "SIGKILL")
      await until(
        async () => ((await keepalived.running())?.parent.pid ?? first.parent.pid) !== first.parent.pid,
        "s6 started another",
      )
      assert.not.ok(first.vrrp !== null && isRunning(first.vrrp))
    }),
  )

  bedTest("advertsHeard() counts those of a master that lives", async ({ keepalived, service, namespace }) =>
    withMaster(release, namespace, async (master) => {
      await writeFile(service.liveFile, conf())
      assert.is(textOf(await keepalived.start()), "acknowledged")
      const running = await runningOf(keepalived)
      const heard = async () => (await keepalived.advertsHeard(running))?.get("vips") ?? Number.NaN
      const first = await heard()
      await until(async () => (await heard()) > first + 1, "two more adverts were heard")
      assert.not.ok((await addresses(namespace)).includes("10.4.0.50"))

      await master.end()
      await until(async () => (await addresses(namespace)).includes("10.4.0.50"), "this node is MASTER")
      const last = await heard()
      await systemClock.delay(300)
      assert.is(await heard(), last)
      // Whoever does not run is not signalled, whatever has its pid now.
      const gone = { ...running, vrrp: { pid: process.pid, startTime: "1" } }
      assert.is(await keepalived.advertsHeard(gone), null)
    }),
  )

  bedTest(
    "reload() reports a VRRP child that died meanwhile, and takes the next file (fault 35)",
    async ({ keepalived, service }) => {
      await writeFile(service.liveFile, conf())
      assert.is(textOf(await keepalived.start()), "acknowledged")
      const before = await runningOf(keepalived)
      process.kill(before.vrrp?.pid ?? 0, "SIGKILL")
      assert.match(textOf(await keepalived.reload(before)), /^failed: .*child/)
      await until(async () => (await keepalived.running())?.vrrp !== null, "keepalived started another child")
      const after = await runningOf(keepalived)
      assert.is(after.parent.pid, before.parent.pid)
      // The new child is too young for a signal: this waits.
      assert.is(textOf(await keepalived.reload(after)), "acknowledged")
      assert.equal(await keepalived.running(), after)
    },
  )
}

/** Another keepalived on the same network, in a namespace of its own, that is MASTER. */
async function withMaster(
  release: KeepalivedRelease,
  lan: NetworkNamespace,
  use: (master: { readonly end: () => Promise<void> }) => Promise<void>,
): Promise<void> {
  await withTemporaryDirectory(async (directory) => {
    const namespace = await createNetworkNamespace()
    try {
      await onNetworkOf(lan, namespace)
      const service = await superviseKeepalived(directory, release, namespace)
      await writeFile(service.liveFile, conf())
      const supervisor = createSupervisor(service)
      await supervisor.up()
      await until(async () => (await addresses(namespace)).includes("10.4.0.50"), "the other node is MASTER")
      await use({ end: () => supervisor.down() })
    } finally {
      await namespace.remove()
    }
  })
}

/** Gives a namespace the other end of the first one's eth0, in place of its own, and the address 10.4.0.4. */
async function onNetworkOf(first: NetworkNamespace, { name }: NetworkNamespace): Promise<void> {
  const batches = [
    [name, "link delete eth0"],
    [first.name, `link set peer0 netns ${name} name eth0`],
    [name, "link set eth0 up\naddress add 10.4.0.4/24 dev eth0"],
  ] as const
  for (const [of, lines] of batches) {
    const ended = await run("ip", ["-n", of, "-batch", "-"], { input: `${lines}\n` })
    assert.is(ended.status, 0, ended.stderr)
  }
}

async function runningOf(keepalived: Keepalived): Promise<RunningKeepalived> {
  const running = await keepalived.running()
  if (running === null) throw new Error("Cannot go on: keepalived does not run")
  return running
}

async function addresses(namespace: NetworkNamespace): Promise<readonly string[]> {
  const { stdout } = await run("ip", ["-n", namespace.name, "-4", "-o", "address", "show", "dev", "eth0"])
  return [...stdout.matchAll(/ inet ([0-9.]+)/g)].map(([, address = ""]) => address)
}

function textOf(verdict: ReloadVerdict): string {
  return verdict.kind === "failed" ? `failed: ${verdict.reason}` : verdict.kind
}
