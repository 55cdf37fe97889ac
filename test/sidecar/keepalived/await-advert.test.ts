import { test } from "uvu"
import * as assert from "uvu/assert"
import { createHolderWatch, type HolderOptions } from "../../../src/sidecar/keepalived/await-advert.ts"
import { instanceIn, service } from "../../core/fixture.ts"
import { instanceOf, modelWith, otherInstance } from "../../core/instances.ts"
import { createFakeClock, type FakeClock } from "../../support/clock.ts"
import { knownGood } from "../fake-node.ts"

const ADVERT_MS = 1_000
const LOOK_MS = ADVERT_MS / 20
const LIMIT_MS = 5 * ADVERT_MS
const MODEL = knownGood({ "10.4.0.50": "default/a" }, [service("a")]).record.model

interface World {
  readonly clock: FakeClock
  readonly told: string[]
  /** Null: keepalived does not tell. */
  heard: number | null
  /** Adverts of the second instance. */
  heardOfOther: number
  error: Error | null
  asked: number
  /** How long keepalived takes for an answer. */
  answerMs: number
  master: boolean
  readonly watch: ReturnType<typeof createHolderWatch>
}

function world(): World {
  const clock = createFakeClock()
  const options: HolderOptions = {
    clock,
    advertsHeard: async () => {
      made.asked++
      if (made.answerMs > 0) await clock.delay(made.answerMs)
      if (made.error !== null) throw made.error
      return made.heard === null
        ? null
        : new Map([
            ["vips", made.heard],
            ["lan", made.heardOfOther],
          ])
    },
    addresses: (name) => Promise.resolve(new Set(made.master && name === "eth0" ? [instanceIn(MODEL).anchor] : [])),
    failed: (error) => made.told.push(String(error)),
    waited: ({ ms, ended }) => made.told.push(`${ms} ${ended}`),
  }
  const made: World = {
    clock,
    told: [],
    heard: 7,
    heardOfOther: 3,
    error: null,
    asked: 0,
    answerMs: 0,
    master: false,
    watch: createHolderWatch(options),
  }
  return made
}

/** How long a wait took after a config test of that many ms; null when it has not ended when the time is over. */
async function tookMs({ clock, watch }: World, testMs = 0, model = MODEL): Promise<number | null> {
  let took: number | null = null
  const watched = watch(model)
  for (let ms = 0; ms < testMs; ms += 10) await clock.advance(10)
  void watched.moment().then((ms) => (took = ms))
  for (let ms = 0; ms <= LIMIT_MS + 1_000 && took === null; ms += 10) await clock.advance(10)
  return took
}

function between(took: number | null, least: number, most: number): void {
  assert.ok(took !== null && took >= least && took <= most, `${took} ms`)
}

test("createHolderWatch() asks nothing on the master", async () => {
  const made = world()
  made.master = true
  assert.is(await tookMs(made), 0)
  assert.is(made.asked, 0)
})

test("createHolderWatch() does not wait where keepalived does not tell what it hears", async () => {
  const made = world()
  made.heard = null
  assert.is(await tookMs(made), 0)
})

test("createHolderWatch() does not wait where the question fails, and says so", async () => {
  const made = world()
  made.error = new Error("EACCES")
  assert.is(await tookMs(made), 0)
  assert.equal([...new Set(made.told)], ["Error: EACCES"])
})

for (const afterMs of [10, 400, 990])
  test(`createHolderWatch() waits for the next advert, and says nothing of it (${afterMs} ms)`, async () => {
    const made = world()
    void made.clock.delay(afterMs).then(() => (made.heard = 8))
    between(await tookMs(made), afterMs, afterMs + LOOK_MS)
    assert.equal(made.told, [])
  })

