import { test } from "uvu"
import * as assert from "uvu/assert"
import { faultCode, faultText, machineText, rootFaultCode } from "../../src/kit/fault.ts"

const circular = new Error("a")
circular.cause = circular

const texts: readonly [what: string, fault: unknown, text: string][] = [
  ["an error", new Error("Cannot read"), "Cannot read"],
  ["an error with causes", new Error("a", { cause: new Error("b", { cause: new Error("c") }) }), "a: b: c"],
  ["an error whose cause is a text", new Error("a", { cause: "b" }), "a: b"],
  ["a text", "a", "a"],
  ["something else", { kind: "x" }, "{ kind: 'x' }"],
  ["an error that causes itself", circular, "a"],
]
for (const [what, fault, text] of texts) {
  test(`faultText() of ${what}`, () => assert.is(faultText(fault), text))
}

test("faultCode() gives the code of the system, or null", () => {
  assert.is(faultCode(Object.assign(new Error("x"), { code: "ENOENT" })), "ENOENT")
  assert.is(faultCode(new Error("x")), null)
  assert.is(faultCode("ENOENT"), null)
})

test("machineText() is the operating system's message, without call and path", () => {
  const met = (message: string) => Object.assign(new Error(message), { code: /^[A-Z]+/.exec(message)?.[0] })
  const cause = met("ENOSPC: no space left on device, open '/a/.tmp-7-abc/f'")
  assert.is(machineText(new Error("Cannot publish the generation 7", { cause })), "ENOSPC: no space left on device")
  assert.is(machineText(met("EIO: i/o error, fsync")), "EIO: i/o error")
  assert.is(machineText(Object.assign(new Error("odd"), { code: "EXDEV" })), "EXDEV")
  assert.is(machineText(new TypeError("x is undefined")), null)
  assert.is(machineText("text"), null)
  assert.is(rootFaultCode(new Error("a", { cause: new Error("b", { cause }) })), "ENOSPC")
  assert.is(rootFaultCode(new Error("a")), null)
})

test.run()
