import { test } from "uvu"
import * as assert from "uvu/assert"
import { buildBundle } from "../faults/support/program.ts"
import { figures } from "../support/figures.ts"
import { rootObjection } from "../support/keepalived.ts"
import { slow } from "../support/slow.ts"
import { testUnless } from "../support/test-unless.ts"
import { endure, type Sample } from "./endure.ts"
import { growthIn } from "./growth.ts"

/** 10,000 in `make endurance`. */
const GENERATIONS = 300

testUnless(rootObjection())(
  `after ${GENERATIONS} applied generations nothing has grown: memory, descriptors, watches, files`,
  slow(240_000, async () => {
    const bundle = await buildBundle()
    try {
      const samples = await endure(bundle, GENERATIONS, () => {})
      assert.is(samples.length, 10)
      assert.equal(growthIn(samples), [])
      const last = samples.at(-1)
      figures({ sidecarHeapMb: Math.round((last?.sidecar.heapBytes ?? 0) / 1e6), appliedFiles: last?.applied.files })
    } finally {
      bundle.remove()
    }
  }),
)

const held = { rssBytes: 50e6, heapBytes: 20e6, descriptors: 20, watches: 1 }
const stored = { files: 5, bytes: 1_000 }
function sampleAt(generation: number): Sample {
  const programs = { sync: held, sidecar: held, keepalived: held }
  return { generation, ...programs, desired: stored, applied: stored, state: stored }
}
const steady = Array.from({ length: 10 }, (_, index) => sampleAt(index))

const growing: readonly [what: string, grown: (index: number) => Partial<Sample>][] = [
  ["sidecar heap", (index) => ({ sidecar: { ...held, heapBytes: held.heapBytes + index * 0.4e6 } })],
  ["sync resident", (index) => ({ sync: { ...held, rssBytes: held.rssBytes + index * 3e6 } })],
  ["sidecar descriptors", (index) => ({ sidecar: { ...held, descriptors: 20 + index } })],
  ["keepalived watches", (index) => ({ keepalived: { ...held, watches: 1 + index } })],
  ["applied/ files", (index) => ({ applied: { ...stored, files: 5 + 2 * index } })],
]
for (const [what, grown] of growing)
  test(`growthIn() finds ${what}`, () => {
    const samples = steady.map((sample, index) => ({ ...sample, ...grown(index) }))
    assert.is(growthIn(samples).length, 1)
    assert.ok(growthIn(samples)[0]?.startsWith(what))
  })

test("growthIn() finds nothing in what goes up and down", () => {
  const samples = steady.map((sample, index) => ({ ...sample, applied: { ...stored, files: 5 + (index % 3) } }))
  assert.equal(growthIn(samples), [])
})

test.run()
