import { mkdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { sha256Of } from "../../src/kit/sha256.ts"
import { figures } from "../support/figures.ts"
import { createNetworkNamespace, rootObjection } from "../support/keepalived.ts"
import { vipsText } from "../support/manifests.ts"
import { slow } from "../support/slow.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"
import { testUnless } from "../support/test-unless.ts"
import { publicationOf, publisherOf } from "../support/volume.ts"
import { APPLY } from "./points.ts"
import { addressesOf, startPod } from "./support/pod.ts"
import { buildBundle, type Bundle, faultsIn, until } from "./support/program.ts"

/** What Kubernetes gives the pod to end (manifests/base/daemonset.yaml). */
const GRACE_MS = 30_000

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
        const pod = await startPod(directory, { bundle, namespace, faults })
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
          const next = await startPod(directory, { bundle, namespace, faults })
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

test.run()
