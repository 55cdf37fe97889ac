import * as fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { figures } from "../support/figures.ts"
import { slow } from "../support/slow.ts"
import { type Life, places } from "./lives.ts"
import { createPipeline, type Pipeline } from "./pipeline.ts"

/** `NUM_RUNS=5000 SEED=1 node test/pipeline/pipeline.test.ts` for a night; SEED and RUN_PATH replay the seed and the path that a failure prints. */
const NUM_RUNS = Number(process.env["NUM_RUNS"] ?? "60")
/** The gate tells the same stories each time; who asks for a number of them gets others. */
const SEED = process.env["SEED"] ?? (process.env["NUM_RUNS"] === undefined ? "1" : undefined)
const RUN_PATH = process.env["RUN_PATH"]

/** Before the how manieth change, of the disk or by keepalived, from the next one on that names something. */
interface Death {
  readonly from: string
  readonly calls: number
  /** Half of a write is done. */
  readonly tears: boolean
}

/** What happens to the two programs, one after the other. */
type Action =
  | {
      readonly kind: "publish"
      readonly lasts: readonly number[]
      readonly heard: boolean
      readonly death: Death | null
    }
  | { readonly kind: "sync starts" }
  | { readonly kind: "agent starts" }
  | { readonly kind: "agent dies"; readonly death: Death }
  | { readonly kind: "hint" }
  | { readonly kind: "time passes"; readonly ms: number }
  | { readonly kind: "keepalived dies"; readonly supervised: boolean }
  | { readonly kind: "keepalived fails"; readonly failures: number; readonly lame: number }
  | { readonly kind: "date is set"; readonly hours: number }

/** 66 is refused by the config test, 77 does not come into effect while keepalived is lame. */
const lasts = fc.oneof(
  { weight: 6, arbitrary: fc.subarray([50, 51, 52], { minLength: 1 }) },
  { weight: 1, arbitrary: fc.subarray([50, 51], { minLength: 1 }).map((good) => [...good, 66]) },
  { weight: 2, arbitrary: fc.subarray([50, 51], { minLength: 1 }).map((good) => [...good, 77]) },
)
/** Hours from the beginning of a world. */
const TO_2040 = 24 * 365 * 14
const PAUSES_MS = [1, 20, 90, 300, 1_000, 5_000, 16_000, 40_000]

/** Anywhere: an apply makes some thirty changes, with soak and archive fifty. Or near what an order depends on. */
function deathNear(...landmarks: readonly string[]): fc.Arbitrary<Death> {
  const tears = fc.boolean()
  return fc.oneof(
    fc.record({ from: fc.constant(""), calls: fc.nat({ max: 50 }), tears }),
    fc.record({ from: fc.constantFrom(...landmarks), calls: fc.nat({ max: 8 }), tears }),
  )
}
const ofSync = deathNear("manifest.json", "current.json", ".trash-")
const ofAgent = deathNear("/candidates/.", "journal.json", "keepalived test", "keepalived reload", "last-known-good/.")

function weighted(weight: number, kind: Action["kind"], fields: object = {}): fc.WeightedArbitrary<Action> {
  return { weight, arbitrary: fc.record({ kind: fc.constant(kind), ...fields }) as unknown as fc.Arbitrary<Action> }
}

const actions = fc.oneof(
  weighted(8, "publish", { lasts, heard: fc.boolean(), death: fc.option(ofSync, { freq: 3 }) }),
  weighted(2, "sync starts"),
  weighted(4, "agent starts"),
  weighted(4, "agent dies", { death: ofAgent }),
  weighted(1, "hint"),
  weighted(8, "time passes", { ms: fc.constantFrom(...PAUSES_MS) }),
  weighted(1, "keepalived dies", { supervised: fc.boolean() }),
  weighted(2, "keepalived fails", { failures: fc.nat({ max: 3 }), lame: fc.nat({ max: 3 }) }),
  weighted(1, "date is set", { hours: fc.constantFrom(1, -1, TO_2040, -TO_2040) }),
)

