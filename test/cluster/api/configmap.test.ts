import { test } from "uvu"
import * as assert from "uvu/assert"

import { figures } from "../../support/figures.ts"
import { slow } from "../../support/slow.ts"
import { assertNeverWithout, endpointsOf, publishEcho } from "./support/checks.ts"
import { kubectl } from "./support/cluster.ts"
import { untilEndpoints } from "./support/objects.ts"
import { dropEntries, inScene, type Scene } from "./support/scene.ts"
import type { Generation, Sync } from "./support/sync.ts"
import { pause } from "./support/until.ts"

/** Puts another in its place, whole: `kubectl apply` would keep what it did not write, and cannot write as much. */
async function replace({ access }: Scene, content: object): Promise<void> {
  const [namespace, name] = access.configMapKey.split("/")
  const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name }, ...content }
  await kubectl(["replace", "-f", "-"], { input: JSON.stringify(object) })
}

test(
  "the ConfigMap is deleted: the last state is held, with the reason; made anew: what it says then (fault 53)",
  slow(
    60_000,
    inScene(async (scene) => {
      const { sync, namespace, echo, before } = await publishEcho(scene, "deleted", 2)
      await dropEntries(scene.access)
      const { problems, sequence } = await sync.untilStatus("it is held", ({ state }) => state === "held")
      assert.equal(
        problems.map(({ code }) => code),
        ["CONFIGMAP_MISSING"],
      )
      assert.match(
        problems[0]?.message ?? "",
        /^Cannot find the ConfigMap ".*" in the source: what was published last stays; /,
      )
      assert.is(sequence, before.sequence)
      await kubectl(["-n", namespace, "scale", "deployment/echo", "--replicas=3"])
      await untilEndpoints(namespace, 3)
      await pause(1000)
      assert.is(sync.current()?.sequence, before.sequence, "nothing is published while it is missing")
      await scene.entries({ "10.4.0.51": echo })
      const after = await sync.until("it goes on", ({ entries }) => "10.4.0.51" in entries)
      assert.equal(Object.keys(after.entries), ["10.4.0.51"])
      assert.is(endpointsOf(after, echo), 3, "with what the cluster is by now")
      await sync.untilStatus("it says so", ({ state, problems }) => state === "published" && problems.length === 0)
      assertNeverWithout(sync, echo, before)
    }),
  ),
)

test(
  "the ConfigMap has no data, which the API cannot tell from an emptied one: published as empty, for the sidecar's guard to judge (fault 53)",
  slow(
    60_000,
    inScene(async (scene) => {
      const { sync, echo } = await publishEcho(scene, "without", 1)
      await replace(scene, {})
      const empty = await sync.until("it is published as empty", ({ entries }) => Object.keys(entries).length === 0)
      assert.equal([empty.services.size, empty.nodes], [0, ["node-0", "node-1"]])
      await sync.untilStatus(
        "without a problem",
        ({ state, problems }) => state === "published" && problems.length === 0,
      )
      await replace(scene, { data: { "10.4.0.51": echo } })
      await sync.until("it goes on", (generation) => endpointsOf(generation, echo) === 1)
    }),
  ),
)

test(
  "the ConfigMap has binaryData only: rejected, with the reason, while all else stays as it was (fault 53)",
  slow(
    60_000,
    inScene(async (scene) => {
      const { sync, namespace, echo, before } = await publishEcho(scene, "binary", 1)
      await replace(scene, { binaryData: { "10.4.0.50": Buffer.from(echo).toString("base64") } })
      const { problems, sequence } = await sync.untilStatus("it is held", ({ state }) => state === "held")
      assert.equal(
        problems.map(({ code }) => code),
        ["CONFIGMAP_VALUE"],
      )
      assert.match(
        problems[0]?.message ?? "",
        /^Cannot read ConfigMap .*: it has binaryData and no data \(expected text below data\)$/,
      )
      assert.is(sequence, before.sequence)
      await kubectl(["-n", namespace, "scale", "deployment/echo", "--replicas=2"])
      await untilEndpoints(namespace, 2)
      await pause(1000)
      assert.is(sync.current()?.sequence, before.sequence, "nothing is published while it cannot be read")
      await replace(scene, { data: { "10.4.0.50": echo } })
      const after = await sync.until("it goes on", (generation) => endpointsOf(generation, echo) === 2)
      assertNeverWithout(sync, echo, before)
      assert.equal(Object.keys(after.entries), ["10.4.0.50"])
    }),
  ),
)

/** So many bytes of an entry's value: one Service, again and again. */
function valueOf(key: string, bytes: number): string {
  return `${key}\n`.repeat(Math.floor(bytes / (key.length + 1)))
}

async function heldFor(sync: Sync, code: string, from: Generation): Promise<string> {
  const { problems, sequence } = await sync.untilStatus("it is held", ({ state }) => state === "held", 30_000)
  assert.equal(
    problems.map((problem) => problem.code),
    [code],
  )
  assert.is(sequence, from.sequence)
  return problems[0]?.message ?? ""
}

test(
  "the ConfigMap has half a MiB: accepted; all of the 1 MiB that the API allows: held, and the limit is said (fault 53)",
  slow(
    120_000,
    inScene(async (scene) => {
      const { sync, echo } = await publishEcho(scene, "large", 1)
      const startedAt = performance.now()
      await replace(scene, { data: { "10.4.0.50": valueOf(echo, 512 * 1024) } })
      const half = await sync.until(
        "it is accepted",
        ({ entries }) => (entries["10.4.0.50"]?.length ?? 0) > 500_000,
        30_000,
      )
      figures({ halfMs: Math.round(performance.now() - startedAt) })
      await replace(scene, { data: { "10.4.0.50": valueOf(echo, 1024 * 1024 - 100) } })
      const message = await heldFor(sync, "GENERATION_TOO_LARGE", half)
      figures({ message })
      assert.match(
        message,
        /^Cannot publish a generation: vips\/[a-z0-9./-]+\.yaml has \d+ bytes, expected at most 1048576; /,
      )
      const refused = await replace(scene, { data: { "10.4.0.50": valueOf(echo, 1024 * 1024 + 100) } }).then(
        () => "",
        String,
      )
      assert.match(refused, /Too long/, "more than that the API server refuses itself")
      await replace(scene, { data: { "10.4.0.51": echo } })
      const after = await sync.until("it goes on", ({ entries }) => "10.4.0.51" in entries)
      assert.is(endpointsOf(after, echo), 1)
      assertNeverWithout(sync, echo, half)
    }),
  ),
)

test.run()
