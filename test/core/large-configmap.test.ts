import { test } from "uvu"
import * as assert from "uvu/assert"
import { parseShortForm } from "../../src/core/declare/short-form.ts"
import { createModelBuilder } from "../../src/core/model/build-model.ts"
import type { LastGoodEntry } from "../../src/core/model/last-good.ts"
import { decodeFile } from "../../src/core/objects/decode.ts"
import { MOST_REFERENCES, referencesOf } from "../../src/core/declare/references.ts"
import { createPublish } from "../../src/sync/publication.ts"
import { collectionsFor } from "../../src/sync/kubernetes/collection.ts"
import { processorTime } from "../support/processor-time.ts"
import { cluster, configMap, id, input, node, rawEntry, service, SETTINGS, vipsIn } from "./fixture.ts"

/** Repeats a text until it is as large as the API server takes for a whole ConfigMap. */
const filled = (text: string) => text.repeat(Math.floor(1_048_000 / text.length))
const numbered = (text: (index: number) => string, count: number) => Array.from({ length: count }, (_, at) => text(at))

/** Values with which a user who may write the ConfigMap could block or stop the agents of all nodes. */
const VALUES: Readonly<Record<string, string>> = {
  "line feeds": filled("\n"),
  "carriage returns": filled("\r\n"),
  spaces: filled(" "),
  "blank lines with spaces": filled(" \n"),
  "a word and line feeds": filled("address\n\n\n\n"),
  "lines that are not a Service": filled("x\n"),
  "the same Service": filled("a/b\n"),
  "different Services": numbered((at) => `a/s${at}`, 100_000).join("\n"),
  slashes: filled("/"),
  colons: filled(":"),
  "one long line": filled("a"),
}
/** Of processor time. Measured: 10 ms at most; before there was a limit, minutes. */
const LIMIT_MS = 500

for (const [what, text] of Object.entries(VALUES))
  test(`parseShortForm() ends quickly, with few problems, for 1 MB of ${what}`, () => {
    const tookMs = processorTime()
    const { problems } = parseShortForm(rawEntry("10.4.0.50", text))
    assert.ok(tookMs() < LIMIT_MS)
    assert.ok(problems.length <= 20, `${problems.length} problems`)
  })

for (const [what, text] of Object.entries(VALUES))
  test(`createModelBuilder() does not change the neighbour of an entry with 1 MB of ${what}`, () => {
    const build = createModelBuilder(SETTINGS)
    const objects = cluster([service("b")], [node("n1", "10.4.0.3")])
    const tookMs = processorTime()
    const { model } = build(input({ "10.4.0.50": text, "10.4.0.60": "default/b" }, objects))
    assert.ok(tookMs() < LIMIT_MS)
    assert.ok(vipsIn(model).some(({ address }) => address === "10.4.0.60"))
  })

test("createModelBuilder() holds only the entry whose Service has too many real servers, and does not join them", () => {
  const ports = numbered((at) => `p${at}`, 2_000).map((name, at) => ({ name, port: at + 1 }))
  const addresses = numbered((at) => `10.2.${at >> 8}.${at & 255}`, 2_000)
  const objects = cluster([service("a", { ports, addresses }), service("b")], [node("n1", "10.4.0.3")])
  const small = cluster([service("a"), service("b")], [node("n1", "10.4.0.3")])
  const data = { "10.4.0.50": "default/a", "10.4.0.60": "default/b" }
  const vip = createModelBuilder(SETTINGS)(input(data, small)).entries[0]?.vip
  assert.ok(vip)
  const lastGood = new Map<string, LastGoodEntry>([[id("10.4.0.50"), { text: "default/a", vip }]])
  const tookMs = processorTime()
  for (const [before, state] of [
    [new Map<string, LastGoodEntry>(), "left-out"],
    [lastGood, "held"],
  ] as const) {
    const { model, entries, problems } = createModelBuilder(SETTINGS)(input(data, objects, { lastGood: before }))
    assert.equal(
      [...entries.map((entry) => entry.state), ...problems.map(({ code }) => code)],
      [state, "good", "TOO_MANY_REAL_SERVERS"],
    )
    assert.ok(vipsIn(model).some(({ address }) => address === "10.4.0.60"))
    if (state === "held") assert.is(entries[0]?.vip, vip)
  }
  assert.ok(tookMs() < LIMIT_MS)
})

test("createModelBuilder() does not read 60,000 entries, and keeps what runs", () => {
  const data = Object.fromEntries(numbered((at) => `k${at}`, 60_000).map((key) => [key, "x"]))
  const { model, problems } = createModelBuilder(SETTINGS)(input(data, cluster([], [node("n1", "10.4.0.3")])))
  assert.is(model, null)
  assert.equal(
    problems.map(({ code }) => code),
    ["TOO_MANY_VIPS"],
  )
})

test("createModelBuilder() survives 200,000 broken lines in 1,000 entries", () => {
  const data = Object.fromEntries(
    numbered((at) => `10.4.${at >> 8}.${at & 255}`, 1_000).map((key) => [key, "x\n".repeat(200)]),
  )
  const { entries, problems } = createModelBuilder(SETTINGS)(input(data, cluster([], [node("n1", "10.9.0.3")])))
  assert.is(entries.length, 1_000)
  assert.is(problems.length, 20_000)
})

const many = configMap(
  Object.fromEntries(
    numbered((at) => `10.4.0.${at}`, 10).map((key, at) => [
      key,
      numbered((index) => `n${at}-${index}/s`, 500).join("\n"),
    ]),
  ),
)

test("sync publishes nothing and watches no Service when entries name too many for a generation", () => {
  const references = referencesOf([many.object])
  assert.ok(references.length > MOST_REFERENCES)
  const configMaps = new Map([["default/vips", many]])
  const objects = { configMaps, services: new Map(), nodes: [] }
  const draft = createPublish(["default/vips"])({ objects, problems: [], resources: [] }, () => null)
  assert.is(draft.publication, null)
  assert.equal(
    draft.problems.map(({ code }) => code),
    ["GENERATION_TOO_LARGE"],
  )
  const wish = {
    configMapKeys: ["default/vips"],
    watchNamespaces: [],
    nodeSelector: "",
    backends: "endpointslices",
  } as const
  assert.equal(
    collectionsFor({ ...wish, references }).map(({ resource }) => resource),
    ["configmaps", "nodes"],
  )
  assert.is(collectionsFor({ ...wish, references: references.slice(0, 3) }).length, 2 + 2 * 3)
})

test("decodeFile() reads a ConfigMap of the maximum size quickly", () => {
  for (const text of [filled("\\n"), filled("x ")]) {
    const tookMs = processorTime()
    decodeFile(
      "vips.yaml",
      `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: vips }\ndata:\n  10.4.0.50: "${text}"\n`,
    )
    assert.ok(tookMs() < 2_000)
  }
})

test.run()
