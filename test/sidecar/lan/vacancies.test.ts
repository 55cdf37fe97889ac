import { test } from "uvu"
import * as assert from "uvu/assert"
import { createLog } from "../../../src/kit/process/log.ts"
import { createVacancies, type Round } from "../../../src/sidecar/lan/vacancies.ts"
import { createFakeClock } from "../../support/clock.ts"

const STRANGER = "02:00:00:00:00:99"
const PEER = "02:00:00:00:00:04"
const ROUND: Round = { interface: "eth0", anchor: "169.254.50.1", peers: ["10.4.0.4", "10.4.0.5"] }
const PROBE_MS = 2_000

/** A LAN, a fake: who answers for what. A station answers at once; silence takes its time. */
function lanWith(answers: Readonly<Record<string, string>>, { isMaster = true } = {}) {
  const clock = createFakeClock()
  const asked: string[] = []
  const stations = new Map(Object.entries({ "10.4.0.4": PEER, "10.4.0.5": "02:00:00:00:00:05", ...answers }))
  let changes = 0
  let [open, mostOpen] = [0, 0]
  const ask = async (address: string) => {
    asked.push(address)
    mostOpen = Math.max(mostOpen, ++open)
    const mac = stations.get(address) ?? null
    if (mac === null) await clock.delay(PROBE_MS)
    open--
    return mac
  }
  const state = { isMaster }
  const vacancies = createVacancies({
    lan: { probe: (_, address) => ask(address), resolve: (_, address) => ask(address) },
    isMaster: () => Promise.resolve(state.isMaster),
    onChange: () => changes++,
    clock,
    log: createLog({}, { level: "silent" }),
    random: () => 0.5,
  })
  const waiting = (...addresses: readonly string[]) =>
    [...vacancies.waiting([{ addresses, round: ROUND }])].map(
      ([address, wait]) => `${address} ${"mac" in wait ? wait.mac : wait.kind}`,
    )
  return { clock, asked, stations, state, vacancies, waiting, changes: () => changes, mostOpen: () => mostOpen }
}

test("waiting() accepts an address without an answer, and holds one with a stranger's MAC (fault 214)", async () => {
  const { clock, waiting, asked, changes } = lanWith({ "10.4.0.51": STRANGER })
  assert.equal(waiting("10.4.0.50", "10.4.0.51"), ["10.4.0.50 asked", "10.4.0.51 asked"])
  await clock.advance(500)
  assert.equal([changes(), waiting("10.4.0.50", "10.4.0.51")], [1, ["10.4.0.50 asked", `10.4.0.51 ${STRANGER}`]])
  await clock.advance(PROBE_MS)
  assert.equal([changes(), waiting("10.4.0.50", "10.4.0.51")], [2, [`10.4.0.51 ${STRANGER}`]])
  assert.equal(asked.filter((address) => address === "10.4.0.50").length, 1)
})

test("waiting() asks again, ever more seldom, and lets an address in when it is free (fault 214)", async () => {
  const { clock, waiting, asked, stations, changes } = lanWith({ "10.4.0.51": STRANGER })
  const times = () => asked.filter((address) => address === "10.4.0.51").length
  waiting("10.4.0.51")
  await clock.advance(1_000)
  for (const [ms, count] of [
    [5_000, 2],
    [10_000, 3],
    [20_000, 4],
    [40_000, 5],
    [60_000, 6],
    [60_000, 7],
  ] as const) {
    await clock.advance(ms)
    assert.is(times(), count)
  }
  assert.is(changes(), 1)
  stations.clear()
  await clock.advance(70_000)
  assert.equal([changes(), waiting("10.4.0.51")], [2, []])
})

test("waiting() takes an answer of a peer for none of a stranger (fault 215)", async () => {
  const { clock, waiting } = lanWith({ "10.4.0.50": PEER })
  waiting("10.4.0.50")
  await clock.advance(PROBE_MS + 500)
  assert.equal(waiting("10.4.0.50"), [])
})

test("waiting() has a backup ask for nothing but the master, once (fault 215)", async () => {
  const { clock, waiting, asked } = lanWith({ "169.254.50.1": PEER, "10.4.0.50": STRANGER }, { isMaster: false })
  waiting("10.4.0.50", "10.4.0.51")
  await clock.advance(500)
  assert.equal([waiting("10.4.0.50", "10.4.0.51"), asked], [[], ["169.254.50.1"]])
})

test("waiting() makes a node ask without a master: the node may become master (fault 214)", async () => {
  const { clock, waiting } = lanWith({ "10.4.0.50": STRANGER }, { isMaster: false })
  waiting("10.4.0.50")
  await clock.advance(PROBE_MS + 500)
  assert.equal(waiting("10.4.0.50"), [`10.4.0.50 ${STRANGER}`])
})

test("waiting() lets what it held in where another node is master by now (fault 215)", async () => {
  const { clock, waiting, stations, state } = lanWith({ "10.4.0.50": STRANGER })
  waiting("10.4.0.50")
  await clock.advance(500)
  assert.equal(waiting("10.4.0.50"), [`10.4.0.50 ${STRANGER}`])
  state.isMaster = false
  stations.set("169.254.50.1", PEER)
  await clock.advance(10_000)
  assert.equal(waiting("10.4.0.50"), [])
})

test("waiting() asks for a thousand addresses in half a minute, 64 at a time, with a look or two for each turn", async () => {
  const { clock, waiting, changes, mostOpen } = lanWith({})
  const all = Array.from({ length: 1_000 }, (_, n) => `10.5.${Math.floor(n / 250)}.${n % 250}`)
  waiting(...all)
  await clock.advance(35_000)
  assert.equal(waiting(...all), [])
  assert.is(mostOpen(), 64)
  assert.ok(changes() <= 16, `${changes()} looks`)
})

test("waiting() forgets addresses that are not named any more, and asks for them again", async () => {
  const { clock, waiting, asked } = lanWith({ "10.4.0.50": STRANGER })
  waiting("10.4.0.50")
  await clock.advance(500)
  assert.equal(waiting(), [])
  await clock.advance(600_000)
  assert.is(asked.filter((address) => address === "10.4.0.50").length, 1)
  assert.equal(waiting("10.4.0.50"), ["10.4.0.50 asked"])
})

test("waiting() accepts an address when the LAN cannot be asked", async () => {
  const clock = createFakeClock()
  const fails = () => Promise.reject(new Error("no LAN"))
  const vacancies = createVacancies({
    lan: { probe: fails, resolve: fails },
    isMaster: () => Promise.resolve(true),
    onChange: () => undefined,
    clock,
    log: createLog({}, { level: "silent" }),
  })
  vacancies.waiting([{ addresses: ["10.4.0.50"], round: ROUND }])
  await clock.advance(500)
  assert.is(vacancies.waiting([{ addresses: ["10.4.0.50"], round: ROUND }]).size, 0)
})

test.run()
