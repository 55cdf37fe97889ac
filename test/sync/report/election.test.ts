import { test } from "uvu"
import * as assert from "uvu/assert"

import { createElection } from "../../../src/sync/report/election.ts"
import { createFakeClock } from "../../support/clock.ts"
import { createFakeObjects } from "./fake-objects.ts"

const path = { group: "coordination.k8s.io", version: "v1", plural: "leases", namespace: "kkv", name: "reporter.vips" }

function scene() {
  const api = createFakeObjects()
  const clock = createFakeClock()
  const start = Date.UTC(2026, 0, 1)
  const candidate = (identity: string) =>
    createElection({ api, path, identity, clock, random: () => 0.5, now: () => new Date(start + clock.now()) })
  return { api, clock, candidate }
}

test("createElection() chooses one, who stays it while it renews", async () => {
  const { clock, candidate } = scene()
  const [a, b] = [candidate("a"), candidate("b")]
  assert.ok(await a.renew(0))
  for (let second = 0; second < 300; second++) {
    assert.not(await b.renew(1))
    assert.ok(await a.renew(0))
    await clock.advance(1000)
  }
})

test("createElection() gives way 45 s after the last renewal, and the first does not believe itself so long", async () => {
  const { clock, candidate } = scene()
  const [a, b] = [candidate("a"), candidate("b")]
  await a.renew(0)
  assert.not(await b.renew(0))
  await clock.advance(29_000)
  assert.not(await b.renew(0))
  await clock.advance(2000)
  // Its last renewal is 31 s ago and it could not make another: it is not the one any more, before another can be.
  assert.not(await b.renew(0))
  await clock.advance(30_000)
  assert.ok(await b.renew(0))
  assert.not(await a.renew(0))
})

test("createElection() lets only one of two take what is free", async () => {
  const { clock, candidate } = scene()
  const dead = candidate("dead")
  await dead.renew(0)
  const [a, b] = [candidate("a"), candidate("b")]
  await Promise.all([a.renew(0), b.renew(0)])
  await clock.advance(61_000)
  const chosen = await Promise.all([a, b].map((one) => one.renew(0)))
  assert.is(chosen.filter(Boolean).length, 1)
})

test("createElection() asks seldom: who is far down the list, ever more seldom", async () => {
  const { api, clock, candidate } = scene()
  await candidate("a").renew(0)
  let asked = 0
  const { get } = api
  api.get = (of) => {
    asked += 1
    return get(of)
  }
  const far = candidate("z")
  for (let second = 0; second < 600; second++) {
    await far.renew(400)
    // Somebody else renews all the time.
    await api.patch(path, { spec: { renewTime: String(second) } })
    await clock.advance(1000)
  }
  assert.is(asked, 1)
})

test("createElection() lets another take over at once after release()", async () => {
  const { clock, candidate } = scene()
  const [a, b] = [candidate("a"), candidate("b")]
  await a.renew(0)
  assert.not(await b.renew(0))
  await a.release()
  assert.not(await a.renew(5))
  await clock.advance(15_000)
  assert.ok(await b.renew(0))
})

test.run()
