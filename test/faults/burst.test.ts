import { readFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { bundle as bundlePod, type Pod, startPod } from "../../bench/latency/pod.ts"
import { decodePointer } from "../../src/contract/pointer.ts"
import { figures } from "../support/figures.ts"
import { keepalivedReleases } from "../support/keepalived.ts"
import { slow } from "../support/slow.ts"
import { testUnless } from "../support/test-unless.ts"
import { type FakeApiServer, service, startFakeApiServer } from "../sync/kubernetes/fake-api-server.ts"
import { buildBundle, type Bundle, until } from "./support/program.ts"

const SERVICES = 5
const ENDPOINTS = 10
const CHANGES_A_SECOND = 1000
const LASTING_MS = 60_000
/** By then all buffers have their size. */
const WARM_MS = 15_000

const [release] = await keepalivedReleases()
const unless = testUnless(release === undefined ? "no keepalived is installed: run apt-get install keepalived" : null)
let bundle: Bundle
test.before(async () => {
  bundle = await buildBundle()
})
test.after(() => bundle.remove())

/** After change number `change`; each gives one endpoint of one Service another address. */
function sliceAfter(change: number): object {
  const index = change % SERVICES
  const turns = Math.floor(change / SERVICES)
  const addressOf = (endpoint: number) => {
    // How often this endpoint was changed, up to the last turn that was its own.
    const turn = Math.floor((turns - endpoint) / ENDPOINTS)
    return `10.${50 + index}.${endpoint}.${1 + ((turn + 250) % 250)}`
  }
  return {
    ...{ apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", addressType: "IPv4" },
    metadata: {
      ...{ name: `s${index}-1`, namespace: "default", resourceVersion: String(100 + change) },
      labels: { "kubernetes.io/service-name": `s${index}` },
    },
    ports: [{ name: "", port: 8080, protocol: "TCP" }],
    endpoints: Array.from({ length: ENDPOINTS }, (_, endpoint) => ({
      addresses: [addressOf(endpoint)],
      conditions: { ready: true },
    })),
  }
}

function fill(fake: FakeApiServer): void {
  const all = [...Array.from({ length: SERVICES }).keys()]
  const metadata = { name: "vips", namespace: "default", resourceVersion: "5" }
  fake.items.set("configmaps", [
    { metadata, data: Object.fromEntries(all.map((index) => [`10.4.0.${50 + index}`, `default/s${index}`])) },
  ])
  fake.items.set(
    "services",
    all.map((index) => service(`s${index}`, 6)),
  )
  fake.items.set(
    "endpointslices",
    all.map((index) => sliceAfter(index)),
  )
  const addresses = [{ type: "InternalIP", address: "10.4.0.3" }]
  fake.items.set("nodes", [{ metadata: { name: "n1", resourceVersion: "7" }, status: { addresses } }])
  fake.version = "100"
}

interface Course {
  /** When each generation was seen first, and when each SIGHUP came, in ms since the epoch. */
  readonly published: readonly number[]
  readonly memory: readonly { readonly at: number; readonly sync: number; readonly sidecar: number }[]
  readonly last: number
  readonly startedAt: number
  readonly endedAt: number
}

/** Sends the changes, evenly. */
async function burst(pod: Pod, send: (change: number) => void): Promise<Course> {
  const published: number[] = []
  const memory: { at: number; sync: number; sidecar: number }[] = []
  const sequence = () => {
    const decoded = decodePointer(readFileSync(join(pod.desired, "current.json"), "utf8"))
    return "value" in decoded ? decoded.value.sequence : 0
  }
  let seen = sequence()
  let last = SERVICES
  const startedAt = now()
  for (let tick = 0; now() - startedAt < LASTING_MS; tick++) {
    const due = Math.floor(((now() - startedAt) * CHANGES_A_SECOND) / 1000) + SERVICES
    while (last < due) send((last += 1))
    const is = sequence()
    for (; seen < is; seen++) published.push(now())
    if (tick % 100 === 0)
      memory.push({ at: now() - startedAt, sync: pod.sync.memory().resident, sidecar: pod.sidecar.memory().resident })
    await new Promise((resolve) => setTimeout(resolve, 8))
  }
  return { published, memory, last, startedAt, endedAt: now() }
}

function now(): number {
  return performance.timeOrigin + performance.now()
}

function busiestSecond(times: readonly number[]): number {
  return Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + 1000).length))
}

