import { test } from "uvu"
import * as assert from "uvu/assert"

import { createLog } from "../../../src/kit/process/log.ts"
import { collectionsFor } from "../../../src/sync/kubernetes/collection.ts"
import { isDoubtful } from "../../../src/sync/kubernetes/list-guard.ts"
import { createMirror } from "../../../src/sync/kubernetes/mirror.ts"
import { TIMINGS } from "../../../src/sync/kubernetes/timings.ts"
import { createFakeClock, settled } from "../../support/clock.ts"
import { createFakeApi } from "./fake-api.ts"
import { service } from "./fake-api-server.ts"
import { mirrored, type Scene, watching } from "./mirrored.ts"

const cases: readonly (readonly [before: number, after: number, doubtful: boolean])[] = [
  [0, 0, false],
  [0, 5, false],
  [1, 0, true],
  [1, 1, false],
  [2, 1, false],
  [3, 1, false],
  [4, 1, true],
  [5, 2, true],
  [6, 3, false],
  [7, 3, true],
  [100, 50, false],
  [100, 49, true],
  [100, 0, true],
  [5, 9, false],
]
for (const [before, after, doubtful] of cases) {
  test(`isDoubtful() of ${after} where there were ${before}: ${doubtful}`, () =>
    assert.is(isDoubtful(before, after), doubtful))
}

const tooOld = { type: "ERROR", object: { kind: "Status", code: 410, message: "too old" } }

/** Has it list again, and waits until it doubts what it got. */
async function doubted({ fake, until, troubles }: Scene): Promise<void> {
  fake.watches.at(-1)?.send(tooOld)
  await until(() => troubles.at(-1)?.["event"] === "list held")
}

test("startReflector() holds an empty list, on a fake API server, asks for the newest state, and believes that", () =>
  mirrored(
    async (scene) => {
      await watching(scene)
      const { fake, ports, until, troubles, lists, changes } = scene
      fake.items.set("services", [])
      await doubted(scene)
      assert.equal([ports(), changes()], ["echo:80", 1])
      assert.equal([troubles.at(-1)?.["had"], troubles.at(-1)?.["has"]], [1, 0])
      await watching(scene, 2)
      await until(() => ports() === "")
      assert.equal([lists(), changes()], [3, 2])
      const last = fake.asked.filter(({ query }) => query.get("watch") === null).at(-1)
      assert.is(last?.query.get("resourceVersion"), null)
    },
    { patience: { doubtMs: 100 } },
  ))

test("startReflector() takes nothing from an empty list that was an error, on a fake API server", () =>
  mirrored(
    async (scene) => {
      await watching(scene)
      const { fake, ports, until, changes, troubles } = scene
      const items = fake.items.get("services") ?? []
      fake.items.set("services", [])
      await doubted(scene)
      fake.refuse = () => ({ status: 503 })
      await until(() => troubles.at(-1)?.["event"] === "list or watch failed")
      fake.refuse = () => null
      await until(() => troubles.at(-1)?.["event"] === "list held")
      assert.equal([ports(), changes()], ["echo:80", 1], "after a fault it doubts again")
      fake.items.set("services", items)
      await watching(scene, 2)
      assert.equal([ports(), changes()], ["echo:80", 1])
    },
    { patience: { doubtMs: 100 } },
  ))

test("startReflector() ends at once while it doubts a list", () =>
  mirrored(
    async (scene) => {
      await watching(scene)
      scene.fake.items.set("services", [service("stranger", 4)])
      await doubted(scene)
      const startedAt = performance.now()
      await scene.reflector.stop()
      assert.ok(performance.now() - startedAt < 30_000)
      assert.is(scene.ports(), "echo:80")
    },
    { patience: { doubtMs: 60_000 } },
  ))

test("createMirror() holds the first list of what replaces other collections, with a fake API, where it lacks what they have", async () => {
  const clock = createFakeClock()
  const api = createFakeApi(clock)
  const names = Array.from({ length: 9 }, (_, index) => `s${index}`)
  const wish = {
    configMapKeys: ["default/vips"],
    watchNamespaces: [],
    nodeSelector: "",
    backends: "endpointslices",
  } as const
  const collections = (named: readonly string[]) =>
    collectionsFor({ ...wish, references: named.map((name) => ({ namespace: "default", name })) })
  api.objects.set(
    "services",
    names.map((name) => service(name, 3)),
  )
  api.objects.set(
    "endpointslices",
    names.map((name) => slice(name, 4)),
  )
  const lines: string[] = []
  const mirror = createMirror({
    ...{ api: api.client("one"), clock, random: () => 0.5, patience: TIMINGS, onChange: () => {} },
    log: createLog({}, { level: "warn", write: (line) => void lines.push(line) }),
  })
  mirror.want(collections(names.slice(0, 8)))
  await clock.advance(0)
  assert.is(mirror.waitingMs(), null)
  // One more, and all Services of the namespace are one collection, and their slices another.
  api.objects.set("services", [])
  api.objects.set(
    "endpointslices",
    names.slice(0, 3).map((name) => slice(name, 4)),
  )
  mirror.want(collections(names))
  await clock.advance(0)
  const held = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  assert.equal(
    held.map(({ event, had, has, total }) => [event, had, has, total]),
    [
      ["list held", 8, 0, 1],
      ["list held", 8, 3, 2],
    ],
  )
  assert.ok(mirror.waitingMs() !== null)
  assert.is(mirror.retiring().filter(({ collection }) => collection.resource === "services").length, 8)
  api.objects.set(
    "services",
    names.map((name) => service(name, 3)),
  )
  await clock.advance(10_000)
  assert.is(mirror.waitingMs(), null)
  const sizes = mirror.wanted().map(({ collection, store }) => [collection.resource, store.objects.size])
  assert.equal(sizes.slice(2), [
    ["services", 9],
    ["endpointslices", 3],
  ])
  const ended = mirror.stop()
  await settled()
  await ended
})

function slice(owner: string, version: number): object {
  return {
    ...{ apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", addressType: "IPv4", endpoints: [], ports: [] },
    metadata: {
      ...{ name: `${owner}-1`, namespace: "default", resourceVersion: String(version) },
      labels: { "kubernetes.io/service-name": owner },
    },
  }
}

test.run()
