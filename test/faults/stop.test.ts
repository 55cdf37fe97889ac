import { spawn } from "node:child_process"
import { mkdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { packageFile } from "../../src/kit/package-file.ts"
import { sha256Of } from "../../src/kit/sha256.ts"
import { figures } from "../support/figures.ts"
import { createNetworkNamespace, type NetworkNamespace, rootObjection, script } from "../support/keepalived.ts"
import { vipsText } from "../support/manifests.ts"
import { run } from "../support/run.ts"
import { slow } from "../support/slow.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"
import { testUnless } from "../support/test-unless.ts"
import { publicationOf, publisherOf } from "../support/volume.ts"
import { APPLY } from "./points.ts"
import { ROOT } from "./labels.ts"
import { buildBundle, type Bundle, type Faults, faultsIn, until } from "./support/program.ts"

/** What Kubernetes gives the pod to end (manifests/base/daemonset.yaml). */
const GRACE_MS = 30_000

/** The sidecar's container as image/s6/init starts it, in a network and a PID namespace of its own, with the real keepalived. */
interface Pod {
  /** What it has printed. */
  output(): string
  /** SIGTERM to its PID 1. Resolves with the exit status when it has ended. */
  terminate(): Promise<number | null>
  kill(): void
}

const unless = testUnless(rootObjection())
let bundle: Bundle
test.before(async () => {
  bundle = await buildBundle()
})
test.after(() => bundle.remove())

/** Waiting for a test, between test and reload, between reload and verdict, and after it. */
for (const { name: point, what } of APPLY.filter(({ name }) =>
  ["A1", "A3 test", "A4", "A5", "A6", "A7", "A8"].includes(name),
))
  unless(
    `SIGTERM of the pod while its agent stands at ${point}, ${what}: in time, keepalived last and once, no VIP left (fault 73)`,
    slow(90_000, () =>
      withTemporaryDirectory(async (directory) => {
        const at = (name: string) => join(directory, name)
        const namespace = await createNetworkNamespace()
        for (const name of ["desired", "applied", "state", "run"]) mkdirSync(at(name))
        const faults = faultsIn(directory)
        const publisher = publisherOf(at("desired"))
        const publish = (last: number) => publisher.publish(publicationOf(vipsText(`10.4.0.${last}: ""`)))
        const has = async (address: string) => (await addressesOf(namespace)).includes(address)
        const pod = await startPod(directory, namespace, faults)
        try {
          await publish(50)
          await until(() => has("10.4.0.50"), "the VIP is there", 40_000)
          faults.forget()
          faults.set({ [point]: "stop" })
          await publish(51)
          await until(() => faults.reached().has(point), `${point} is reached`)
          faults.set({})
          const since = performance.now()
          assert.is(await pod.terminate(), 0, pod.output())
          const tookMs = Math.round(performance.now() - since)
          figures({ tookMs })
          assert.ok(tookMs < GRACE_MS, `it took ${tookMs} ms`)
          assertOrder(pod.output())
          assert.equal(await addressesOf(namespace), ["10.4.0.3"], "neither VIP nor anchor is left")
          const journal = JSON.parse(readFileSync(at("applied/journal.json"), "utf8")) as { phase: string; to: string }
          assert.is(journal.phase, "in-effect")
          assert.is(journal.to, sha256Of(readFileSync(at("applied/keepalived.conf"))))
          const next = await startPod(directory, namespace, faults)
          await until(() => has("10.4.0.51"), "the next pod has the newest", 40_000)
          assert.is(await next.terminate(), 0, next.output())
        } finally {
          pod.kill()
          await namespace.remove()
        }
      }),
    ),
  )

/** First the agent hears that it is to end, then keepalived, which does not start again. */
function assertOrder(output: string): void {
  const stopping = output.indexOf('"event":"stopping"')
  const gone = output.indexOf("Stopped Keepalived")
  assert.ok(stopping > 0 && gone > stopping, output)
  assert.is(output.match(/Starting VRRP child process/g)?.length, 1, output)
}

async function addressesOf({ name }: NetworkNamespace): Promise<readonly string[]> {
  const { stdout } = await run("ip", ["-n", name, "-4", "-o", "address", "show", "dev", "eth0"])
  return Array.from(stdout.matchAll(/ inet ([0-9.]+)\//g), ([, address = ""]) => address)
}

async function startPod(directory: string, namespace: NetworkNamespace, faults: Faults): Promise<Pod> {
  const at = (name: string) => join(directory, name)
  const preload = join(ROOT, "test/faults/preload.ts")
  mkdirSync(at("bin"), { recursive: true })
  await script(at("bin/kkv"), `exec ${process.execPath} --import ${preload} ${bundle.kkv} "$@"`)
  const words = [
    "--node",
    "n1",
    "--iface",
    "eth0",
    "--snat",
    "none",
    "--ask-lan",
    "false",
    "--http-port",
    "0",
    "--drain-time",
    "0",
    "--soak",
    "1",
  ]
  const container = await script(
    at("container"),
    `mount --make-rprivate / && mount -t proc proc /proc && mount -t tmpfs run /run && echo started
exec ${packageFile("image/s6/init", import.meta.url)} ${words.join(" ")} --advert-interval 0.2 --node-probe-port 0`,
  )
  const [program, ...rest] = [...namespace.words, "unshare", "--mount", "--pid", "--fork", "--kill-child", container]
  const variables = { FAULTS: faults.file, KKV_RUN_DIR: at("run"), KKV_STATE: at("state") }
  const child = spawn(program, rest, {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...{ ...variables, KKV_DESIRED: at("desired"), KKV_APPLIED: at("applied") },
      PATH: `${at("bin")}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    },
  })
  let output = ""
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output += text))
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve))
  await until(() => output.includes("started"), "the container has started")
  return {
    output: () => output,
    terminate: () => {
      // unshare waits for its child, which is PID 1 in there.
      const pid = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim())
      process.kill(pid, "SIGTERM")
      return ended
    },
    kill: () => void child.kill("SIGKILL"),
  }
}

test.run()
