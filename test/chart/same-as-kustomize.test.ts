import { readdirSync } from "node:fs"
import { basename, join } from "node:path"

import { test } from "uvu"
import * as assert from "uvu/assert"

import { testUnless } from "../support/test-unless.ts"
import { canonical, isLabelled, withoutLabels } from "./support/canonical.ts"
import { missingPrograms } from "./support/programs.ts"
import { CHART, helmTemplate, type KubernetesObject, kustomizeBuild, ROOT } from "./support/render.ts"

const testWithPrograms = testUnless(missingPrograms("helm", "kustomize"))

const folders = (place: string) => readdirSync(join(ROOT, "manifests", place)).map((name) => `${place}/${name}`)
const overlays = folders("overlays")
const components = folders("components")
const sets = readdirSync(join(CHART, "ci"))
/** What the release of a value set is called, where it is not called like the chart. */
const RELEASES: Readonly<Record<string, string>> = { "second-instance": "second" }

test("each overlay and each component has its value set in charts/kube-keepalived-vip/ci, and each value set has one of them", () => {
  const names = ["base", ...overlays, ...components].map((folder) => `${basename(folder)}-values.yaml`)
  assert.equal(sets.toSorted(), names.toSorted())
})

for (const folder of ["base", ...overlays, ...components]) {
  const name = basename(folder)
  testWithPrograms(
    `helm template with ci/${name}-values.yaml equals kustomize build of manifests/${folder}`,
    async () => {
      const [ofHelm, ofKustomize] = (
        await Promise.all([
          helmTemplate(["--values", join(CHART, `ci/${name}-values.yaml`)], RELEASES[name]),
          folder.startsWith("components/") ? kustomizeBuild(["base"], [folder]) : kustomizeBuild([folder]),
        ])
      ).map(canonical) as [ReadonlyMap<string, unknown>, ReadonlyMap<string, unknown>]
      assert.equal([...ofHelm.keys()], [...ofKustomize.keys()])
      for (const [what, expected] of ofKustomize) {
        const found = ofHelm.get(what)
        assert.ok(isLabelled(found), `${what} of the chart has the recommended labels`)
        assert.equal(isLabelled(expected) ? found : withoutLabels(found), expected, what)
      }
    },
  )
}

/** Environment variables of each container of the pods, in their order. */
function environments(objects: readonly KubernetesObject[]) {
  const { spec } = objects.find(({ kind }) => kind === "DaemonSet") as unknown as {
    readonly spec: { readonly template: { readonly spec: { readonly containers: readonly Container[] } } }
  }
  return spec.template.spec.containers.map(({ env = [] }) => env)
}
interface Container {
  readonly env?: readonly { readonly name: string; readonly value?: string }[]
}

testWithPrograms("an environment variable that names another one comes after it", async () => {
  const words = ["--set", "prometheus.podMonitor.enabled=true,vrid=51,unicast=true"]
  let named = 0
  for (const env of environments(await helmTemplate(words)))
    for (const [at, { value = "" }] of env.entries())
      for (const [, name] of value.matchAll(/\$\(([A-Z_]+)\)/g)) {
        named += 1
        assert.ok(
          env.slice(0, at).some((one) => one.name === name),
          `${name} is before ${value}`,
        )
      }
  assert.is(named, 2)
})

test.run()
