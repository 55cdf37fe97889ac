import * as fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"

import type { LastGoodEntry } from "../../../src/core/model/last-good.ts"
import { id, input, vipsIn } from "../fixture.ts"
import { YAML_MARKS } from "../yaml-marks.ts"
import { A, B, build, OBJECTS, ran, TEXT } from "./long-forms.ts"

test("createModelBuilder() makes of any text of an entry only VIPs that it names, and does not change its neighbour (fault 295)", () => {
  const alone = build(input({ "10.4.0.60": "default/b" }, OBJECTS))
  const words = fc.constantFrom(
    ...["addresses: ", "services: ", "service: ", "ports: ", "method: DR", "scheduler: rr", "persistence: 5"],
    ...[...YAML_MARKS, "&a", "x"],
    ...[A, B, "default/a", "default/b", "80", "http", "port: 81", "servicePort: 80"],
  )
  const text = fc.oneof(
    fc.string(),
    fc.array(words, { maxLength: 30 }).map((all) => all.join("")),
    fc.array(words, { maxLength: 12 }).map((all) => `${TEXT}\n${all.join("")}`),
  )
  fc.assert(
    fc.property(text, fc.boolean(), (value, hasRun) => {
      const lastGood: ReadonlyMap<string, LastGoodEntry> = hasRun ? ran(TEXT) : new Map()
      const { entries, model } = build(input({ web: value, "10.4.0.60": "default/b" }, OBJECTS, { lastGood }))
      const [neighbour] = entries.filter(({ declaration }) => declaration.id === id("10.4.0.60"))
      assert.is(neighbour?.state, "good")
      assert.equal(neighbour?.vip, alone.entries[0]?.vip)
      for (const { address } of vipsIn(model))
        assert.ok(address === "10.4.0.60" || value.includes(address) || (hasRun && TEXT.includes(address)), address)
    }),
    { numRuns: 1_000 },
  )
})

test.run()
