import { test } from "uvu"
import * as assert from "uvu/assert"

import type { Summary } from "../../../src/contract/report/vip-report.ts"
import { summarise } from "../../../src/sync/report/summary.ts"
import { createVipReport, vipReportPath } from "../../../src/sync/report/vip-report.ts"
import { createFakeObjects } from "./fake-objects.ts"

const path = vipReportPath("kkv", "vips")
const START = Date.UTC(2026, 0, 1)

function scene() {
  const api = createFakeObjects()
  const time = { now: START }
  const report = createVipReport(api, path, () => new Date(time.now))
  const status = () => Object(api.objects.get("vipreports/kkv/vips")?.["status"])
  return { api, time, report, status }
}

function summaryOf(version: string, state: "applied" | "pending" = "applied"): Summary {
  const one = {
    configMap: version,
    state,
    generation: "abcdefabcdef",
    vips: 1,
    roles: null,
    serves: null,
    servesMore: 0,
    readyPods: 1,
    unserved: 0,
    unservedNames: [],
    troubles: [],
    more: 0,
  }
  return summarise({
    configMap: version,
    nodes: new Map([["n1", { ready: true }]]),
    reports: new Map([["n1", one]]),
    patient: false,
  })
}

test("createVipReport() makes the report where there is none, and writes nothing twice", async () => {
  const { api, report, status } = scene()
  assert.equal(await report.write(summaryOf("1"), {}), { kind: "written", before: null })
  assert.is(status().observedGeneration, 1)
  assert.is(status().conditions[0].lastTransitionTime, "2026-01-01T00:00:00Z")
  const written = api.writes.length
  const again = await report.write(summaryOf("1"), {})
  assert.is(again.kind === "written" && again.before?.configMap, "1")
  assert.is(api.writes.length, written)
})

test("createVipReport() keeps the time of a condition that stays as it is", async () => {
  const { report, status, time } = scene()
  await report.write(summaryOf("1"), {})
  time.now += 60_000
  await report.write(summaryOf("2"), {})
  assert.is(status().conditions[0].lastTransitionTime, "2026-01-01T00:00:00Z")
  await report.write(summaryOf("3", "pending"), {})
  assert.is(status().conditions[0].lastTransitionTime, "2026-01-01T00:01:00Z")
})

test("createVipReport() lets observedGeneration follow only when the ConfigMap has just the entries of the spec", async () => {
  const { api, report, status } = scene()
  const asked = { "10.4.0.50": "default/a", "10.4.0.51": "" }
  await api.create(path, { metadata: { name: "vips" }, spec: { entries: asked } })
  await report.write(summaryOf("1"), { "10.4.0.50": "default/a" })
  assert.is(status().observedGeneration, -1)
  await report.write(summaryOf("1"), null)
  assert.is(status().observedGeneration, -1)
  await report.write(summaryOf("2"), { "10.4.0.51": "", "10.4.0.50": "default/a" })
  assert.is(status().observedGeneration, 1)
})

test.run()
