import { existsSync, mkdirSync, writeFileSync } from "node:fs"
import { copyFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { packageFile } from "../../src/kit/files/package-file.ts"
import { bootId } from "../../src/kit/time/uptime.ts"
import { openLedger } from "../../src/sidecar/volume/ledger.ts"
import { modelOf } from "../sidecar/scripted.ts"
import { figures } from "../support/figures.ts"
import { createNetworkNamespace, type NetworkNamespace, rootObjection, script } from "../support/keepalived.ts"
import { vipsText } from "../support/manifests.ts"
import { run } from "../support/run.ts"
import { slow } from "../support/slow.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"
import { testUnless } from "../support/test-unless.ts"
import { publicationOf, publisherOf } from "../support/volume.ts"
import { addressesOf, type Pod, type PodOptions, startPod } from "./support/pod.ts"
import { buildBundle, type Bundle, faultsIn, until } from "./support/program.ts"

const unless = testUnless(rootObjection())
let bundle: Bundle
test.before(async () => {
  bundle = await buildBundle()
})
test.after(() => bundle.remove())

/** Of the 30 s that Kubernetes gives the pod. Where nothing runs yet, nothing has to be waited for. */
const LIMIT_MS = 15_000

interface Scene {
  readonly namespace: NetworkNamespace
  /** A place in the life of a container: it stands there from when the file `reached` is there until `open` is. */
  readonly reached: string
  readonly open: string
  at(name: string): string
  /** Has the container do this before the machine's program of that name. */
  before(program: string, text: string): Promise<void>
  start(options?: Pick<PodOptions, "first" | "agent">): Promise<Pod>
}

/** A node on which a container was killed that had the VIP 10.4.0.50: its addresses and its ledger are still there. */
async function withScene(check: (scene: Scene) => Promise<void>): Promise<void> {
  await withTemporaryDirectory(async (directory) => {
    const at = (name: string) => join(directory, name)
    const namespace = await createNetworkNamespace()
    for (const name of ["desired", "applied", "state", "run"]) mkdirSync(at(name))
    await publisherOf(at("desired")).publish(publicationOf(vipsText(`10.4.0.50: ""`)))
    const failed = () => assert.unreachable()
    await openLedger(at("state/ledger.json"), { boot: bootId(), copy: null, failed }).claim(modelOf("10.4.0.50"))
    for (const address of ["10.4.0.50/32", "169.254.50.1/32"])
      await run("ip", ["-n", namespace.name, "address", "add", address, "dev", "eth0"])
    const pods: Pod[] = []
    const mounts: string[] = []
    const scene: Scene = {
      ...{ namespace, at, reached: at("reached"), open: at("open") },
      before: async (program, text) => {
        const copy = at(`real${program.replaceAll("/", "-")}`)
        await copyFile(program, copy)
        mounts.push(`mount --bind ${await script(`${copy}.sh`, `${text}\nexec ${copy} "$@"`)} ${program}`)
      },
      start: async ({ first = "", ...rest } = {}) => {
        const prelude = [...mounts, first].join("\n")
        const pod = await startPod(directory, {
          bundle,
          namespace,
          faults: faultsIn(directory),
          first: prelude,
          ...rest,
        })
        pods.push(pod)
        return pod
      },
    }
    try {
      await check(scene)
    } finally {
      for (const pod of pods) pod.kill()
      await namespace.remove()
    }
  })
}

const stand = ({ reached, open }: Scene) => `: > ${reached}; until [ -e ${open} ]; do sleep 0.02; done`
const standOnce = (scene: Scene) => `[ -e ${scene.reached} ] || { ${stand(scene)}; }`

/** It ends with status 0 and in time, and nothing of ours is on the node. */
async function assertStopped(pod: Pod, { namespace }: Scene, stopping = pod.terminate()): Promise<void> {
  const since = performance.now()
  const late = new Promise((resolve) => setTimeout(() => resolve("it goes on"), LIMIT_MS).unref())
  assert.is(await Promise.race([stopping, late]), 0, pod.output())
  figures({ tookMs: Math.round(performance.now() - since) })
  assert.equal(await addressesOf(namespace), ["10.4.0.3"], "neither VIP nor anchor is left")
}

/** Before there is s6-svscan, before it hears signals, before anything is supervised, before the agent hears signals. */
const MOMENTS: readonly (readonly [what: string, prepare: (scene: Scene) => Promise<Pod>])[] = [
  [
    "init makes the scan directory",
    async (scene) => {
      await scene.before("/usr/bin/ln", standOnce(scene))
      return scene.start()
    },
  ],
  [
    "s6-svscan is about to start",
    async (scene) => {
      await scene.before("/usr/bin/s6-svscan", standOnce(scene))
      return scene.start()
    },
  ],
  [
    "s6-svscan runs, and no service is supervised",
    async (scene) => {
      await scene.before("/usr/bin/s6-supervise", stand(scene))
      return scene.start()
    },
  ],
  [
    "its agent is about to start",
    async (scene) => scene.start({ agent: `[ "$1" != sidecar ] || { ${standOnce(scene)}; }` }),
  ],
]

for (const [what, prepare] of MOMENTS)
  unless(
    `SIGTERM of the pod while ${what}: it ends in time, and what a killed container left is gone (fault 276)`,
    slow(60_000, () =>
      withScene(async (scene) => {
        const pod = await prepare(scene)
        await until(() => existsSync(scene.reached), what)
        const stopping = pod.terminate()
        writeFileSync(scene.open, "")
        await assertStopped(pod, scene, stopping)
        assert.not.match(pod.output(), /Starting Keepalived/)
      }),
    ),
  )

unless(
  "the preStop hook does not end before the container hears SIGTERM (fault 276)",
  slow(60_000, () =>
    withScene(async (scene) => {
      // The container's shell, which is not init yet, catches it as well.
      const pod = await scene.start({ first: `trap : TERM; ${stand(scene)}` })
      await until(() => existsSync(scene.reached), "the container stands before init")
      let isOver = false
      const hook = pod.exec(packageFile("image/s6/await-init")).finally(() => (isOver = true))
      await new Promise((resolve) => setTimeout(resolve, 300))
      assert.not(isOver)
      writeFileSync(scene.open, "")
      assert.is((await hook).status, 0)
      await assertStopped(pod, scene)
    }),
  ),
)

unless(
  "SIGTERM of the pod while its agent is about to start keepalived: that never starts (fault 276)",
  slow(90_000, () =>
    withScene(async (scene) => {
      // The agent's word reaches s6 when the service has just been taken down.
      const down = `${scene.at("real-usr-bin-s6-svc")} "$@"; : > ${scene.open}; sleep 1; exit 0`
      await scene.before("/usr/bin/s6-svc", `case $1 in -u) ${standOnce(scene)} ;; -wD) ${down} ;; esac`)
      const pod = await scene.start()
      await until(() => existsSync(scene.reached), "the agent is about to start keepalived", 40_000)
      await assertStopped(pod, scene)
      assert.not.match(pod.output(), /Starting Keepalived/)
    }),
  ),
)

unless(
  "SIGTERM of the pod, twice, while nobody reads its log: it ends in time, and what keepalived left is gone (fault 276)",
  slow(90_000, () =>
    withScene(async (scene) => {
      const down = `${scene.at("real-usr-bin-s6-svc")} "$@"; ip address add 10.4.0.50/32 dev eth0; exit 0`
      await scene.before("/usr/bin/s6-svc", `case $1 in -wD) ${down} ;; esac`)
      const log = scene.at("log")
      const first = `mkfifo ${log} && exec 3<> ${log} && { timeout 1 cat /dev/zero >&3; exec > ${log} 2>&1; }`
      const pod = await scene.start({ first })
      await until(() => existsSync(scene.at("run/vrrp.pid")), "keepalived runs", 40_000)
      void pod.terminate()
      await assertStopped(pod, scene)
    }),
  ),
)

unless(
  "s6-svscan is killed: the container releases the node and ends, as with SIGTERM, and says by its status that nobody asked (fault 276)",
  slow(90_000, () =>
    withScene(async (scene) => {
      const pod = await scene.start()
      await until(() => existsSync(scene.at("run/vrrp.pid")), "keepalived runs", 40_000)
      const text = `for one in /proc/[0-9]*; do
  read -r name < $one/comm
  [ "$name" != s6-svscan ] || kill -KILL \${one#/proc/}
done`
      await pod.exec(await script(scene.at("kill"), text))
      assert.is(await pod.ended, 1, pod.output())
      assert.equal(await addressesOf(scene.namespace), ["10.4.0.3"], "neither VIP nor anchor is left")
    }),
  ),
)

test.run()
