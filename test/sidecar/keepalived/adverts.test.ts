import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { advertsIn, askForAdverts } from "../../../src/sidecar/keepalived/adverts.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"

/** As keepalived 2.2.7 and 2.3.3 write it, in short. */
const statistics = (received: number, priorityZero: number) => `VRRP Instance: vips
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
  ["all that were received", statistics(12, 0), 12],
  ["none of a master that goes", statistics(12, 2), 10],
  ["nothing where the file is empty", "", null],
  ["nothing where the file ends too early", statistics(12, 2).slice(0, -20), null],
  ["nothing of another file", "VRRP Instance: vips\n  Received: 3\n", null],
] as const)
  test(`advertsIn() counts ${what}`, () => {
    assert.is(advertsIn(text), count)
  })

test("askForAdverts() reads what is written after the signal, and nothing older", () =>
  withTemporaryDirectory(async (directory) => {
    const file = join(directory, "keepalived.stats")
    writeFileSync(file, statistics(1, 0))
    const write = (text: string) => setTimeout(() => writeFileSync(file, text), 20)
    assert.is(await askForAdverts(directory, () => write(statistics(7, 1))), 6)
    assert.is(await askForAdverts(directory, () => undefined), null)
  }))

test.run()
