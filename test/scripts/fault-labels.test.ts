import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { faultsDoc } from "../faults/docs.ts"
import { labelledFiles, labelsIn, ROOT } from "../faults/labels.ts"
import { ROWS } from "../faults/matrix.ts"

const names: readonly [name: string, rows: readonly number[]][] = [
  ["kill -9 at P1 (fault 17)", [17]],
  ["two (faults 17, 20-22)", [17, 20, 21, 22]],
  ["skipped (fault 3) (needs root)", [3]],
  ["a file with two\ntest(one (fault 2))\ntest(other (fault 1))", [1, 2]],
  ["nothing of the kind (default 17)", []],
  ["no number (fault)", []],
]
for (const [name, rows] of names) test(`labelsIn() ${JSON.stringify(name)}`, () => assert.equal(labelsIn(name), rows))

test("labelledFiles() have labels of rows that there are", () => {
  const numbers = new Set(ROWS.map(({ number }) => number))
  const strange = labelledFiles().flatMap(({ path, rows }) =>
    rows.filter((row) => !numbers.has(row)).map((row) => `${path}: there is no row ${row}`),
  )
  assert.equal(strange, [])
})

test("each number of the matrix is that of one row", () => {
  const numbers = ROWS.map(({ number }) => number)
  assert.equal(
    numbers.filter((number, at) => numbers.indexOf(number) !== at),
    [],
  )
})

test("every row of the matrix has a test, or a reason why there is none", () => {
  const proven = new Set(labelledFiles().flatMap(({ rows }) => rows))
  const bare = ROWS.filter(({ number, notHere }) => !proven.has(number) && notHere === undefined)
  assert.equal(
    bare.map(({ number, fault }) => `${number} ${fault}`),
    [],
  )
})

test("docs/faults.md is what matrix and labels say", () => {
  const path = join(ROOT, "docs/faults.md")
  const expected = faultsDoc()
  if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(path, expected)
  assert.is(existsSync(path) ? readFileSync(path, "utf8") : "", expected, "run make golden")
})

test.run()
