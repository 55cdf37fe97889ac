import { readFileSync } from "node:fs"
import { join } from "node:path"

import { test } from "uvu"
import * as assert from "uvu/assert"

import { assertExample } from "../support/doc-example.ts"
import { inCluster, NAMESPACE } from "./support/fake-cluster.ts"

const file = join(import.meta.dirname, "../../docs/kubectl-kkv.md")
const doc = readFileSync(file, "utf8")

test(
  "docs/kubectl-kkv.md each example prints what stands there",
  inCluster(async ({ answers, run }) => {
    for (const kind of ["pods", "services", "nodes"]) answers.set(`/api/v1/${kind}`, [])
    const examples = [...doc.matchAll(/```console\n(\$ kubectl kkv (.*)\n[^]*?)```/g)]
    assert.is(examples.length, 3)
    for (const [, example = "", words = ""] of examples) {
      const { out, err } = await run(...words.split(" "))
      assertExample(file, `$ kubectl kkv ${words}\n${err}${out}`, example)
    }
  }),
)

test(
  "docs/kubectl-kkv.md has every command with every flag",
  inCluster(async ({ run }) => {
    const commands = [...(await run("--help")).out.matchAll(/^ {2}([a-z]+) \[/gm)].map(([, name = ""]) => name)
    assert.ok(commands.length >= 5, commands.join(" "))
    for (const name of commands.filter((one) => one !== "help")) {
      assert.match(doc, `\n## kubectl kkv ${name}`)
      for (const [, flag = ""] of (await run(name, "--help")).out.matchAll(/^ {2}(?:-\w, )?(--[a-z]+)/gm))
        if (flag !== "--help") assert.match(doc, new RegExp("`" + flag + "[ `]"), `${name} ${flag}`)
    }
  }),
)

test(
  "docs/kubectl-kkv.md names every field of the JSON",
  inCluster(async ({ answers, run }) => {
    for (const kind of ["pods", "services", "nodes"]) answers.set(`/api/v1/${kind}`, [])
    const involvedObject = { kind: "Pod", namespace: NAMESPACE, name: "a" }
    const event = { ...{ reason: "Applied", message: "", type: "Normal" }, reportingComponent: "kube-keepalived-vip" }
    answers.set("/api/v1/events", [{ metadata: { uid: "a" }, involvedObject, ...event }])
    for (const [words, depth] of [
      ["status", 9],
      ["explain 10.4.0.50", 2],
      ["who 10.4.0.50", 9],
      ["events", 9],
    ] as const) {
      const value: unknown = JSON.parse((await run(...words.split(" "), "-o", "json")).out)
      for (const field of fieldsOf(value, depth)) assert.match(doc, "`" + field + "`", `${words}: ${field}`)
    }
  }),
)

test.run()

/** The names of all fields, down to a depth. */
function fieldsOf(value: unknown, depth: number): readonly string[] {
  if (typeof value !== "object" || value === null || depth === 0) return []
  if (Array.isArray(value)) return value.flatMap((item: unknown) => fieldsOf(item, depth))
  return Object.entries(value).flatMap(([name, inner]) => [name, ...fieldsOf(inner, depth - 1)])
}
