import { cpSync, readdirSync, writeFileSync } from "node:fs"
import { join, relative } from "node:path"

import { test } from "uvu"
import * as assert from "uvu/assert"

import { kkv } from "../cli/support/kkv.ts"
import { testUnless } from "../support/test-unless.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"
import { canonical } from "./support/canonical.ts"
import { missingPrograms, runProgram } from "./support/programs.ts"
import { helmTemplate, objectsIn, ROOT } from "./support/render.ts"

const testWithPrograms = testUnless(missingPrograms("helm", "kustomize"))
const cases = join(ROOT, "test/cli/migrate/cases")
const FROM: Readonly<Record<string, string>> = {
  ...{ keepalived: "keepalived", "keepalived-habits": "keepalived", externalips: "externalips" },
}
/** What the chart does not apply: REPORT.md says so. */
const BESIDE_THE_CHART = /^(?:Service|EndpointSlice) /

for (const name of readdirSync(cases))
  testWithPrograms(`the kustomization and the values of cases/${name} make the same objects`, () =>
    withTemporaryDirectory(async (directory) => {
      const [input, out] = [join(directory, "input"), join(directory, "out")]
      cpSync(join(cases, name, "input"), input, { recursive: true })
      const base = relative(out, join(ROOT, "manifests/base"))
      const said = await kkv(["migrate", "--from", FROM[name] ?? "0.35", input, "--out", out, "--base", base])
      assert.ok(said.status < 2, said.err)
      const built = await runProgram("kustomize", ["build", out])
      assert.is(built.status, 0, built.stderr)
      const ofKustomize = canonical(objectsIn(built.stdout))
      const ofHelm = canonical(await helmTemplate(["--values", join(out, "values.yaml")]))
      const common = [...ofKustomize.keys()].filter((one) => !BESIDE_THE_CHART.test(one))
      assert.equal([...ofHelm.keys()], common)
      for (const what of common.filter((one) => /^(?:DaemonSet|ConfigMap|ClusterRole) /.test(one)))
        assert.equal(unlabelled(ofHelm.get(what)), unlabelled(ofKustomize.get(what)), what)
    }),
  )

testWithPrograms("kustomize applies the patches of cases/externalips to the Services", () =>
  withTemporaryDirectory(async (directory) => {
    const out = join(directory, "out")
    const input = join(cases, "externalips/input/services.yaml")
    await kkv(["migrate", "--from", "externalips", input, "--out", out])
    cpSync(input, join(out, "services.yaml"))
    const patches = ["web", "mail"].map((name) => ({
      path: `patches/shop-${name}.yaml`,
      target: { kind: "Service", namespace: "shop", name },
    }))
    writeFileSync(join(out, "kustomization.yaml"), JSON.stringify({ resources: ["services.yaml"], patches }))
    const built = await runProgram("kustomize", ["build", out])
    assert.is(built.status, 0, built.stderr)
    const fields = objectsIn(built.stdout).map((one) => [
      one.metadata.name,
      Reflect.get(one["spec"] as object, "externalIPs"),
    ])
    assert.equal(Object.fromEntries(fields), { web: ["fd00::60"], mail: undefined })
  }),
)

test.run()

/** Roles of watched namespaces have other labels in the two. */
function unlabelled(object: unknown): unknown {
  return JSON.parse(JSON.stringify(object), (key, value: unknown) => (key === "labels" ? undefined : value))
}
