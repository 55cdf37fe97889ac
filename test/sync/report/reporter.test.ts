import { test } from "uvu"
import * as assert from "uvu/assert"

import type { ConfigMapIdentity } from "../../../src/sync/report/ports.ts"
import type { Status } from "../../../src/contract/status.ts"
import { createLog } from "../../../src/kit/process/log.ts"
import { ApiFault } from "../../../src/kubernetes/api-fault.ts"
import type { PassOutcome } from "../../../src/sync/reconcile.ts"
import type { ShownCluster } from "../../../src/sync/report/cluster-view.ts"
import { startReporter } from "../../../src/sync/report/reporter.ts"
import { createFakeClock } from "../../support/clock.ts"
import { ALIVE } from "../../support/signs.ts"
import { createFakeObjects } from "./fake-objects.ts"

const REPORT = "vipreports/kkv/vips"

function published(sequence: number): PassOutcome {
  const published = { sequence, directory: "", contentSha256: String(sequence).repeat(64), configMaps: ["kkv/vips"] }
  return { kind: "published", published, problems: [] }
}

function statusOf(node: string, sequence: number, message: string | null = null, master = "n1"): Status {
  const state = message === null ? "applied" : "held"
  const vip = {
    vip: "10.4.0.50",
    object: "ConfigMap default/vips",
    entry: "10.4.0.50",
    state,
    services: [],
    virtualServers: 0,
    realServers: 0,
    readyPods: 0,
    drainingPods: 0,
    unreachablePods: 0,
    unserved: 0,
    inEffect: true,
    problem: message === null ? null : { code: "SERVICE_NOT_FOUND", message },
  } as const
  return {
    ...{
      time: "",
      outcome: "applied",
      code: null,
      reason: null,
      observedGeneration: sequence,
      appliedGeneration: sequence,
    },
    ...{
      appliedSha256: "a".repeat(64),
      pinned: null,
      node,
      vrrp: [
        {
          ...{ instance: "vips", interface: null, state: node === master ? "master" : "backup" },
          ...{ since: "2026-11-22T22:00:00.000Z", reason: null, advertInterval: 1 },
        },
      ],
      keepalived: "running",
      drift: "none",
      keepalivedVersion: null,
      nodes: null,
    },
    ...{ vips: [vip], problems: [] },
  } as const
}

/** Nodes n1, n2, ... that share one API server, and one clock. */
function scene(count: number) {
  const api = createFakeObjects()
  const clock = createFakeClock()
  const others: (readonly [key: string, configMap: ConfigMapIdentity | null])[] = []
  const cluster = { configMap: "100", ready: new Set<string>(), others }
  const names = Array.from({ length: count }, (_, index) => `n${index + 1}`)
  for (const name of names) cluster.ready.add(name)
  const facts = () => ({
    configMaps: new Map([
      ["kkv/vips", { uid: "u", resourceVersion: cluster.configMap, entries: {} }],
      ...cluster.others,
    ]),
    nodes: new Map(names.map((name) => [name, { ready: cluster.ready.has(name) }] as const)),
  })
  const nodes = names.map((name) => {
    const sidecar = { status: null as Status | null, shown: [] as ShownCluster }
    const reporter = startReporter({
      ...{ api, clock, facts, node: name, reportKey: "kkv/vips" },
      ...{
        status: { read: () => (sidecar.status === null ? null : { status: sidecar.status, agent: ALIVE }) },
        staleMs: () => 0,
        random: () => 0.5,
      },
      pod: { namespace: "kkv", name: `pod-${name}`, uid: `uid-${name}` },
      now: () => new Date(Date.UTC(2026, 0, 1) + clock.now()),
      showCluster: async (cluster) => void (sidecar.shown = cluster),
      log: createLog({ program: "test" }, { level: "silent" }),
    })
    return { name, reporter, sidecar }
  })
  const report = () => {
    const status: unknown = api.objects.get(REPORT)?.["status"]
    const [ready] = (Reflect.get(Object(status), "conditions") ?? []) as { status: string; message: string }[]
    return `${ready?.status}: ${ready?.message}`
  }
  const events = (name: string) =>
    [...api.objects.values()]
      .filter((object) => Reflect.get(Object(object["regarding"]), "name") === name)
      .map((object) => `${String(object["reason"])}: ${String(object["note"])}`)
  const stop = async () => {
    const ends = nodes.map(({ reporter }) => reporter.stop())
    await clock.advance(5000)
    await Promise.all(ends)
  }
  return { api, clock, cluster, nodes, report, events, stop }
}

