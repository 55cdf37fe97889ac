import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { dashboard } from "../../scripts/dashboard.ts"

const FILE = join(import.meta.dirname, "../../manifests/components/grafana-dashboard/dashboard.json")
const METRICS = readFileSync(join(import.meta.dirname, "../../docs/metrics.md"), "utf8")

const text = `${JSON.stringify(dashboard(), null, 2)}\n`

test("the component grafana-dashboard has the dashboard as the code makes it", () => {
  if (process.env["UPDATE_GOLDEN"] !== undefined) writeFileSync(FILE, text)
  assert.is(readFileSync(FILE, "utf8"), text)
})

interface Query {
  readonly expr: string
  readonly legendFormat: string
}

const panels = (dashboard().panels ?? []) as readonly {
  readonly type: string
  readonly title?: string
  readonly targets?: readonly Query[]
  readonly gridPos?: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
}[]

test("its queries use metrics and labels of docs/metrics.md, or of node_exporter", () => {
  const queries = panels.flatMap(({ targets = [] }) => targets)
  assert.ok(queries.length > 10)
  for (const { expr, legendFormat } of queries) {
    const names = [...expr.matchAll(/\b(?:kkv|node)_\w+/g)].map(([name]) => name.replace(/_bucket$/, ""))
    const ours = names.filter((name) => name.startsWith("kkv_"))
    for (const name of ours) assert.ok(METRICS.includes(`| \`${name}\` |`), name)
    assert.ok(names.length > 0 || expr === "vector(3)", expr)
    if (ours.length === 0) continue
    const rows = METRICS.split("\n").filter((line) => ours.some((name) => line.startsWith(`| \`${name}\` |`)))
    for (const [, label = ""] of legendFormat.matchAll(/\{\{(\w+)\}\}/g))
      assert.ok(label === "node" || rows.some((row) => row.includes(`\`${label}\``)), `${expr}: ${label}`)
  }
})

test("its panels do not overlap, and each has a title", () => {
  const cells = new Set<string>()
  for (const { title, gridPos } of panels) {
    assert.ok(title !== undefined && title !== "" && gridPos !== undefined)
    const { x, y, w, h } = gridPos
    assert.ok(x + w <= 24, title)
    for (let column = x; column < x + w; column += 1)
      for (let row = y; row < y + h; row += 1) {
        assert.not(cells.has(`${column} ${row}`), `${title} overlaps`)
        cells.add(`${column} ${row}`)
      }
  }
})

test.run()
