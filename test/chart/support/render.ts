import { mkdir, writeFile } from "node:fs/promises"
import { join, relative } from "node:path"

import { parseAllDocuments } from "yaml"
import * as z from "zod"

import { withTemporaryDirectory } from "../../support/temporary-directory.ts"
import { runProgram } from "./programs.ts"

export const ROOT = join(import.meta.dirname, "../../..")
export const CHART = join(ROOT, "charts/kube-keepalived-vip")
export const NAMESPACE = "kube-keepalived-vip"

const objectSchema = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
})
/** An object of the Kubernetes API. */
export type KubernetesObject = z.infer<typeof objectSchema>

/** What `helm template` makes of these words, such as `["--set", "vrid=51"]`. @throws With what Helm said, where it refuses. */
export async function helmTemplate(
  words: readonly string[],
  release = "kube-keepalived-vip",
): Promise<readonly KubernetesObject[]> {
  const { status, stdout, stderr } = await runProgram("helm", [
    ...["template", release, CHART, "--namespace", NAMESPACE, "--kube-version", "1.37.0"],
    ...words,
  ])
  if (status !== 0) throw new Error(stderr.trim())
  return objectsIn(stdout)
}

/** What kustomize makes of a kustomization with these lines, and these folders of manifests/ as resources. */
export function kustomizeBuild(
  folders: readonly string[],
  components: readonly string[] = [],
): Promise<readonly KubernetesObject[]> {
  return withTemporaryDirectory(async (directory) => {
    const mine = join(directory, "mine")
    await mkdir(mine)
    const listed = (names: readonly string[]) => names.map((name) => relative(mine, join(ROOT, "manifests", name)))
    const kustomization = { resources: listed(folders), components: listed(components) }
    await writeFile(join(mine, "kustomization.yaml"), JSON.stringify(kustomization))
    const { status, stdout, stderr } = await runProgram("kustomize", ["build", mine])
    if (status !== 0) throw new Error(stderr.trim())
    return objectsIn(stdout)
  })
}

/** The objects of a text with several documents, by what they are. */
export function objectsIn(text: string): readonly KubernetesObject[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as unknown)
    .filter((object) => object !== null)
    .map((object) => objectSchema.parse(object))
}

/** What an object is called in messages, and in comparisons. */
export function nameOf({ kind, metadata: { namespace, name } }: KubernetesObject): string {
  return namespace === undefined ? `${kind} ${name}` : `${kind} ${namespace}/${name}`
}