test("startReporter() has one report say when all nodes have the newest ConfigMap, and what is wrong", async () => {
  const { clock, cluster, nodes, report, events, stop } = scene(3)
  for (const { name, reporter, sidecar } of nodes) {
    reporter.tell(published(1))
    sidecar.status = statusOf(name, 1)
  }
  await clock.advance(4000)
  assert.match(report(), /^True: 3 of 3 nodes have version 100 /)

  cluster.configMap = "105"
  for (const { reporter } of nodes) reporter.tell(published(2))
  await clock.advance(200)
  assert.match(report(), /^Unknown: 0 of 3 nodes have version 105 .*not yet: n1, n2, n3$/)
  for (const { name, sidecar } of nodes) sidecar.status = statusOf(name, 2, name === "n2" ? "no such Service" : null)
  await clock.advance(8000)
  assert.match(report(), /^False: "10.4.0.50": no such Service .* on n2$/)

  cluster.configMap = "109"
  for (const { name, reporter, sidecar } of nodes) {
    reporter.tell(published(3))
    sidecar.status = statusOf(name, 3)
  }
  await clock.advance(4000)
  assert.match(report(), /^True: 3 of 3 nodes have version 109 /)
  assert.equal(
    events("vips").map((text) => text.split(":")[0]),
    ["Applied", "ServiceNotFound", "Applied"],
  )
  assert.is(events("pod-n2").length, 3)
  assert.is(events("pod-n1").length, 3)
  await stop()
})

test("startReporter() shows each node what all nodes report, and when each was last seen to renew it", async () => {
  const { api, clock, cluster, nodes, stop } = scene(3)
  for (const { name, reporter, sidecar } of nodes) {
    reporter.tell(published(1))
    sidecar.status = statusOf(name, 1, null, "n2")
  }
  await clock.advance(6_000)
  const seenBy = (index: number) => nodes[index]?.sidecar.shown ?? []
  const rolesSeen = (index: number) => seenBy(index).map(({ name, report }) => `${name} ${report?.roles?.[0]?.state}`)
  for (const index of [0, 1, 2]) assert.equal(rolesSeen(index), ["n1 backup", "n2 master", "n3 backup"])
  assert.equal(seenBy(0)[1]?.report?.ageMs, null, "n1 has not seen n2 renew its report")
  assert.is(seenBy(0)[1]?.report?.generation, "1".repeat(12))

  await clock.advance(120_000)
  await nodes[1]?.reporter.stop()
  cluster.ready.delete("n2")
  const writesBefore = api.writes.length
  await clock.advance(200_000)
  const gone = seenBy(0)[1]
  assert.is(gone?.ready, false)
  assert.ok((gone?.report?.ageMs ?? 0) > 180_000, `${gone?.report?.ageMs}`)
  const living = seenBy(0)[2]?.report?.ageMs ?? Number.NaN
  assert.ok(living < 70_000, `${living}`)
  assert.ok(api.writes.length > writesBefore, "the others still report")
  await stop()
})

test("startReporter() writes an Event to the ConfigMap that it is about, and what is in effect to each", async () => {
  const { clock, cluster, nodes, report, events, stop } = scene(1)
  cluster.others.push(["kkv/more", { uid: "m", resourceVersion: "7", entries: {} }], ["kkv/gone", null])
  const tell = (sequence: number, change: (vip: Status["vips"][number]) => Status["vips"][number]) => {
    for (const { name, reporter, sidecar } of nodes) {
      reporter.tell(published(sequence))
      const status = statusOf(name, sequence)
      sidecar.status = { ...status, vips: status.vips.map(change) }
    }
  }
  tell(1, (vip) => vip)
  await clock.advance(4000)
  assert.match(report(), /^True: 1 of 1 nodes have version 100 7 - /)
  const held = { state: "held", problem: { code: "SERVICE_NOT_FOUND", message: "no such Service" } } as const
  tell(2, (vip) => ({ ...vip, ...held, object: "ConfigMap kkv/more" }))
  await clock.advance(8000)
  tell(3, (vip) => ({ ...vip, ...held, object: "ConfigMap kkv/gone" }))
  await clock.advance(8000)
  const reasons = (name: string) => events(name).map((text) => text.split(":")[0])
  assert.equal(reasons("more"), ["Applied", "ServiceNotFound"])
  assert.equal(reasons("vips"), ["Applied"])
  await stop()
})

