import { test } from "uvu"
import * as assert from "uvu/assert"

import { ApiFault } from "../../src/kubernetes/api-fault.ts"
import { again } from "../../src/plugin/again.ts"

test("again() prints what changes, says a fault and goes on, and ends with the signal", async () => {
  const interrupt = new AbortController()
  const looks = ["a\n", "a\n", new ApiFault("Cannot list leases", { status: null }), "b\n"]
  const said: string[] = []
  const screen = { out: (text: string) => void said.push(text), err: () => {}, colour: false }
  const look = async () => {
    const next = looks.shift()
    if (looks.length === 0) interrupt.abort()
    if (typeof next === "string") return next
    throw next
  }
  await again(look, { screen, clear: () => void said.push("clear"), signal: interrupt.signal, everyMs: 1 })
  assert.equal(said, ["clear", "a\n", "clear", "kubectl kkv: Cannot list leases\n", "clear", "b\n"])
})

test("again() a bug ends it", async () => {
  const screen = { out: () => {}, err: () => {}, colour: false }
  const bug = new TypeError("a bug")
  const found = await again(() => Promise.reject(bug), {
    ...{ screen, clear: () => {}, signal: new AbortController().signal, everyMs: 1 },
  }).catch((error: unknown) => error)
  assert.is(found, bug)
})

test.run()
