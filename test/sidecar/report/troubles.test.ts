import { test } from "uvu"
import * as assert from "uvu/assert"
import { decodeNodeEvent, encodeNodeEvent, type Trouble } from "../../../src/contract/node/history.ts"
import type { Status } from "../../../src/contract/status.ts"
import { createTroubleNotes } from "../../../src/sidecar/report/troubles.ts"
import { STATUS } from "../../cli/support/volume.ts"
import { createFakeClock } from "../../support/clock.ts"
import { vip } from "../page/fixture.ts"

const broken = (...names: string[]) =>
  names.map((name) => vip(name, { state: "held", problem: { code: "BAD_PORT", message: "x" } }))
const drift = { code: "DRIFT", severity: "error", path: [], place: null, message: "10.4.0.50 is gone" } as const

const cases: readonly [what: string, before: Partial<Status>, after: Partial<Status>, noted: readonly string[]][] = [
  ["nothing is wrong", {}, {}, []],
  ["an entry breaks", {}, { vips: broken("10.4.0.50") }, ["held: 10.4.0.50 is held (BAD_PORT)"]],
  ["it stays broken", { vips: broken("10.4.0.50") }, { vips: broken("10.4.0.50") }, []],
  [
    "many break",
    {},
    { vips: broken("a", "b", "c", "d", "e") },
    ["held: a is held (BAD_PORT), b is held (BAD_PORT), c is held (BAD_PORT) and 2 more"],
  ],
  [
    "a generation is rejected, which holds all VIPs",
    {},
    { outcome: "rejected", code: "CONFIG_REJECTED", reason: "line 4", vips: broken("a") },
    ["rejected: CONFIG_REJECTED: line 4"],
  ],
  [
    "a guard holds it",
    {},
    { outcome: "rejected", code: "MASS_REMOVAL", reason: "too many" },
    ["guard: MASS_REMOVAL: too many"],
  ],
  [
    "it is rolled back",
    {},
    { outcome: "rolled-back", code: "ROLLED_BACK", reason: "no" },
    ["rolled-back: ROLLED_BACK: no"],
  ],
  [
    "the kernel was repaired",
    { drift: "found" },
    { drift: "repaired", problems: [drift] },
    ["repair: 10.4.0.50 is gone"],
  ],
]
for (const [what, before, after, noted] of cases)
  test(`createTroubleNotes() notes what begins if ${what}`, () => {
    const found: Trouble[] = []
    const note = createTroubleNotes({ add: (event) => found.push(event), clock: createFakeClock() })
    note(null, { ...STATUS, ...before })
    note({ ...STATUS, ...before }, { ...STATUS, ...after })
    assert.equal(
      found.map((event) => `${event.what}: ${event.reason}`),
      noted,
    )
    for (const event of found) {
      assert.equal([event.sequence, event.time], [STATUS.observedGeneration, STATUS.time])
      assert.equal(decodeNodeEvent(encodeNodeEvent(event)), event)
    }
  })

test("createTroubleNotes() notes a trouble that comes and goes once a minute", async () => {
  const found: Trouble[] = []
  const clock = createFakeClock()
  const note = createTroubleNotes({ add: (event) => found.push(event), clock })
  for (let turn = 0; turn < 120; turn++) {
    note(STATUS, { ...STATUS, vips: broken(`10.4.0.${turn}`) })
    await clock.advance(1_000)
  }
  assert.is(found.length, 2)
})

test.run()
