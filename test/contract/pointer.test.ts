import { test } from "uvu"
import * as assert from "uvu/assert"

import { decodePointer, encodePointer, isSameWriter, type Pointer } from "../../src/contract/pointer.ts"

const pointer: Pointer = {
  sequence: 12,
  writer: { bootId: "6f3b2a30-0000-4000-8000-000000000000", pid: 7, startedAtUptime: 12.5 },
  directory: "00000000000000000012-0123456789ab",
  manifestSha256: "a".repeat(64),
  counts: { files: 3, configMaps: 1, services: 1, endpoints: 5, nodes: 3 },
}
const text = encodePointer(pointer)

test("decodePointer() gives back what encodePointer() was given", () => {
  const decoded = decodePointer(text)
  assert.is(decoded.kind, "value")
  assert.is(decoded.kind === "value" ? encodePointer(decoded.value) : "", text)
})

test("decodePointer() gives no value for a text cut at any byte", () => {
  // The last character is the line end; without it the text is still whole.
  for (let end = 0; end < text.length - 1; end++) assert.equal(decodePointer(text.slice(0, end)).kind, "problems")
})

test("decodePointer() tells another schema from a broken file", () => {
  assert.equal(decodePointer(text.replace('"schema": 2', '"schema": 3')), { kind: "unknown-schema", schema: "3" })
})

test("decodePointer() drops what a later release may add", () => {
  assert.is(decodePointer(text.replace('"schema": 2', '"schema": 2, "more": {}')).kind, "value")
})

const hostile: readonly [what: string, from: string | RegExp, to: string][] = [
  ["a directory above the volume", pointer.directory, "../../etc"],
  ["an absolute directory", pointer.directory, "/etc"],
  ["a directory with a NUL", pointer.directory, `${pointer.directory.slice(0, 32)}\\u0000`],
  ["a directory 5,000 long", pointer.directory, "0".repeat(5000)],
  ["a directory of another sequence", pointer.directory, "00000000000000000013-0123456789ab"],
  ["a line end after the directory", pointer.directory, `${pointer.directory}\\n`],
  ["a sequence that is a text", '"sequence": 12', '"sequence": "12"'],
  ["a sequence of 2^63", '"sequence": 12', '"sequence": 9223372036854775808'],
  ["a negative sequence", '"sequence": 12', '"sequence": -1'],
  ["a short checksum", "a".repeat(64), "a".repeat(63)],
  ["no counts", /,\s*"counts": \{[^}]*\}/, ""],
  ["a byte order mark", "{", "\ufeff{"],
]
for (const [what, from, to] of hostile) {
  test(`decodePointer() refuses ${what}`, () => assert.is(decodePointer(text.replace(from, to)).kind, "problems"))
}

test("isSameWriter() tells one life of a program from the next", () => {
  const { writer } = pointer
  assert.ok(isSameWriter(writer, { ...writer }))
  assert.not(isSameWriter(writer, { ...writer, startedAtUptime: 13 }))
  assert.not(isSameWriter(writer, { ...writer, pid: 8 }))
  assert.not(isSameWriter(writer, { ...writer, bootId: "x" }))
})

test.run()