test("startReporter() writes nothing while endpoints come and go, but for the Lease of who writes for all", async () => {
  const { api, clock, nodes, stop } = scene(2)
  for (const { name, reporter, sidecar } of nodes) {
    reporter.tell(published(1))
    sidecar.status = statusOf(name, 1)
  }
  await clock.advance(20_000)
  api.writes.length = 0
  for (let sequence = 2; sequence < 100; sequence++) {
    for (const { name, reporter, sidecar } of nodes) {
      reporter.tell(published(sequence))
      sidecar.status = statusOf(name, sequence)
    }
    await clock.advance(500)
  }
  // For a hundred generations: a renewal each 15 s, one word of each node, and what of it the report shows.
  assert.ok(api.writes.length <= 12, api.writes.join())
  await stop()
})

test("startReporter() does not wait for a dead node, and another takes over where the first dies", async () => {
  const { clock, cluster, nodes, report, stop } = scene(3)
  const [first] = nodes
  for (const { name, reporter, sidecar } of nodes) {
    reporter.tell(published(1))
    sidecar.status = statusOf(name, 1)
  }
  await clock.advance(4000)
  await first?.reporter.stop()
  cluster.ready.delete("n1")
  cluster.configMap = "105"
  for (const { name, reporter, sidecar } of nodes.slice(1)) {
    reporter.tell(published(2))
    sidecar.status = statusOf(name, 2, null, "n2")
  }
  await clock.advance(60_000)
  assert.match(report(), /^True: 2 of 2 nodes have version 105 /)
  await stop()
})

test("startReporter() says who is master, and that two are or none is once that lasts (fault 256)", async () => {
  const { clock, cluster, nodes, report, events, stop } = scene(3)
  const masters = (...names: readonly string[]) => {
    for (const { name, sidecar } of nodes) sidecar.status = statusOf(name, 1, null, names.includes(name) ? name : "")
  }
  for (const { reporter } of nodes) reporter.tell(published(1))
  masters("n2")
  await clock.advance(20_000)
  assert.match(report(), /^True: /)
  masters("n2", "n3")
  await clock.advance(12_000)
  assert.match(report(), /^True: /, "a takeover takes its time")
  await clock.advance(25_000)
  assert.match(report(), /^False: .*master at once.* on n2, n3$/)
  masters("n3")
  await clock.advance(15_000)
  assert.match(report(), /^True: /)
  cluster.ready.delete("n3")
  await clock.advance(40_000)
  assert.match(report(), /^False: No node that reports is VRRP master.*n3 was master in its last report/)
  assert.equal(
    events("vips").map((text) => text.split(":")[0]),
    ["Applied", "TwoMasters", "NoMaster"],
  )
  assert.ok(events("pod-n3").some((text) => text.startsWith("BecameMaster: ")))
  await stop()
})

test("startReporter() goes on after a fault, and does not ask in haste", async () => {
  const { api, clock, nodes, report, stop } = scene(1)
  let calls = 0
  const { get, patch } = api
  api.get = (path) => {
    calls += 1
    return get(path)
  }
  api.patch = (path, body, part) => {
    calls += 1
    return patch(path, body, part)
  }
  api.fault = new ApiFault("no way", { status: 500 })
  for (const { name, reporter, sidecar } of nodes) {
    sidecar.status = statusOf(name, 1)
    reporter.tell(published(1))
  }
  await clock.advance(120_000)
  assert.ok(calls < 25, String(calls))
  api.fault = null
  await clock.advance(90_000)
  assert.match(report(), /^True: 1 of 1 nodes/)
  await stop()
})

test.run()
