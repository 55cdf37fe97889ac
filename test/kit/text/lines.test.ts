import * as fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { LineTooLong, linesOf } from "../../../src/kit/text/lines.ts"

async function* streamOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(chunk)
}

async function linesIn(chunks: readonly Uint8Array[], longest = 1000): Promise<readonly string[]> {
  const lines: string[] = []
  for await (const line of linesOf(streamOf(chunks), longest)) lines.push(line.toString("utf8"))
  return lines
}

test("linesOf() splits at line feeds alone, wherever the chunks end", async () => {
  const lines = fc.array(
    fc.string({ unit: fc.constantFrom("a", "é", "\u2028", "\u2029", "\r", "\u0085", "😀"), maxLength: 6 }),
  )
  await fc.assert(
    fc.asyncProperty(lines, fc.array(fc.nat({ max: 60 })), async (texts, cuts) => {
      const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(""))
      const places = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length]
      const chunks = places.slice(1).map((end, at) => bytes.subarray(places[at], end))
      assert.equal(await linesIn(chunks), texts)
    }),
  )
})

test("linesOf() drops what follows the last line feed", async () => {
  assert.equal(await linesIn([Buffer.from('{"a":1}\n{"b"')]), ['{"a":1}'])
  assert.equal(await linesIn([]), [])
})

for (const chunks of [["x".repeat(11)], ["x".repeat(6), "x".repeat(5)], [`a\n${"x".repeat(11)}\n`]])
  test(`linesOf() throws at a line that is too long: ${JSON.stringify(chunks)}`, async () => {
    const thrown: unknown = await linesIn(
      chunks.map((chunk) => Buffer.from(chunk)),
      10,
    ).catch((error: unknown) => error)
    assert.instance(thrown, LineTooLong)
  })

test("linesOf() accepts a line of exactly the maximum length", async () => {
  assert.equal(await linesIn([Buffer.from(`${"x".repeat(10)}\n`)], 10), ["x".repeat(10)])
})

test.run()
