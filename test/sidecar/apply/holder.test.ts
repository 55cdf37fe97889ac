import { test } from "uvu"
import * as assert from "uvu/assert"
import { createHolderWait, type HolderOptions } from "../../../src/sidecar/apply/holder.ts"
import { service } from "../../core/fixture.ts"
import { createFakeClock, type FakeClock } from "../../support/clock.ts"
import { knownGood } from "../fake-node.ts"

const ADVERT_MS = 1_000
const LOOK_MS = ADVERT_MS / 4
const LIMIT_MS = 5 * ADVERT_MS
const MODEL = knownGood({ "10.4.0.50": "default/a" }, [service("a")]).remembered.model

interface World {
  readonly clock: FakeClock
  readonly told: string[]
  /** Null: keepalived does not tell. */
  heard: number | null
  error: Error | null
  asked: number
  master: boolean
  readonly wait: ReturnType<typeof createHolderWait>
}

function world(): World {
  const clock = createFakeClock()
  const options: HolderOptions = {
    clock,
    advertsHeard: () => {
      made.asked++
      return made.error === null ? Promise.resolve(made.heard) : Promise.reject(made.error)
    },
    addresses: () => Promise.resolve(new Set(made.master ? [MODEL.vrrp.anchor] : [])),
    failed: (error) => made.told.push(String(error)),
    waited: ({ ms, ended }) => made.told.push(`${ms} ${ended}`),
  }
  const made: World = {
    clock,
    told: [],
    heard: 7,
    error: null,
    asked: 0,
    master: false,
    wait: createHolderWait(options),
  }
  return made
}

/** How long a wait took; null when it has not ended when the time is over. */
async function tookMs({ clock, wait }: World): Promise<number | null> {
  let took: number | null = null
  void wait(MODEL).then((ms) => (took = ms))
  for (let ms = 0; ms <= LIMIT_MS + 1_000 && took === null; ms += 10) await clock.advance(10)
  return took
}

function between(took: number | null, least: number, most: number): void {
  assert.ok(took !== null && took >= least && took <= most, `${took} ms`)
}

test("createHolderWait() asks nobody on the master", async () => {
  const made = world()
  made.master = true
  assert.is(await tookMs(made), 0)
  assert.is(made.asked, 0)
})

test("createHolderWait() does not wait where keepalived does not tell what it hears", async () => {
  const made = world()
  made.heard = null
  assert.is(await tookMs(made), 0)
})

test("createHolderWait() does not wait where the question fails, and says so", async () => {
  const made = world()
  made.error = new Error("EACCES")
  assert.is(await tookMs(made), 0)
  assert.equal(made.told, ["Error: EACCES"])
})

for (const afterMs of [10, 400, 990])
  test(`createHolderWait() waits for the next advert, and says nothing of it (${afterMs} ms)`, async () => {
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
  test(`createHolderWait() waits while the master is silent, until ${what}`, async () => {
    const made = world()
    void made.clock.delay(2_000).then(() => change(made))
    const took = await tookMs(made)
    const least = ended === "limit" ? LIMIT_MS : 2_000
    between(took, least, least + LOOK_MS)
    assert.equal(made.told, [`${took} ${ended}`])
  })

test.run()
