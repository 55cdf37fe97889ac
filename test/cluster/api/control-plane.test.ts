import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { figures } from "../../support/figures.ts"
import { slow } from "../../support/slow.ts"
import { newToken, writeKubeconfig } from "./support/access.ts"
import { assertNeverWithout, endpointsOf, isFailure, publishEcho } from "./support/checks.ts"
import { type Asked, auditFromNow, compactEtcd, controlPlane, kubectl } from "./support/cluster.ts"
import { echoNamespace, untilEndpoints } from "./support/objects.ts"
import { BACK_MS, restart, without } from "./support/outage.ts"
import { inScene } from "./support/scene.ts"
import type { Generation, Sync } from "./support/sync.ts"
import { pause } from "./support/until.ts"

/** What the outage of one of the control plane's programs must not have done to sync. */
function assertUntouched(sync: Sync, before: Generation): void {
  const now = sync.current()
  assert.is(now?.sequence, before.sequence, "nothing was published")
  assert.equal(now?.entries, before.entries)
  assert.is(sync.status()?.state, "published")
  assert.is(sync.status()?.sequence, before.sequence)
}

/** The most requests that began within any one second. */
function busiestSecond(asked: readonly Asked[]): number {
  const times = asked.map(({ at }) => at).toSorted((a, b) => a - b)
  return Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + 1000).length))
}

test(
  "API down at start: nothing is published, the status says why, and it begins by itself, with one publication (fault 49)",
  slow(
    120_000,
    inScene(async (scene) => {
      const namespace = scene.namespace("start")
      const echo = `${namespace}/echo`
      await echoNamespace(namespace, 1)
      await scene.entries({ "10.4.0.50": echo })
      let sync: Sync | null = null
      await without("kube-apiserver", async () => {
        sync = scene.sync()
        const { problems } = await sync.untilStatus("it says that it waits", ({ state }) => state === "waiting", 20_000)
        assert.equal(
          problems.map(({ code }) => code),
          ["SOURCE_UNREACHABLE"],
        )
        assert.match(problems[0]?.message ?? "", /ECONNREFUSED.*what was published last stays/)
        assert.is(sync.current(), null)
      })
      const began = sync as Sync | null
      if (began === null) throw new Error("sync was not started")
      const backAt = performance.now()
      await began.until("it publishes", (generation) => endpointsOf(generation, echo) === 1, BACK_MS)
      figures({ publishedAfterBackMs: Math.round(performance.now() - backAt) })
      await pause(3000)
      assert.is(began.current()?.sequence, 1, "one publication")
      const { problems } = await began.untilStatus("it says so", ({ state }) => state === "published")
      assert.equal(problems, [])
    }),
  ),
)