for (const [what, change, ended] of [
  ["this node has the VIPs", (made: World) => (made.master = true), "master"],
  ["another node has the VIPs", (made: World) => (made.heard = 8), "advert"],
  ["the time is over", () => undefined, "limit"],
  ["the time is over, where keepalived tells no more", (made: World) => (made.heard = null), "limit"],
] as const)
  test(`createHolderWatch() waits while the master is silent, until ${what}`, async () => {
    const made = world()
    void made.clock.delay(2_000).then(() => change(made))
    const took = await tookMs(made)
    const least = ended === "limit" ? LIMIT_MS : 2_000
    between(took, least, least + LOOK_MS)
    assert.equal(made.told, [`${took} ${ended}`])
  })

test("createHolderWatch() does not wait for an advert that was heard while the config test ended", async () => {
  for (const [testMs, heardAtMs] of [
    [40, 35],
    [200, 170],
    [1_500, 1_480],
  ] as const) {
    const made = world()
    void made.clock.delay(heardAtMs).then(() => (made.heard = 8))
    between(await tookMs(made, testMs), 0, 10)
  }
})

test("createHolderWatch() judges an advert when the config test ends, and not after one more look", async () => {
  const made = world()
  made.answerMs = 30
  // Looks begin after 0, 80 and 160 ms; the third has it, after 190 ms. The fourth has begun when the test ends.
  void made.clock.delay(170).then(() => (made.heard = 8))
  assert.is(await tookMs(made, 240), 0)
})

test("createHolderWatch() judges what the look under way finds before it looks once more", async () => {
  const made = world()
  made.answerMs = 60
  // The third look begins after 220 ms and ends after 280; one more would end after 340.
  void made.clock.delay(225).then(() => (made.heard = 8))
  between(await tookMs(made, 230), 50, 60)
})

test("createHolderWatch() waits for the next advert where the last one is older than a twentieth of an interval", async () => {
  const made = world()
  void made.clock.delay(300).then(() => (made.heard = 8))
  void made.clock.delay(1_300).then(() => (made.heard = 9))
  between(await tookMs(made, 700), 600, 600 + LOOK_MS)
})

/** The instances of two masters with the same advert interval. */
const TWO = modelWith(instanceOf("10.4.0.50"), { ...otherInstance("10.8.0.50"), advertInterval: 1 })

test("createHolderWatch() waits with two instances until the masters of both have sent an advert", async () => {
  const made = world()
  void made.clock.delay(300).then(() => (made.heard = 8))
  void made.clock.delay(700).then(() => made.heardOfOther++)
  between(await tookMs(made, 0, TWO), 700, 700 + LOOK_MS)
  assert.equal(made.told, [])
})

test("createHolderWatch() does not wait with two instances when one advert is fresh and the other master lives", async () => {
  const made = world()
  void made.clock.delay(300).then(() => (made.heard = 8))
  void made.clock.delay(980).then(() => made.heardOfOther++)
  between(await tookMs(made, 1_000, TWO), 0, LOOK_MS)
})

test("createHolderWatch() waits for the adverts of those instances only that another node holds", async () => {
  const made = world()
  made.master = true
  void made.clock.delay(400).then(() => made.heardOfOther++)
  between(await tookMs(made, 0, TWO), 400, 400 + LOOK_MS)
})

test("createHolderWatch() waits while one of two masters is silent", async () => {
  const made = world()
  for (const ms of [500, 1_500, 2_500, 3_500, 4_500]) void made.clock.delay(ms).then(() => (made.heard = ms))
  between(await tookMs(made, 0, TWO), LIMIT_MS, LIMIT_MS + LOOK_MS)
})

test("createHolderWatch() looks at the master no more once it is stopped, also where a look fails", async () => {
  const made = world()
  made.error = new Error("EACCES")
  const watched = made.watch(MODEL)
  await made.clock.advance(120)
  watched.stop()
  await made.clock.advance(100)
  const { asked } = made
  await made.clock.advance(1_000)
  assert.is(made.asked, asked)
  assert.ok(made.told.length > 0)
})

test.run()
