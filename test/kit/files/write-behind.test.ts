import { test } from "uvu"
import * as assert from "uvu/assert"

import { createWriteBehind, type WriteBehind } from "../../../src/kit/files/write-behind.ts"
import { createFakeClock } from "../../support/clock.ts"

const AFTER_MS = 1_000
const RETRY_MS = 30_000

interface Scene {
  readonly slot: WriteBehind<string>
  /** Waits for so many ms. */
  readonly pass: (ms: number) => Promise<void>
  /** The next writes that fail. */
  failures: number
  /** How long a write takes, in ms. */
  tookMs: number
}

/** What a slot does: each write with its time in seconds, `!` for one that failed, and what is replaced. */
async function done(act: (scene: Scene) => Promise<void> | void, options: { retryMs?: number } = {}): Promise<string> {
  const clock = createFakeClock()
  const seen: string[] = []
  let writing = 0
  const scene: Scene = {
    slot: createWriteBehind<string>({
      ...{ clock, afterMs: AFTER_MS, ...options },
      write: async (value) => {
        assert.is(++writing, 1, "two writes never overlap")
        const startedAt = clock.now()
        await clock.delay(scene.tookMs)
        writing--
        const failed = scene.failures > 0
        if (failed) scene.failures--
        seen.push(`${value}@${startedAt / 1000}${failed ? "!" : ""}`)
        return !failed
      },
      onReplaced: (old, by) => seen.push(`${old}>${by}`),
    }),
    pass: (ms) => clock.advance(ms),
    failures: 0,
    tookMs: 0,
  }
  await act(scene)
  await clock.advance(10 * RETRY_MS)
  return seen.join(" ")
}

const cases: readonly [
  what: string,
  act: (scene: Scene) => Promise<void> | void,
  expected: string,
  retryMs?: number,
][] = [
  ["a value", ({ slot }) => slot.put("a"), "a@1"],
  ["nothing", ({ slot }) => slot.flush(), ""],
  [
    "the newest of a series, at the end of the time of the first",
    async ({ slot, pass }) => {
      slot.put("a")
      await pass(900)
      slot.put("b")
    },
    "a>b b@1",
  ],
  [
    "two values that are far apart",
    async ({ slot, pass }) => {
      slot.put("a")
      await pass(2_000)
      slot.put("b")
    },
    "a@1 b@3",
  ],
  [
    "a flushed value at once, and once",
    ({ slot }) => {
      slot.put("a")
      slot.flush()
      slot.flush()
    },
    "a@0",
  ],
  [
    "a value that comes while a write is under way, after it",
    async (scene) => {
      scene.tookMs = 5_000
      scene.slot.put("a")
      await scene.pass(2_000)
      scene.slot.put("b")
    },
    "a@1 b@6",
  ],
  [
    "a failed value again",
    (scene) => {
      scene.failures = 2
      scene.slot.put("a")
    },
    "a@1! a@31! a@61",
    RETRY_MS,
  ],
  [
    "a newer value in place of a failed one",
    async (scene) => {
      scene.failures = 1
      scene.slot.put("a")
      await scene.pass(5_000)
      scene.slot.put("b")
    },
    "a@1! a>b b@31",
    RETRY_MS,
  ],
  [
    "a failed value once where no time for another try is given",
    (scene) => {
      scene.failures = 1
      scene.slot.put("a")
    },
    "a@1!",
  ],
]

for (const [what, act, expected, retryMs] of cases)
  test(`createWriteBehind() writes ${what}`, async () => {
    assert.is(await done(act, retryMs === undefined ? {} : { retryMs }), expected)
  })

test("createWriteBehind() is idle when what it holds is written, or has failed", async () => {
  const clock = createFakeClock()
  const written: string[] = []
  let isFull = false
  const slot = createWriteBehind<string>({
    ...{ clock, afterMs: AFTER_MS, retryMs: RETRY_MS },
    write: (value) => Promise.resolve(!isFull && written.push(value) > 0),
  })
  slot.put("a")
  await slot.idle()
  assert.equal(written, ["a"])
  isFull = true
  slot.put("b")
  await slot.idle()
  isFull = false
  await clock.advance(2 * RETRY_MS)
  assert.equal(written, ["a"], "an agent that ends does not try again")
})

test.run()
