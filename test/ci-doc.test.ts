import { execFile } from "node:child_process"
import { accessSync, constants, readFileSync } from "node:fs"
import { chmod, mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"

import { test } from "uvu"
import * as assert from "uvu/assert"
import { parse } from "yaml"
import * as z from "zod"

import { configMap, GOOD, GOOD_LINE, inTree, type Tree } from "./cli/support/manifests.ts"
import { slow } from "./support/slow.ts"

const root = join(import.meta.dirname, "..")
const doc = readFileSync(join(root, "docs/ci.md"), "utf8")

/** The example of docs/ci.md for this file. */
function example(file: string): unknown {
  const [, text] = new RegExp(`\`\`\`yaml\\n# ${file.replaceAll(".", String.raw`\.`)}\\n([^]*?)\`\`\``).exec(doc) ?? []
  if (text === undefined) throw new Error(`docs/ci.md has no example ${file}`)
  return parse(text)
}

const workflow = z
  .object({
    jobs: z.object({
      validate: z.object({
        steps: z.array(
          z.object({
            run: z.string().optional(),
            if: z.string().optional(),
            with: z.record(z.string(), z.string()).optional(),
          }),
        ),
      }),
    }),
  })
  .parse(example(".github/workflows/vips.yaml"))
const pipeline = z
  .object({
    vips: z.object({
      script: z.array(z.string()),
      artifacts: z.object({ reports: z.object({ junit: z.string() }) }),
    }),
  })
  .parse(example(".gitlab-ci.yml"))

const GOOD_TREE: Tree = Object.fromEntries(
  Object.entries({ ...GOOD, "vips.yaml": configMap(GOOD_LINE) }).map(([name, text]) => [`vips/${name}`, text]),
)
const BAD_TREE: Tree = { ...GOOD_TREE, "vips/vips.yaml": configMap(GOOD_LINE, "foo: a/b") }

interface Ran {
  readonly status: number
  readonly out: string
}

/** Runs a line as the shell of a job does, in a repository with this program below `.kkv/`. */
function run(line: string): Promise<Ran> {
  return new Promise((resolve) =>
    execFile("bash", ["-eo", "pipefail", "-c", line], (error, out) =>
      resolve({ status: error === null ? 0 : Number(error.code), out }),
    ),
  )
}

function inRepository<T>(tree: Tree, use: () => Promise<T>): Promise<T> {
  return inTree(tree, async () => {
    await mkdir(".kkv/bin", { recursive: true })
    await writeFile(".kkv/bin/kkv", `#!/bin/sh\nexec "${process.execPath}" "${root}/src/kkv.ts" "$@"\n`)
    await chmod(".kkv/bin/kkv", 0o755)
    return use()
  })
}

const ofKkv = (line: string) => line.startsWith(".kkv/bin/kkv")

test(
  "docs/ci.md the workflow of GitHub fails for a broken entry, and writes the report in either case",
  slow(30_000, async () => {
    const steps = workflow.jobs.validate.steps.filter(({ run = "" }) => ofKkv(run))
    assert.is(steps.length, 2)
    assert.equal(
      steps.map((step) => step.if),
      [undefined, "always()"],
    )
    const upload = workflow.jobs.validate.steps.at(-1)?.with?.["sarif_file"]
    for (const [tree, status] of [
      [GOOD_TREE, 0],
      [BAD_TREE, 1],
    ] as const)
      await inRepository(tree, async () => {
        const [annotate, report] = [await run(steps[0]?.run ?? ""), await run(steps[1]?.run ?? "")]
        assert.equal([annotate.status, report.status], [status, 0])
        assert.is(annotate.out.includes("::error file=vips/vips.yaml,line=8,"), status === 1, annotate.out)
        assert.match(readFileSync(upload ?? "", "utf8"), '"version": "2.1.0"')
      })
  }),
)

test(
  "docs/ci.md the job of GitLab fails for a broken entry, says why in the log, and writes the report in either case",
  slow(30_000, async () => {
    const [line = "", ...others] = pipeline.vips.script.filter(ofKkv)
    assert.equal(others, [])
    for (const [tree, status] of [
      [GOOD_TREE, 0],
      [BAD_TREE, 1],
    ] as const)
      await inRepository(tree, async () => {
        const ran = await run(line)
        assert.is(ran.status, status)
        assert.is(ran.out.includes("vips/vips.yaml:8:3: BAD_ADDRESS"), status === 1, ran.out)
        assert.match(readFileSync(pipeline.vips.artifacts.reports.junit, "utf8"), "</testsuites>")
      })
  }),
)

test("docs/ci.md the hook of pre-commit is there, and its program can be run", () => {
  const hooks = z
    .array(z.object({ id: z.string(), entry: z.string() }))
    .parse(parse(readFileSync(join(root, ".pre-commit-hooks.yaml"), "utf8")))
  const { repos } = z
    .object({ repos: z.tuple([z.object({ hooks: z.tuple([z.object({ id: z.string() })]) })]) })
    .parse(example(".pre-commit-config.yaml"))
  const hook = hooks.find(({ id }) => id === repos[0].hooks[0].id)
  assert.ok(hook)
  accessSync(join(root, hook?.entry ?? ""), constants.X_OK)
})

test.run()
