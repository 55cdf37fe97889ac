import { test } from "uvu"
import * as assert from "uvu/assert"
import { connectionless, newlyConnectionless } from "../../../src/sidecar/effect/intended.ts"
import { createStaleFlows, type StaleFlows } from "../../../src/sidecar/effect/stale-flows.ts"
import { service } from "../../core/fixture.ts"
import { createFakeClock, type FakeClock } from "../../support/clock.ts"
import { knownGood } from "../fake-node.ts"

const DNS = service("dns", {
  ports: [
    { protocol: "UDP", port: 53 },
    { protocol: "TCP", port: 53 },
  ],
})
const SAME = service("same", { ports: [{ protocol: "UDP", targetPort: 80 }], targetPort: 80 })
const modelOf = (data: Readonly<Record<string, string>>, services = [DNS, SAME]) =>
  knownGood(data, services).record.model
const [A, B] = ["10.4.0.50 53 UDP", "10.4.0.51 53 UDP"] as const
const MODEL = modelOf({ "10.4.0.50": "default/dns", "10.4.0.51": "default/dns" })

interface World {
  readonly clock: FakeClock
  readonly flows: StaleFlows
  readonly asked: string[]
  readonly told: string[]
  /** Names of the virtual servers at which the kernel fails. */
  readonly failing: Set<string>
}

function world(snat: "masquerade" | "none" = "masquerade"): World {
  const clock = createFakeClock()
  const [asked, told, failing] = [[] as string[], [] as string[], new Set<string>()]
  const flows = createStaleFlows({
    snat,
    clock,
    kernel: {
      forgetFlows: ({ address, port, protocol }) => {
        const name = `${address} ${port} ${protocol}`
        asked.push(name)
        return failing.has(name) ? Promise.reject(new Error("conntrack is missing")) : Promise.resolve(2)
      },
    },
    forgotten: (server, count) => told.push(`${count} of ${server}`),
    onOutcome: (error) => told.push(error instanceof Error ? String(error) : "works"),
  })
  return { clock, flows, asked, told, failing }
}

test("appeared() has the flows of each virtual server forgotten, and says how many there were (fault 231)", async () => {
  const { flows, asked, told } = world()
  flows.appeared(connectionless(MODEL))
  await flows.idle()
  assert.equal(asked, [A, B])
  assert.equal(told, [`2 of ${A}`, `2 of ${B}`])
})

test("appeared() runs nothing if no server appeared, or nothing is masqueraded", async () => {
  const [none, quiet] = [world("none"), world()]
  none.flows.appeared(connectionless(MODEL))
  quiet.flows.appeared([])
  await Promise.all([none.flows.idle(), quiet.flows.idle()])
  assert.equal([none.asked, quiet.asked], [[], []])
})

test("appeared() tells of a failure once, and tries again what was not done (fault 231)", async () => {
  const { flows, asked, told, failing, clock } = world()
  failing.add(A)
  flows.appeared(connectionless(MODEL))
  await clock.advance(40_000)
  assert.equal(asked, [A, A, A])
  failing.clear()
  await clock.advance(15_000)
  assert.equal(asked.slice(3), [A, B])
  assert.equal(told, ["Error: conntrack is missing", `2 of ${A}`, `2 of ${B}`, "works"])
  await clock.advance(60_000)
  assert.is(asked.length, 5)
})

test("appeared() while a round is under way is looked at in the next", async () => {
  const { flows, asked } = world()
  flows.appeared(connectionless(modelOf({ "10.4.0.50": "default/dns" })))
  flows.appeared(connectionless(MODEL))
  await flows.idle()
  assert.equal([...new Set(asked)], [A, B])
  flows.stop()
})

test("connectionless() names the virtual servers that forward UDP by NAT", () => {
  assert.equal(
    connectionless(MODEL).map(({ protocol }) => protocol),
    ["UDP", "UDP"],
  )
  assert.equal(connectionless(modelOf({ "10.4.0.50": "default/same:DR" })), [])
})

const one = { "10.4.0.50": "default/same" }
const fresh: [what: string, before: Readonly<Record<string, string>> | null, count: number][] = [
  ["nothing ran", null, 1],
  ["the VIP is new", {}, 1],
  ["the VIP had no Service", { "10.4.0.50": "" }, 1],
  ["it forwarded by DR", { "10.4.0.50": "default/same:DR" }, 1],
  ["it forwarded already", one, 0],
]
for (const [what, before, count] of fresh)
  test(`newlyConnectionless() where ${what}: ${count}`, () =>
    assert.is(newlyConnectionless(modelOf(one), before === null ? null : modelOf(before)).length, count))

test.run()
