import { test } from "uvu"
import * as assert from "uvu/assert"
import { createLog } from "../../src/kit/process/log.ts"
import { createSyncMetrics } from "../../src/sync/metrics.ts"

const silent = createLog({}, { level: "silent" })
const linesOf = async (metrics: ReturnType<typeof createSyncMetrics>, name: string) =>
  (await metrics.page()).split("\n").filter((line) => line.startsWith(name))

test("createSyncMetrics() has its counters from the start, and nothing of what is not known", async () => {
  const metrics = createSyncMetrics(() => null)
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
  const metrics = createSyncMetrics(() => 1_500)
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
  const metrics = createSyncMetrics(() => null)
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

test.run()
