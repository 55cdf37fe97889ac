import { test } from "uvu"
import * as assert from "uvu/assert"
import { createLog } from "../../src/kit/process/log.ts"
import { ApiFault } from "../../src/kubernetes/api-fault.ts"
import { createSyncMetrics } from "../../src/sync/metrics.ts"

const silent = createLog({}, { level: "silent" })
const linesOf = async (metrics: ReturnType<typeof createSyncMetrics>, name: string) =>
  (await metrics.page()).split("\n").filter((line) => line.startsWith(name))

test("createSyncMetrics() has its counters from the start, and nothing of what is not known", async () => {
  const metrics = createSyncMetrics({ staleMs: () => null, faults: () => [] })
  assert.equal(await linesOf(metrics, "kkv_sync_passes_total"), [
    'kkv_sync_passes_total{result="published"} 0',
    'kkv_sync_passes_total{result="unchanged"} 0',
    'kkv_sync_passes_total{result="held"} 0',
    'kkv_sync_passes_total{result="settling"} 0',
    'kkv_sync_passes_total{result="failed"} 0',
  ])
  assert.equal(await linesOf(metrics, "kkv_sync_generation"), [])
  assert.equal(await linesOf(metrics, "kkv_sync_source_age_seconds"), ["kkv_sync_source_age_seconds +Inf"])
})

test("countedBy() counts a pass by its result and tells what is published", async () => {
  const metrics = createSyncMetrics({ staleMs: () => 1_500, faults: () => [] })
  const pass = metrics.countedBy(() => Promise.resolve({ kind: "settling", retryAfterMs: 1 }))
  assert.equal(await pass(), { kind: "settling", retryAfterMs: 1 })
  assert.match(await metrics.page(), 'kkv_sync_passes_total{result="settling"} 1')
  await metrics.countedBy(() =>
    Promise.resolve({
      kind: "unchanged",
      published: { sequence: 7, directory: "7", contentSha256: "", configMaps: [] },
      problems: [],
    }),
  )()
  assert.equal(await linesOf(metrics, "kkv_sync_generation"), ["kkv_sync_generation 7"])
  assert.equal(await linesOf(metrics, "kkv_sync_source_age_seconds"), ["kkv_sync_source_age_seconds 1.5"])
})

test("heardBy() counts warnings and errors, and passes them on", async () => {
  const told: string[] = []
  const metrics = createSyncMetrics({ staleMs: () => null, faults: () => [] })
  const log = metrics.heardBy({ ...silent, warn: (event) => told.push(event), info: (event) => told.push(event) })
  log.info("following")
  log.warn("watch garbled")
  log.error("cannot publish")
  assert.equal(told, ["following", "watch garbled"])
  assert.equal(await linesOf(metrics, "kkv_sync_log_lines_total"), [
    'kkv_sync_log_lines_total{level="warn"} 1',
    'kkv_sync_log_lines_total{level="error"} 1',
  ])
})

test("page() shows why the API server does not serve sync, and nothing of it afterwards", async () => {
  const causes: readonly (readonly [cause: string, fault: ApiFault])[] = [
    ["credentials", new ApiFault("Cannot list: the API server answered 401", { status: 401 })],
    ["credentials", new ApiFault("Cannot list: unable to verify the first certificate", { status: null })],
    ["rights", new ApiFault("Cannot list: the API server answered 403", { status: 403 })],
    ["unreachable", new ApiFault("Cannot list: connect ECONNREFUSED", { status: null })],
    ["other", new ApiFault("Cannot list: the API server answered 500", { status: 500 })],
  ]
  let faults: readonly ApiFault[] = []
  const metrics = createSyncMetrics({ staleMs: () => null, faults: () => faults })
  const standing = async () =>
    (await linesOf(metrics, "kkv_sync_api_trouble{"))
      .filter((line) => line.endsWith(" 1"))
      .map((line) => /cause="(\w+)"/.exec(line)?.[1])
  for (const [cause, fault] of causes) {
    faults = [fault]
    assert.equal(await standing(), [cause], fault.message)
  }
  faults = []
  assert.equal(await standing(), [])
})

test.run()
