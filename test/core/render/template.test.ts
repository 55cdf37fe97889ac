import * as fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { conf, type TemplateData } from "../../../src/core/render/template-fields.ts"
import { compileTemplates } from "../../../src/core/render/template.ts"
import { shippedTemplates } from "../../support/golden.ts"

const compile = (text: string) =>
  compileTemplates({ "keepalived.conf": text, "vrrp-instance": "", "virtual-server": "" })

test("compileTemplates() compiles the shipped templates", () => {
  compileTemplates(shippedTemplates())
})

const printed: [name: string, template: string, data: TemplateData, text: string][] = [
  ["neighbours one after the other, not added", "{{a}}{{b}}", { a: "1", b: "2" }, "12"],
  ["a list", "{{#each all}}{{n}};{{/each}}", { all: [{ n: "1" }, { n: "2" }] }, "1;2;"],
  ["an empty list as nothing", "a{{#each all}}{{n}}{{/each}}b", { all: [] }, "ab"],
  ["names of the level above", "{{#each all}}{{../x}}{{n}}{{/each}}", { x: "a", all: [{ n: "b" }] }, "ab"],
  ["a triple stash through the same function", "{{{a}}}", { a: "x" }, "x"],
]
for (const [name, template, data, text] of printed)
  test(`compileTemplates() prints ${name}`, () => assert.is(compile(template).head(data), text))

const thrown: [name: string, template: string, data: TemplateData][] = [
  ["a missing name", "{{missing}}", {}],
  ["a list under a missing name", "{{#each missing}}x{{/each}}", {}],
  ["a missing name in a list", "{{#each all}}{{missing}}{{/each}}", { all: [{}] }],
  ["a name of Object's own", "{{constructor}}", {}],
  ["a list as text", "{{all}}", { all: [] }],
  ["a text as a list", "{{#each text}}x{{/each}}", { text: "abc" }],
  ["an empty text", "{{a}}", { a: "" }],
]
for (const [name, template, data] of thrown)
  test(`compileTemplates() throws for ${name}`, () => assert.throws(() => compile(template).head(data)))

for (const template of [
  "{{#if a}}x{{/if}}",
  "{{#unless a}}x{{/unless}}",
  "{{#with a}}x{{/with}}",
  "{{lookup a b}}",
  "{{a",
  "{{log a}}",
  "{{eval a}}",
  "{{5}}",
  "{{this}}",
  "{{a.b}}",
  "{{../a}}",
  "{{@index}}",
  "{{a b=1}}",
  "{{#a}}x{{/a}}",
  "{{^a}}x{{/a}}",
  "{{#each a b}}x{{/each}}",
  "{{#each a as |b|}}x{{/each}}",
  "{{#each a}}x{{else}}y{{/each}}",
  "{{^each a}}x{{/each}}",
  "{{each}}",
  "{{* a}}",
  '{{#*inline "b"}}{{a}}{{/inline}}',
  "{{#> vrrp-instance}}{{a}}{{/vrrp-instance}}",
  "{{> vrrp-instance a=1}}",
  "{{> (lookup a b)}}",
  "{{> vrrp-instance}}",
  "{{> nothing}}",
  "{{#each a}}{{> vrrp-instance}}{{/each}}",
])
  test(`compileTemplates() refuses the template ${template} (fault 66)`, () => assert.throws(() => compile(template)))

for (const text of ["10.4.0.50", "default/echo", "/run/keepalived/release", "eth0.100", "1", "0.2", "-1", "a_b"])
  test(`conf() prints ${text}`, () => assert.is(conf(text), text))

for (const text of [
  "",
  "a b",
  "a\nb",
  "a}",
  "{",
  "#a",
  "a#b",
  "!",
  "$X",
  "@a",
  "~SEQ",
  "\\",
  '"',
  "'",
  "a\u2028b",
  "ä",
  "\0",
  "include x",
])
  test(`conf() refuses ${JSON.stringify(text)} (faults 58, 59)`, () => assert.throws(() => conf(text), "Cannot print"))

test("conf() prints any text unchanged or throws (faults 58, 59)", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 20 }), (text) => {
      try {
        return conf(text) === text && !/[\s{}#!$@~\\"']/.test(text)
      } catch {
        return true
      }
    }),
    { numRuns: 2_000 },
  )
})

test.run()
