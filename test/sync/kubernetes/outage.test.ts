import { readFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { parseAllDocuments } from "yaml"

import { createLog } from "../../../src/kit/process/log.ts"
import { TIMINGS } from "../../../src/sync/kubernetes/timings.ts"
import { type KubernetesSource, startKubernetesSource } from "../../../src/sync/kubernetes/source.ts"
import { createPublish } from "../../../src/sync/publication.ts"
import { createFakeClock, type FakeClock, settled } from "../../support/clock.ts"
import { figures } from "../../support/figures.ts"
import { seededRandom } from "../../support/random.ts"
import { slow } from "../../support/slow.ts"
import { createFakeApi, type FakeApi } from "./fake-api.ts"
import { service } from "./fake-api-server.ts"

const HOUR_MS = 3_600_000
const NODES = 50

interface Fleet {
  readonly clock: FakeClock
  readonly api: FakeApi
  readonly sources: readonly KubernetesSource[]
  /** Checksums of all that this source would have had published so far, in order. */
  readonly published: readonly (readonly string[])[]
  stop(): Promise<void>
}

/** So many of sync's source, each with its own chance, as they are shipped, on one fake API and one fake clock. */
function startFleet(count: number, before: (api: FakeApi) => void = () => {}): Fleet {
  const clock = createFakeClock()
  const api = createFakeApi(clock)
  const data = { "10.4.0.50": "default/echo" }
  const metadata = { name: "vips", namespace: "default", resourceVersion: "5" }
  api.objects.set("configmaps", [{ apiVersion: "v1", kind: "ConfigMap", metadata, data }])
  api.objects.set("services", [service("echo", 3)])
  before(api)
  const published: string[][] = []
  const sources = Array.from({ length: count }, (_, index) => {
    const mine: string[] = []
    published.push(mine)
    const publish = createPublish(["default/vips"])
    const source: KubernetesSource = startKubernetesSource({
      ...{ api: api.client(`n${index}`), clock, random: seededRandom(index + 1), patience: TIMINGS, pod: null },
      ...{ configMapKeys: ["default/vips"], watchNamespaces: [], nodeSelector: "" },
      log: createLog({}, { level: "error", write: () => {} }),
      onChange: () => note(source, publish, mine),
    })
    return source
  })
  return {
    ...{ clock, api, sources, published },
    stop: async () => {
      const ended = Promise.all(sources.map((source) => source.stop()))
      await settled()
      await ended
    },
  }
}

/** Does what a pass does with what the source gives. */
function note(source: KubernetesSource, publish: ReturnType<typeof createPublish>, published: string[]): void {
  const reading = source.read()
  if (reading.kind !== "objects" || reading.problems.length > 0) return
  const { publication } = publish(reading, () => null)
  if (publication !== null && publication.contentSha256 !== published.at(-1)) published.push(publication.contentSha256)
}

/** What was asked from this moment on, second by second. */
function bySecond({ api }: Fleet, from: number): readonly number[] {
  const seconds: number[] = []
  for (const { at } of api.asked) {
    if (at < from) continue
    const second = Math.floor((at - from) / 1000)
    seconds[second] = (seconds[second] ?? 0) + 1
  }
  return Array.from(seconds, (count) => count ?? 0)
}

/** The API comes back; they come back to it one after the other, within the longest wait. */
async function assertNoHerd(fleet: Fleet): Promise<void> {
  const { clock, api } = fleet
  const backAt = clock.now()
  api.comeBack()
  await clock.advance(30_000)
  const first = new Map<string, number>()
  for (const { at, who } of api.asked) if (at >= backAt && !first.has(who)) first.set(who, at - backAt)
  const firsts = [...first.values()].map((ms) => Math.floor(ms / 1000))
  const mostFirsts = Math.max(...firsts.map((second) => firsts.filter((other) => other === second).length))
  const seconds = bySecond(fleet, backAt)
  const requests = seconds.reduce((sum, count) => sum + count, 0)
  figures({ requests, busiestSecond: Math.max(...seconds), mostFirsts, lastAfterS: Math.max(...firsts) })
  assert.is(first.size, NODES, "all are back")
  // Evenly spread: a node of four collections comes with the first of them, in the first second about ten do.
  assert.ok(mostFirsts <= (2 * NODES) / 5, `${mostFirsts} nodes in one second: ${firsts.join()}`)
  assert.ok(Math.max(...seconds) <= requests / 5, `requests a second: ${seconds.join()}`)
}

test(
  "the API is down at the start of 50 nodes, for an hour, then back, with a fake API: no herd; each publishes once (fault 49)",
  slow(30_000, async () => {
    const fleet = startFleet(NODES, (api) => api.goDown())
    await fleet.clock.advance(HOUR_MS)
    const perNode = fleet.api.asked.length / NODES
    assert.ok(perNode > HOUR_MS / 30_000 && perNode < HOUR_MS / 13_000, `${perNode} requests a node`)
    assert.equal([...new Set(fleet.published.map(({ length }) => length))], [0])
    assert.equal(
      fleet.sources
        .map((source) => source.read())
        .map((so) => (so.kind === "objects" ? so.problems[0]?.code : so.kind)),
      Array.from({ length: NODES }, () => "SOURCE_UNREACHABLE"),
    )
    await assertNoHerd(fleet)
    assert.equal([...new Set(fleet.published.map(({ length }) => length))], [1])
    await fleet.stop()
  }),
)

test(
  "the API goes away for a quarter of an hour under 50 nodes that run, then is back with a change, with a fake API: no herd; one publication (fault 49)",
  slow(30_000, async () => {
    const fleet = startFleet(NODES)
    await fleet.clock.advance(HOUR_MS / 6)
    assert.equal([...new Set(fleet.published.map(({ length }) => length))], [1])
    fleet.api.goDown()
    await fleet.clock.advance(HOUR_MS / 4)
    assert.equal([...new Set(fleet.published.map(({ length }) => length))], [1])
    fleet.api.objects.set("services", [service("echo", 20, 90)])
    fleet.api.version = 20
    await assertNoHerd(fleet)
    assert.equal([...new Set(fleet.published.map(({ length }) => length))], [2])
    await fleet.stop()
  }),
)

test(
  "the API is down for a day, with a fake API: what it had is given unchanged, its age is told, nothing ends (fault 50)",
  slow(30_000, async () => {
    const fleet = startFleet(1)
    const { clock, api, sources, published } = fleet
    await clock.advance(60_000)
    const before = sources.map((source) => source.read())
    api.goDown()
    await clock.advance(24 * HOUR_MS)
    const after = sources.map((source) => source.read())
    assert.equal(after, before)
    assert.equal(
      published.map(({ length }) => length),
      [1],
    )
    for (const source of sources) {
      assert.ok((source.staleMs() ?? 0) >= 24 * HOUR_MS, String(source.staleMs()))
      // Four collections, each tried every 13 to 27 s.
      const { failures } = source.counts()
      assert.ok(failures > 4 * 3200 && failures < 4 * 6700, String(failures))
    }
    api.comeBack()
    // Here no bookmark comes: a watch that ran its time is the next that is heard.
    await clock.advance(400_000)
    for (const source of sources) assert.ok((source.staleMs() ?? 0) < 400_000, String(source.staleMs()))
    await fleet.stop()
  }),
)

interface Container {
  readonly name: string
  readonly [probe: string]: unknown
}

test("no probe of the shipped pod asks anything of the API: each asks its own program on the loopback interface, and the sidecar has no token (fault 50)", () => {
  const file = join(import.meta.dirname, "../../../manifests/base/daemonset.yaml")
  const workload = parseAllDocuments(readFileSync(file, "utf8"))
    .map((document): { kind: string; spec: { template: { spec: Readonly<Record<string, unknown>> } } } =>
      document.toJS(),
    )
    .find(({ kind }) => kind === "DaemonSet")
  const pod = workload?.spec.template.spec
  const containers = pod?.["containers"] as readonly Container[]
  const partsOf = (name: string) => Object.entries(containers.find((container) => container.name === name) ?? {})
  const probesOf = (name: string) => partsOf(name).filter(([part]) => part.endsWith("Probe"))
  const hasToken = (name: string) => JSON.stringify(partsOf(name)).includes("serviceaccount")
  assert.equal([hasToken("sync"), hasToken("sidecar"), pod?.["automountServiceAccountToken"]], [true, false, false])
  for (const [name, port] of [
    ["sync", "sync-http"],
    ["sidecar", "http"],
  ] as const) {
    const asked = probesOf(name).map(([probe, value]) => {
      const { path, host, port: to } = (value as { httpGet: Readonly<Record<string, string>> }).httpGet
      return [probe, path, host, to]
    })
    assert.equal(asked, [
      ["startupProbe", "/livez", "127.0.0.1", port],
      ["livenessProbe", "/livez", "127.0.0.1", port],
      ["readinessProbe", "/readyz", "127.0.0.1", port],
    ])
  }
})

test.run()