/** By how many MB it grew once it was warm: the median of the last quarter against that of the first. */
function growth(memory: Course["memory"], of: "sync" | "sidecar"): number {
  const warm = memory.filter(({ at }) => at >= WARM_MS).map((one) => one[of])
  const quarter = Math.floor(warm.length / 4)
  return median(warm.slice(-quarter)) - median(warm.slice(0, quarter))
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

unless(
  "1,000 endpoint changes a second for a minute, from a fake API server through sync and sidecar to a fake keepalived: paced, right within 2 s, memory flat (fault 55)",
  slow(150_000, async () => {
    const fake = await startFakeApiServer()
    fill(fake)
    const programs = await bundlePod()
    const pod = await startPod(programs, ["--apiserver-host", fake.url], bundle.kkv)
    try {
      const watch = () => fake.watches.filter(({ asked: { path } }) => path.endsWith("/endpointslices")).at(-1)
      await until(() => watch() !== undefined, "sync watches the slices")
      const course = await burst(pod, (change) => watch()?.send({ type: "MODIFIED", object: sliceAfter(change) }))
      const wanted = addressesIn(
        JSON.stringify([...Array(SERVICES).keys()].map((back) => sliceAfter(course.last - back))),
      )
      const isRight = () => addressesIn(pod.reloaded(pod.hangups.length - 1)) === wanted
      await until(isRight, "what the last SIGHUP was for has the last endpoints", 10_000)
      const rightMs = (pod.hangups.at(-1) ?? 0) - course.endedAt
      const hangups = pod.hangups.filter((at) => at >= course.startedAt && at <= course.endedAt)
      const seconds = (course.endedAt - course.startedAt) / 1000
      const grown = { sync: growth(course.memory, "sync"), sidecar: growth(course.memory, "sidecar") }
      figures({
        changes: course.last - SERVICES,
        ...{ publications: course.published.length, busiestPublications: busiestSecond(course.published) },
        ...{ reloads: hangups.length, busiestReloads: busiestSecond(hangups), rightMs: Math.round(rightMs) },
        ...{ syncMb: pod.sync.memory(), sidecarMb: pod.sidecar.memory(), grownMb: grown },
      })
      assert.ok(course.last > 0.95 * CHANGES_A_SECOND * seconds, `${course.last} changes`)
      assert.ok(course.published.length <= 4 * seconds + 1, `${course.published.length} publications`)
      assert.ok(course.published.length > seconds, "it does not wait for the end")
      // Paces are kept from start to start, and what is counted here is an end: one more may fall into a second.
      assert.ok(busiestSecond(course.published) <= 5, "publications a second")
      assert.ok(hangups.length <= 2 * seconds + 1, `${hangups.length} reloads`)
      assert.ok(hangups.length > seconds / 4, "reloads go on")
      assert.ok(busiestSecond(hangups) <= 3, "reloads a second")
      assert.ok(rightMs <= 2000, `right after ${rightMs} ms`)
      assert.ok(grown.sync <= 15 && grown.sidecar <= 25, JSON.stringify(grown))
      assert.is(fake.mostWatches(), fake.watches.length, "no watch was lost")
    } finally {
      await pod.stop()
      await fake.close()
    }
  }),
)

/** The endpoints' addresses in this text, in order. */
function addressesIn(text: string): string {
  const found = [...text.matchAll(/\b10\.5\d\.\d+\.\d+\b/g)].map(([address]) => address)
  return [...new Set(found)].toSorted().join()
}

test.run()
