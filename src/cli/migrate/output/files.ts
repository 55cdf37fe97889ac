import { stringify } from "yaml"

import type { Migration, ServicePatch, Target } from "../target.ts"
import { configMapText, YAML } from "./config-map.ts"
import { valuesText } from "./helm-values.ts"
import { kustomizationText, rolesText } from "./kustomization.ts"
import { reportText } from "./report.ts"

/** A file to write: its path below the output folder. */
export interface OutputFile {
  readonly name: string
  readonly text: string
}

/** The manifests of a target, without the report. @param base The kustomize base. */
export function manifestFiles(target: Target, base: string): readonly OutputFile[] {
  const { objects, watchNamespaces, entries } = target
  const services = objects.map((one) => stringify(one, YAML)).join("---\n")
  const resources = [
    ...(objects.length === 0 ? [] : [{ name: "services.yaml", text: services }]),
    ...(watchNamespaces.length === 0 ? [] : [{ name: "role.yaml", text: rolesText(watchNamespaces) }]),
  ]
  const names = resources.map(({ name }) => name)
  const kustomization = kustomizationText(target, { base, resources: names, patches: ["vip-configmap.yaml"] })
  return [
    { name: "vip-configmap.yaml", text: configMapText(entries) },
    { name: "kustomization.yaml", text: kustomization },
    { name: "values.yaml", text: valuesText(target) },
    ...resources,
    ...target.patches.map((patch) => ({ name: patchName(patch), text: patchText(patch) })),
  ]
}

/** The report, which names everything that is not in the manifests. */
export function reportFile(migration: Migration, about: Pick<Origin, "title" | "next">): OutputFile {
  const { target } = migration
  const patches = (target?.patches ?? []).map(
    (patch) =>
      `\`kubectl -n ${patch.namespace} patch service ${patch.name} --type json --patch-file ${patchName(patch)}\``,
  )
  return { name: "REPORT.md", text: reportText(migration, about.title, [...about.next, ...patches]) }
}

/** What the output says of the input. */
export interface Origin {
  readonly title: string
  /** What comes after the migration, in Markdown. */
  readonly next: readonly string[]
}

function patchName({ namespace, name }: ServicePatch): string {
  return `patches/${namespace}-${name}.yaml`
}

/** A JSON patch that does nothing if the field has changed since. */
function patchText({ before, after }: ServicePatch): string {
  const path = "/spec/externalIPs"
  const change = after.length === 0 ? { op: "remove", path } : { op: "replace", path, value: after }
  return stringify([{ op: "test", path, value: before }, change], YAML)
}
