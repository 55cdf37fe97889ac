import { test } from "uvu"
import * as assert from "uvu/assert"
import { createHolderWait, type HolderOptions } from "../../../src/sidecar/nodes/holder.ts"
import type { Answer } from "../../../src/sidecar/nodes/judge.ts"
import { service } from "../../core/fixture.ts"
import { createFakeClock, type FakeClock } from "../../support/clock.ts"
import { knownGood } from "../fake-node.ts"

const ADVERT_MS = 1_000
const LIMIT_MS = 5 * ADVERT_MS
const modelOf = (entries: Readonly<Record<string, string>>, port = 80) =>
  knownGood(entries, [service("a", { ports: [{ port }] })]).remembered.model
const MODEL = modelOf({ "10.4.0.50": "default/a", "10.4.0.51": "" })

interface World {
  readonly clock: FakeClock
  readonly asked: string[]
  readonly told: string[]
  answer: Answer
  master: boolean
  readonly wait: ReturnType<typeof createHolderWait>
}

function world(): World {
  const clock = createFakeClock()
  const options: HolderOptions = {
    port: 10256,
    clock,
    ask: ({ address, port }) => {
      made.asked.push(`${address}:${port}`)
      return Promise.resolve(made.answer)
    },
    addresses: () => Promise.resolve(new Set(made.master ? [MODEL.vrrp.anchor] : [])),
    waited: ({ vip, ms, ended }) => made.told.push(`${vip} ${ms} ${ended}`),
  }
  const made: World = { clock, asked: [], told: [], answer: "refused", master: false, wait: createHolderWait(options) }
  return made
}

/** How long a wait took; null when it has not ended when the time is over. */
async function tookMs({ clock, wait }: World, model = MODEL, within = LIMIT_MS + 1_000): Promise<number | null> {
  let took: number | null = null
  void wait(model).then((ms) => (took = ms))
  for (let ms = 0; ms <= within && took === null; ms += 10) await clock.advance(10)
  return took
}

for (const answer of ["accepted", "refused", "unknown"] as const)
  test(`createHolderWait() does not wait where the VIP's holder says ${answer}`, async () => {
    const made = world()
    made.answer = answer
    assert.is(await tookMs(made), 0)
    assert.equal([made.asked, made.told], [["10.4.0.50:10256"], []])
  })

test("createHolderWait() asks nobody on the master", async () => {
  const made = world()
  made.master = true
  assert.is(await tookMs(made), 0)
  assert.equal(made.asked, [])
})

test("createHolderWait() does not wait where no holder has ever answered: a firewall may drop the question", async () => {
  const made = world()
  made.answer = "silent"
  assert.is(await tookMs(made), 0)
})

for (const [what, change, ended] of [
  ["this node has the VIPs", (made: World) => (made.master = true), "master"],
  ["another node has the VIPs", (made: World) => (made.answer = "accepted"), "answered"],
  ["the time is over", () => undefined, "limit"],
] as const)
  test(`createHolderWait() waits while the holder is silent, until ${what}`, async () => {
    const made = world()
    await made.wait(MODEL)
    made.answer = "silent"
    void made.clock.delay(2_000).then(() => change(made))
    const took = (await tookMs(made)) ?? -1
    const [least, most] = ended === "limit" ? [LIMIT_MS, LIMIT_MS + 100] : [2_000, 2_100]
    assert.ok(took >= least && took <= most, `${took} ms`)
    assert.match(made.told.join(), new RegExp(`^10\\.4\\.0\\.50 ${took} ${ended}$`))
  })

test("createHolderWait() asks a VIP that forwards nothing on the port, and nobody where there is none", async () => {
  const made = world()
  assert.is(await tookMs(made, modelOf({ "10.4.0.50": "default/a", "10.4.0.51": "" }, 10256)), 0)
  assert.is(await tookMs(made, modelOf({ "10.4.0.50": "default/a" }, 10256)), 0)
  assert.is(await tookMs(made, modelOf({})), 0)
  assert.equal(made.asked, ["10.4.0.51:10256"])
})

test.run()
