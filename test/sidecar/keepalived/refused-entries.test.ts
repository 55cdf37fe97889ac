import { test } from "uvu"
import * as assert from "uvu/assert"
import { createPipeline } from "../../../src/core/pipeline.ts"
import type { RenderedConfig } from "../../../src/core/render/render.ts"
import { refusedEntriesOf } from "../../../src/sidecar/keepalived/refused-entries.ts"
import { cluster, id, input, service, SETTINGS } from "../../core/fixture.ts"
import { shippedTemplates } from "../../support/golden.ts"

const rendered = ((): RenderedConfig => {
  const services = [service("a"), service("b", { addresses: ["10.2.2.66"] })]
  const given = input({ "10.4.0.50": "default/a", "10.4.0.51": "default/b" }, cluster(services))
  const walked = createPipeline(SETTINGS, shippedTemplates())(given).rendered
  if (walked === null) throw new Error("the fixture has no model")
  return walked
})()
const lineOf = (text: string) => rendered.text.split("\n").findIndex((line) => line.includes(text)) + 1

test("culpritsOf() leads a line back to its entry", () => {
  const culprits = refusedEntriesOf(rendered, [
    { line: lineOf("real_server 10.2.2.66"), virtualServer: null, message: "no such host" },
  ])
  assert.equal([...culprits], [[id("10.4.0.51"), { code: "REFUSED_BY_KEEPALIVED", reason: "no such host" }]])
})

test("culpritsOf() leads the first and the last line of a block back to its entry", () => {
  const first = lineOf("virtual_server 10.4.0.50")
  const last = lineOf("# Service: default/b") - 2
  for (const line of [first, last])
    assert.equal(
      [...refusedEntriesOf(rendered, [{ line, virtualServer: null, message: "x" }]).keys()],
      [id("10.4.0.50")],
    )
})

test("culpritsOf() leads a virtual server back to its entry", () => {
  const culprits = refusedEntriesOf(rendered, [
    { line: null, virtualServer: "10.4.0.50 80 TCP", message: "has no real servers" },
  ])
  assert.equal([...culprits.keys()], [id("10.4.0.50")])
})

test("culpritsOf() blames no entry for a message about the head, or without a place", () => {
  const diagnostics = [
    { line: lineOf("priority"), virtualServer: null, message: "x" },
    { line: 100_000, virtualServer: null, message: "x" },
    { line: null, virtualServer: "10.4.0.99 80 TCP", message: "x" },
    { line: null, virtualServer: null, message: "There are 1 missing '}'s" },
  ]
  assert.is(refusedEntriesOf(rendered, diagnostics).size, 0)
})

test.run()
