import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

import { test } from "uvu"
import * as assert from "uvu/assert"
import { parseAllDocuments } from "yaml"
import * as z from "zod"

import { missingPrograms } from "./chart/support/programs.ts"
import { helmTemplate, kustomizeBuild, type KubernetesObject } from "./chart/support/render.ts"
import { testUnless } from "./support/test-unless.ts"
import { run } from "./support/run.ts"
import { withTemporaryDirectory } from "./support/temporary-directory.ts"

const root = join(import.meta.dirname, "..")
const gitops = join(root, "manifests/gitops")
const doc = readFileSync(join(root, "docs/gitops.md"), "utf8")
const read = (file: string) => readFileSync(join(gitops, file), "utf8")
const documentsIn = (file: string) => parseAllDocuments(read(file)).map((one) => one.toJS() as unknown)

const values = z.record(z.string(), z.unknown())
const installations = [
  z.looseObject({ spec: z.looseObject({ values }) }).parse(documentsIn("flux/chart.yaml")[1]).spec.values,
  z
    .looseObject({ spec: z.looseObject({ source: z.looseObject({ helm: z.looseObject({ valuesObject: values }) }) }) })
    .parse(documentsIn("argocd/application-chart.yaml")[0]).spec.source.helm.valuesObject,
]

testUnless(missingPrograms("helm"))(
  "the chart takes the values of Flux and of Argo CD, and has no entries then",
  async () => {
    for (const one of installations)
      await withTemporaryDirectory(async (directory) => {
        const file = join(directory, "values.json")
        writeFileSync(file, JSON.stringify(one))
        const objects = await helmTemplate(["--values", file])
        assert.ok(objects.some(({ kind }) => kind === "DaemonSet"))
        assert.equal(
          objects.filter(({ kind }) => kind === "ConfigMap").map(({ metadata }) => metadata.name),
          [],
        )
      })
  },
)

const entriesOf = (objects: readonly KubernetesObject[], kind: string) =>
  objects.find((one) => one.kind === kind) as unknown as { readonly data?: unknown; readonly spec?: unknown }

testUnless(missingPrograms("kustomize"))("each folder of entries copies them into the VipReport", async () => {
  for (const folder of ["gitops/example", "gitops/entries"]) {
    const objects = await kustomizeBuild([folder])
    const { data } = entriesOf(objects, "ConfigMap")
    assert.equal(data, { "10.4.0.50": "default/echoheaders" }, folder)
    assert.equal(entriesOf(objects, "VipReport").spec, { entries: data }, folder)
  }
})

test("the check of docs/gitops.md prints what the page says", async () => {
  const [, command = "", said = ""] = /```console\n\$ bin\/kkv (.*)\n([^]*?)```/.exec(doc) ?? []
  const { status, stdout, stderr } = await run(process.execPath, [join(root, "src/kkv.ts"), ...command.split(" ")], {
    directory: root,
  })
  assert.is(status, 0)
  assert.is(stderr + stdout, said)
})

test("docs/gitops.md names every file of manifests/gitops that is to be copied or applied", () => {
  const files = readdirSync(gitops, { recursive: true, encoding: "utf8" }).filter((file) =>
    /^(?:flux|argocd)\/.*\.yaml$/.test(file),
  )
  const named = files.filter((file) => doc.includes(file) || doc.includes(`and \`${file.replace(/^.*\//, "")}\``))
  assert.equal(
    files.filter((file) => !named.includes(file)),
    ["flux/kustomization.yaml"],
  )
})

test.run()
