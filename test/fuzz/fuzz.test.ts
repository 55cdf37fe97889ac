import { test } from "uvu"
import * as assert from "uvu/assert"
import { figures } from "../support/figures.ts"
import { SETTINGS } from "../core/fixture.ts"
import { createBatch } from "./batch.ts"
import { createTry, filesOf } from "./case.ts"
import { corpusCases } from "./corpus-cases.ts"
import { CORPUS } from "./hostile.ts"
import { alienIn, compareStructure, structureOf } from "./judge.ts"
import { createWalk } from "./walk.ts"

/** The keepalived.conf of the harmless objects. */
function harmlessText(): string {
  const walked = createWalk(SETTINGS, new Map())(filesOf({ writer: "sync", attempts: [] }), { node: "n1" })
  assert.is(walked.problems, 0)
  return walked.text ?? ""
}

test("any string in any field is refused or leaves the structure of keepalived.conf as it is: generated ones (faults 58, 59)", () => {
  const batch = createBatch()
  // Each run another: what one misses, a later one finds; the seed is in the message.
  const seed = Date.now() % 2 ** 31
  const failed = batch.run({ seed, cases: 80 })
  assert.is(failed, null, `SEED=${seed} make fuzz: ${failed}`)
  figures(batch.counts)
  assert.ok(batch.counts.values > 400)
})

test("any string in any field is refused or leaves the structure of keepalived.conf as it is: the seed corpus (faults 58, 59)", () => {
  const attempt = createTry()
  // Each text in some fields of each file; `make fuzz` begins with all texts in all fields.
  for (const [n, one] of corpusCases().entries())
    if (n % 97 === 0) assert.is(attempt(one).why, null, JSON.stringify(one))
})

test("the judge takes what is harmless for the same, and what lacks a block for fewer", () => {
  const text = harmlessText()
  const base = structureOf(text)
  assert.equal(compareStructure(text, base), { kind: "same" })
  assert.equal(compareStructure(text.replaceAll("10.2.0.1 ", "10.7.0.1 "), base), { kind: "same" })
  const without = text.replace(/\n# Service: default\/fuzzed-3\n[^]*?\n}\n/, "")
  assert.equal(compareStructure(without, base), { kind: "fewer" })
  assert.is(alienIn(without, base), null)
})

test("the judge sees each text of the corpus where a value of keepalived.conf is replaced by it as it is", () => {
  const harmless = harmlessText()
  const base = structureOf(harmless)
  for (const [name, text] of CORPUS) {
    const spoilt = harmless.replace("10.2.0.1 8080", () => `${text} 8080`)
    assert.is(compareStructure(spoilt, base).kind, "alien", name)
    assert.ok(alienIn(spoilt, base) !== null, name)
  }
})

test("the judge sees what only a template of ours could do", () => {
  const text = harmlessText()
  const base = structureOf(text)
  for (const spoilt of [
    text.replace("nopreempt", "preempt"),
    text.replace("lvs_method NAT", 'quorum_up "/bin/sh"'),
    text.replace("weight 1\n", "weight 1\n    weight 1\n"),
    text.replace("  }\n}\n", "}\n"),
    text.replace("global_defs {", "global_defs"),
    `${text}}`,
    `include /etc/passwd\n${text}`,
    text.replace("protocol TCP", "protocol TCP # UDP"),
  ])
    assert.is(compareStructure(spoilt, base).kind, "alien", spoilt.slice(0, 40))
})

test.run()