test(
  "API away for 40 s, six of sync: no generation differs, no herd comes back, all converge (faults 49, 50)",
  slow(
    180_000,
    inScene(async (scene) => {
      const namespace = scene.namespace("outage")
      const echo = `${namespace}/echo`
      await echoNamespace(namespace, 1)
      await scene.entries({ "10.4.0.50": echo })
      const syncs: Sync[] = []
      for (let n = 0; n < 6; n++) {
        const kubeconfig = join(scene.directory, `kubeconfig-${n}`)
        writeKubeconfig(kubeconfig, await newToken(scene.access))
        syncs.push(scene.sync({ source: ["--kubeconfig", kubeconfig] }))
      }
      const before = await Promise.all(
        syncs.map((sync) => sync.until("it publishes", (generation) => endpointsOf(generation, echo) === 1, 30_000)),
      )
      await Promise.all(syncs.map((sync) => sync.untilStatus("it says so", ({ state }) => state === "published")))
      const lines = syncs.map((sync) => sync.log.length)

      await without("kube-apiserver", async () => {
        await pause(40_000)
        for (const [n, sync] of syncs.entries()) {
          const at = before[n]
          if (at !== undefined) assertUntouched(sync, at)
          assert.ok(
            (sync.sourceAgeSeconds() ?? 0) > 35,
            `the heartbeat says how old it is: ${sync.sourceAgeSeconds()} s`,
          )
        }
      })
      const failures = syncs.map((sync, n) => sync.log.slice(lines[n]).filter(isFailure).length)
      const waits = syncs.flatMap((sync) => sync.log.filter(isFailure).map((line) => Number(line["retryAfterMs"])))

      const audited = auditFromNow(scene.access.user)
      const backAt = Date.now()
      await scene.entries({ "10.4.0.50": echo, "10.4.0.51": "" })
      await Promise.all(
        syncs.map((sync) => sync.until("it converges", ({ entries }) => "10.4.0.51" in entries, BACK_MS)),
      )
      const convergedMs = Date.now() - backAt
      await pause(BACK_MS - Math.min(BACK_MS, convergedMs))
      const asked = audited().filter(({ stage, verb }) => verb !== "watch" || stage === "ResponseStarted")
      const credentials = [...new Set(asked.map(({ credential }) => credential))]
      const perSync = credentials.map((one) => asked.filter(({ credential }) => credential === one).length)
      figures({
        ...{ failuresEach: failures, longestWaitMs: Math.max(...waits), convergedMs },
        ...{ requests: asked.length, perSync, busiestSecond: busiestSecond(asked) },
      })
      // Four things are mirrored. Each is tried about six times in 40 s: after 1.2 s, and then at most every 20 s.
      assert.ok(Math.max(...failures) <= 4 * 9, "no sync hammers")
      assert.ok(Math.max(...waits) > 8000, "the waits grow")
      for (const sync of syncs) assertNeverWithout(sync, echo, before[0] as Generation)
      assert.equal(
        asked.filter(({ status }) => status === 429 || status >= 500).map(({ uri, status }) => `${status} ${uri}`),
        [],
      )
      // At worst a watch that is too old, a list and a watch, for each of the four.
      assert.ok(Math.max(...perSync) <= 4 * 3, `each asks for what it needs, once: ${perSync.join()}`)
      assert.ok(busiestSecond(asked) <= asked.length / 2, "they do not come all at once")
    }),
  ),
)

test(
  "etcd is restarted: nothing differs meanwhile, then it goes on (faults 43, 50)",
  slow(
    120_000,
    inScene(async (scene) => {
      const { sync, echo, before } = await publishEcho(scene, "etcd", 2)
      await sync.untilStatus("it says so", ({ state }) => state === "published")
      await without("etcd", async () => {
        await pause(10_000)
        assertUntouched(sync, before)
      })
      await controlPlane("up")
      const backAt = performance.now()
      await scene.entries({ "10.4.0.50": echo, "10.4.0.51": "" })
      await sync.until("it converges", ({ entries }) => "10.4.0.51" in entries, BACK_MS)
      figures({ convergedMs: Math.round(performance.now() - backAt) })
      assertNeverWithout(sync, echo, before)
    }),
  ),
)

test(
  "compacted while it could not look: 410, everything is listed again, and nothing is missing in between (fault 45)",
  slow(
    180_000,
    inScene(async (scene) => {
      const { sync, namespace, echo, before } = await publishEcho(scene, "compact", 4)
      // In the midst of its first pass, most often, as when a machine is frozen. Its watches end while it stands still, so that no event of what comes now reaches it.
      sync.signal("SIGSTOP")
      await restart("kube-apiserver")
      await kubectl(["-n", namespace, "scale", "deployment/echo", "--replicas=1"])
      await untilEndpoints(namespace, 1)
      await compactEtcd()
      await restart("kube-apiserver")
      const audited = auditFromNow(scene.access.user)
      const from = sync.log.length
      sync.signal("SIGCONT")
      const told = await sync.untilLogged(
        "it meets the 410",
        (line) => isFailure(line) && /too old|410|compacted|Expired/.test(JSON.stringify(line)),
        from,
        BACK_MS,
      )
      const after = await sync.until("it converges", (generation) => endpointsOf(generation, echo) === 1, BACK_MS)
      assertNeverWithout(sync, echo, before)
      const lists = audited().filter(({ verb }) => verb === "list")
      figures({ generations: after.sequence - before.sequence, lists: lists.length, reason: told["reason"] })
      assert.ok(lists.length >= 1 && lists.length <= 8, "each of four is listed again, no more often than need be")
      assert.is(sync.status()?.state, "published")
    }),
  ),
)

test.run()
