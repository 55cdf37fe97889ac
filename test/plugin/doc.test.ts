import { readFileSync } from "node:fs"
import { join } from "node:path"

import { test } from "uvu"
import * as assert from "uvu/assert"

import { assertExample } from "../support/doc-example.ts"
import { inCluster, NAMESPACE } from "./support/fake-cluster.ts"
import { inNodes, type Nodes, three } from "./support/fake-nodes.ts"

const file = join(import.meta.dirname, "../../docs/kubectl-kkv.md")
const doc = readFileSync(file, "utf8")

const EXAMPLES = [...doc.matchAll(/```console\n(\$ kubectl kkv (.*)\n[^]*?)```/g)]
const OF_NODES = /^(?:drain|move|resume|doctor)\b/

test(
  "docs/kubectl-kkv.md each example prints what stands there",
  inCluster(async ({ answers, run }) => {
    for (const kind of ["pods", "services", "nodes"]) answers.set(`/api/v1/${kind}`, [])
    const examples = EXAMPLES.filter(([, , words = ""]) => !OF_NODES.test(words))
    assert.is(examples.length, 3)
    for (const [, example = "", words = ""] of examples) {
      const { out, err } = await run(...words.split(" "))
      assertExample(file, `$ kubectl kkv ${words}\n${err}${out}`, example)
    }
  }),
)

const ofNodes = EXAMPLES.filter(([, , words = ""]) => OF_NODES.test(words))
for (const [, example = "", words = ""] of ofNodes)
  test(
    `docs/kubectl-kkv.md kubectl kkv ${words}`,
    inNodes(twoNodes(), async ({ run }) => {
      const { out, err } = await run(...words.split(" "))
      assertExample(file, `$ kubectl kkv ${words}\n${err}${out}`, example)
    }),
  )

test("docs/kubectl-kkv.md has examples of the commands for nodes", () => assert.is(ofNodes.length, 4))

test(
  "docs/kubectl-kkv.md names every field of the JSON of the commands for nodes",
  inNodes(twoNodes(), async ({ run }) => {
    for (const words of ["drain n1 --yes", "resume --yes", "doctor n1"]) {
      const value: unknown = JSON.parse((await run(...words.split(" "), "-o", "json")).out)
      for (const field of fieldsOf(value, 9)) assert.match(doc, "`" + field + "`", `${words}: ${field}`)
    }
  }),
)

/** n1 is master, and the doctor finds a full table of connections there. */
function twoNodes(): Nodes {
  const { n1, n2 } = three()
  if (n1 === undefined || n2 === undefined) throw new Error("there are two nodes")
  const findings = [
    { check: "ip_vs", state: "good", is: "the kernel has IPVS", causes: null, action: null },
    {
      ...{ check: "conntrack", state: "wrong", is: "920 of 1000 connections" },
      causes: "the kernel drops new connections, also those that VIPs forward",
      action: "raise net.netfilter.nf_conntrack_max on the node",
    },
  ]
  return { n1: { ...n1, says: { status: 1, out: JSON.stringify({ healthy: false, findings }) } }, n2 }
}

test(
  "docs/kubectl-kkv.md has every command with every flag",
  inCluster(async ({ run }) => {
    const commands = [...(await run("--help")).out.matchAll(/^ {2}([a-z]+) \[/gm)].map(([, name = ""]) => name)
    assert.ok(commands.length >= 5, commands.join(" "))
    for (const name of commands.filter((one) => one !== "help")) {
      assert.match(doc, `\n## kubectl kkv ${name}`)
      for (const [, flag = ""] of (await run(name, "--help")).out.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm))
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