async function act(pipeline: Pipeline, one: Action): Promise<void> {
  const { world, node, lives } = pipeline
  switch (one.kind) {
    case "publish":
      world.hints = one.heard
      if (one.death !== null) doom(lives.sync, one.death)
      await pipeline.change(one.lasts)
      doom(lives.sync, NEVER)
      world.hints = true
      return
    case "sync starts":
      return pipeline.startSync()
    case "agent starts":
      return pipeline.startAgent()
    case "agent dies":
      return doom(lives.agent, one.death)
    case "hint":
      return pipeline.hint()
    case "time passes":
      return pipeline.pass(one.ms)
    case "keepalived dies":
      return node.kill(one.supervised)
    case "keepalived fails":
      return void Object.assign(node, { failures: one.failures, lame: one.lame })
    case "date is set":
      world.dateOffsetMs += one.hours * 3_600_000
      return
  }
}

const NEVER: Death = { from: "", calls: Number.POSITIVE_INFINITY, tears: false }

function doom(life: Life | null, { from, calls, tears }: Death): void {
  if (life !== null) Object.assign(life, { from, left: calls, tears })
}

/** Stories that once went wrong, or would without a line that looks needless. */
const known: readonly (readonly Action[])[] = [
  // The file of the old generation is live again, and no SIGHUP was sent for it: only the journal tells.
  ...[7, 8].map((calls): readonly Action[] => [
    { kind: "publish", lasts: [50], heard: true, death: null },
    { kind: "time passes", ms: 40_000 },
    { kind: "keepalived fails", failures: 0, lame: 1 },
    { kind: "agent dies", death: { from: "keepalived reload", calls, tears: false } },
    { kind: "publish", lasts: [50, 77], heard: true, death: null },
    { kind: "time passes", ms: 16_000 },
    { kind: "publish", lasts: [50], heard: true, death: null },
  ]),
  // keepalived dies between the look at its effect and the look at itself.
  [
    { kind: "keepalived fails", failures: 0, lame: 1 },
    { kind: "publish", lasts: [51, 77], heard: false, death: null },
    { kind: "time passes", ms: 5_000 },
    { kind: "keepalived dies", supervised: false },
  ],
  // What a rollback goes back to has run with a break.
  [
    { kind: "publish", lasts: [52], heard: true, death: null },
    { kind: "time passes", ms: 90 },
    { kind: "keepalived fails", failures: 0, lame: 2 },
    { kind: "publish", lasts: [50, 77], heard: true, death: null },
    { kind: "time passes", ms: 40_000 },
  ],
]

const everything = fc.asyncProperty(
  fc.array(actions, { maxLength: 40, size: "max" }),
  fc.nat(),
  async (story, chance) => {
    const pipeline = await createPipeline(chance)
    await pipeline.startSync()
    await pipeline.startAgent()
    for (const one of story) if (pipeline.violations.length === 0) await act(pipeline, one)
    await pipeline.finish()
    if (pipeline.violations.length > 0) throw new Error(pipeline.violations.join("\n"))
  },
)

test(
  "whatever happens to sync, to the agent and to a fake keepalived: it ends on the newest valid generation, the live file has passed, current.json is whole, what is good has soaked",
  slow(3_600_000, async () => {
    await fc.assert(everything, {
      numRuns: NUM_RUNS,
      includeErrorInReport: true,
      examples: known.map((story): [Action[], number] => [[...story], 1]),
      ...(SEED !== undefined && { seed: Number(SEED) }),
      ...(RUN_PATH !== undefined && { path: RUN_PATH }),
    })
    const deaths = [...places.values()].reduce((sum, count) => sum + count, 0)
    figures({ runs: NUM_RUNS, deaths, places: places.size })
    assert.ok(RUN_PATH !== undefined || places.size > 15, `died at ${[...places.keys()].join("\n")}`)
  }),
)

test.run()
