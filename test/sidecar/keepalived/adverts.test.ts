import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { systemClock } from "../../../src/kit/time/clock.ts"
import { advertsIn, askForAdverts } from "../../../src/sidecar/keepalived/adverts.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"

/** As keepalived 2.2.7 and 2.3.3 write it, in short. */
const statistics = (received: number, priorityZero: number, name = "vips") => `VRRP Instance: ${name}
  Advertisements:
    Received: ${received}
    Sent: 1
  Became master: 1
  Released master: 1
  Packet Errors:
    Length: 0
  Authentication Errors:
    Failure: 0
  Priority Zero:
    Received: ${priorityZero}
    Sent: 0
`

for (const [what, text, count] of [
  ["all that were received", statistics(12, 0), { vips: 12 }],
  ["none of a master that goes", statistics(12, 2), { vips: 10 }],
  ["those of each instance", statistics(12, 2) + statistics(7, 0, "lan"), { vips: 10, lan: 7 }],
  [
    "nothing where the second instance is not complete",
    statistics(12, 2) + statistics(7, 0, "lan").slice(0, -20),
    null,
  ],
  ["nothing where the file is empty", "", null],
  ["nothing where the file ends too early", statistics(12, 2).slice(0, -20), null],
  ["nothing of another file", "VRRP Instance: vips\n  Received: 3\n", null],
] as const)
  test(`advertsIn() counts ${what}`, () => {
    assert.equal(advertsIn(text), count === null ? null : new Map(Object.entries(count)))
  })

test("askForAdverts() reads what is written after the signal, and nothing older", () =>
  withTemporaryDirectory(async (directory) => {
    const file = join(directory, "keepalived.stats")
    writeFileSync(file, statistics(1, 0))
    const write = (text: string) => setTimeout(() => writeFileSync(file, text), 20)
    assert.equal(await askForAdverts(directory, systemClock, () => write(statistics(7, 1))), new Map([["vips", 6]]))
    assert.is(await askForAdverts(directory, systemClock, () => undefined), null)
  }))

test.run()
