import { test } from "uvu"
import * as assert from "uvu/assert"
import { diffLines } from "../../../src/sidecar/page/diff.ts"
import { createPages } from "../../../src/sidecar/page/routes.ts"
import { holdersOf } from "../../../src/sidecar/page/view/holders.ts"
import { timelineOf } from "../../../src/sidecar/page/view/timeline.ts"
import { readPageTexts } from "../../../src/sidecar/wiring/page.ts"
import { explain, brokenEntry, GENERATIONS, pageData } from "./fixture.ts"

test("timelineOf() shows a day: this node's roles from its history, the others' from their report", () => {
  const data = brokenEntry()
  const { lanes, marks, events } = timelineOf(data, holdersOf(data), 100)
  assert.equal(
    lanes.map(({ title }) => title),
    ["n1: MASTER 6.3 h, FAULT 0.1 h, BACKUP 1.4 h, MASTER 16.2 h", "n2: BACKUP 16.2 h", "n3: BACKUP 16.2 h"],
  )
  for (const { parts } of lanes)
    for (const { x, width } of parts) assert.ok(x >= 0 && width > 0 && x + width <= 1440, `${x} ${width}`)
  assert.equal(
    marks.map(({ title }) => title),
    ["changes here: 4 in the last 24 hours", "troubles here: 2 in the last 24 hours"],
  )
  assert.equal(
    events.map(({ kind }) => kind),
    ["held", "applied", "applied", "resume", "pin", "rejected", "role", "role", "role", "role"],
    "newest first",
  )
  assert.equal(
    events.flatMap(({ link }) => (link === "" ? [] : link)),
    ["/diff?to=7"],
    "only a generation with an older one has differences",
  )
})

test("timelineOf() says that the history is unknown, and shows no quiet day", () => {
  const data = pageData({ eventsFault: "EIO: i/o error, read" })
  assert.match(timelineOf(data, holdersOf(data), 100).fault, "Cannot read the history of this node: EIO")
})

const diff = async (query: string, accept = "") => {
  const sources = {
    page: () => Promise.resolve(pageData()),
    pageTexts: readPageTexts,
    node: "n1",
    generations: GENERATIONS,
    explain,
  }
  const { "/diff": route } = createPages(() => sources)
  if (route === undefined) throw new Error("there is such a page")
  return route({ method: "GET", path: "/diff", query, accept, host: "localhost" })
}

test("GET /diff shows what a generation changed, as HTML and as text, with every value escaped", async () => {
  const { status, body, headers = {} } = await diff("to=7")
  assert.is(status, 200)
  assert.match(body, '<span class="plus">+  router_id &lt;script&gt;alert(1)&lt;/script&gt;</span>')
  assert.match(body, '<span class="minus">-  router_id n1</span>')
  assert.not.match(body, "<script")
  assert.match(headers["content-security-policy"] ?? "", "default-src 'none'")
  const text = (await diff("from=5&to=6", "text/plain")).body
  assert.match(text, /^keepalived\.conf of generation 5 and of generation 6\n\n@@ line 1 > line 1 @@\n/)
  assert.match(text, "\n+  vrrp_version 3\n")
})

const refused: readonly [query: string, status: number, says: RegExp][] = [
  ["", 400, /expected \?to=NUMBER/],
  ["to=../../etc/passwd", 400, /Cannot compare generation "..\/..\/etc\/passwd"/],
  ["to=8", 404, /Cannot find generation 8: the archive of this node has 5, 6, 7/],
  ["to=5", 404, /Cannot find generation before 5/],
  ["from=1&to=7", 404, /Cannot find generation 1/],
]
for (const [query, status, says] of refused)
  test(`GET /diff?${query} says what is wrong`, async () => {
    const found = await diff(query)
    assert.equal([found.status, found.type], [status, "text/plain"])
    assert.match(found.body, says)
  })

test("diffLines() gives up on texts that would hold up the agent", () => {
  const lines = (word: string) => Array.from({ length: 60_000 }, (_, at) => `${word} ${at}\n`).join("")
  const startedAt = performance.now()
  const both = { from: { sequence: 1, text: lines("a") }, to: { sequence: 2, text: lines("b") } }
  assert.match(JSON.stringify(diffLines(both)), "Too many differences")
  assert.ok(performance.now() - startedAt < 5_000)
  const large = { sequence: 3, text: "x".repeat(4_000_001) }
  assert.match(JSON.stringify(diffLines({ from: both.from, to: large })), "Too large")
})

test.run()
