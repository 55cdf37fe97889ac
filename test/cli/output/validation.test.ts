import { readFileSync } from "node:fs"
import { join } from "node:path"

import { SaxesParser } from "saxes"
import { test } from "uvu"
import * as assert from "uvu/assert"
import * as z from "zod"

import { configMap, GOOD, GOOD_LINE, inTree, service, type Tree } from "../support/manifests.ts"
import { kkv, type Said } from "../support/kkv.ts"

/** The schema of OASIS (rtm.5), without descriptions and without `format: uri-reference`, which zod takes for a whole URL. */
const sarifSchema = z.fromJSONSchema(
  JSON.parse(readFileSync(join(import.meta.dirname, "../../support/sarif-2.1.0.schema.json"), "utf8")),
)

const good: Tree = { ...GOOD, "v.yaml": configMap(GOOD_LINE) }
/** A name, a key and a value with what each format must escape. */
const HOSTILE = '<b>%0A::error::&\\"\\n::stop-commands::x\\u001b[31m\\ud800\\uffff'
const bad: Tree = { ...GOOD, "a,b: c%.yaml": configMap(GOOD_LINE, `"${HOSTILE}": a/b`, `10.4.0.61: "${HOSTILE}"`) }

function said(tree: Tree, format: string): Promise<Said> {
  return inTree(tree, () => kkv(["validate", ".", "--output", format]))
}

test("validate() every format ends with the status of the text", async () => {
  for (const format of ["text", "json", "github", "sarif", "junit"]) {
    assert.is((await said(good, format)).status, 0, format)
    assert.is((await said(bad, format)).status, 1, format)
  }
  assert.is((await said(good, "xml")).status, 2)
})

test("githubText() one command a problem, with its place; nothing in it starts another", async () => {
  const { out } = await said(bad, "github")
  const lines = out.trimEnd().split("\n")
  assert.is(lines.length, 4, out)
  assert.match(lines[0] ?? "", /^::error file=a%2Cb%3A c%25\.yaml,line=8,col=3,title=BAD_ADDRESS::Cannot announce "/)
  assert.equal(
    lines.filter((line) => line.startsWith("::")).map((line) => line.split(" ")[0]),
    ["::error", "::error", "::error"],
  )
  assert.not.match(out, "%0A::error::&")
  assert.match(lines[3] ?? "", "3 problems in 1 file")
})

test("githubText() a problem without a file names the object", async () => {
  const { out } = await said({ "service.yaml": "kind: Service\napiVersion: v1\nmetadata: { name: a }\n" }, "github")
  assert.match(out, /^::error title=CONFIGMAP_MISSING::.*CONFIGMAP_MISSING: /m)
})

test("sarifText() a log that the schema accepts, with each problem at its place", async () => {
  for (const tree of [good, bad]) {
    const { out } = await said(tree, "sarif")
    const checked = sarifSchema.safeParse(JSON.parse(out))
    assert.ok(checked.success, checked.error?.message)
  }
  const { out } = await said(bad, "sarif")
  const [{ tool, results }] = logSchema.parse(JSON.parse(out)).runs
  assert.equal(
    tool.driver.rules.map(({ id }) => id),
    ["BAD_ADDRESS", "BAD_TARGET"],
  )
  for (const { ruleId, ruleIndex } of results) assert.is(tool.driver.rules[ruleIndex]?.id, ruleId)
  assert.equal(results[0]?.locations[0]?.physicalLocation, {
    artifactLocation: { uri: "a%2Cb%3A%20c%25.yaml" },
    region: { startLine: 8, startColumn: 3 },
  })
})

test("sarifText() the schema of the test refuses what is not SARIF", () => {
  const run = { tool: { driver: { name: "x" } }, results: [{ message: { text: "x" }, level: "fatal" }] }
  assert.not(sarifSchema.safeParse({ version: "2.1.0", runs: [run] }).success)
  assert.not(sarifSchema.safeParse({ version: "2.1.0", runs: [{ ...run, results: [], other: 1 }] }).success)
})

test("junitText() a report that is well-formed, with a failed case for each error", async () => {
  for (const tree of [good, bad]) {
    const { out } = await said(tree, "junit")
    const found = elementsOf(out)
    const suite = found.find(({ name }) => name === "testsuite")
    const cases = found.filter(({ name }) => name === "testcase")
    const failures = found.filter(({ name }) => name === "failure")
    assert.is(suite?.attributes["tests"], String(cases.length))
    assert.is(suite?.attributes["failures"], String(failures.length))
    assert.is(failures.length, tree === bad ? 3 : 0)
  }
})

test("junitText() a warning is a case that passes", async () => {
  const local = service("local", { spec: ["type: LoadBalancer", "externalTrafficPolicy: Local"] })
  const vips = configMap("10.4.0.61: default/local")
  const { out, status } = await said({ "s.yaml": local, "v.yaml": vips }, "junit")
  assert.is(status, 0)
  assert.match(out, /<testcase classname="s.yaml" name="SERVICE_FIELD_IGNORED [^"]*" file="s.yaml">\s*<system-out>/)
  assert.not.match(out, "<failure")
})

test.run()

const logSchema = z.object({
  runs: z.tuple([
    z.object({
      tool: z.object({ driver: z.object({ rules: z.array(z.object({ id: z.string() })) }) }),
      results: z.array(
        z.object({
          ruleId: z.string(),
          ruleIndex: z.int(),
          locations: z.array(z.object({ physicalLocation: z.unknown() })),
        }),
      ),
    }),
  ]),
})

interface Element {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
}

/** @throws If the text is not well-formed XML. */
function elementsOf(text: string): readonly Element[] {
  const elements: Element[] = []
  const parser = new SaxesParser()
  parser.on("error", (error) => {
    throw error
  })
  parser.on("opentag", ({ name, attributes }) => elements.push({ name, attributes }))
  parser.write(Buffer.from(text).toString()).close()
  return elements
}
