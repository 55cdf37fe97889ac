import { type KubernetesObject, nameOf } from "./render.ts"

/** Labels that say by which program an object came. */
const BY_PROGRAM = ["helm.sh/chart", "app.kubernetes.io/managed-by"]
const KEEP = "helm.sh/resource-policy"
/** Lists whose order says nothing. */
const BY_NAME = ["env", "containers", "volumes", "volumeMounts"]

/**
 * Objects in a form in which those of Helm and of kustomize can be equal, by name. Left out is only what both cannot have in common:
 *
 * - the Namespace, which `helm install --create-namespace` makes
 * - labels that name the program, and the annotation that is for Helm alone
 * - the order of environment variables, containers, volumes and mounts: a patch of kustomize brings what it names to the front
 * - the label of the instance in the selector of a PodMonitor: a component of kustomize does not know it
 */
export function canonical(objects: readonly KubernetesObject[]): ReadonlyMap<string, unknown> {
  const compared = objects
    .filter(({ kind }) => kind !== "Namespace")
    .map((object) => [nameOf(object), plain(object)] as const)
  return new Map(compared.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** Without the recommended labels, for objects to which kustomize gives none. */
export function withoutLabels(object: unknown): unknown {
  const { metadata, ...rest } = object as KubernetesObject
  const { labels = {}, ...others } = metadata
  const own = Object.entries(labels).filter(([label]) => !label.startsWith("app.kubernetes.io/"))
  return { ...rest, metadata: { ...others, ...(own.length > 0 && { labels: Object.fromEntries(own) }) } }
}

/** Whether an object has the label that all objects of the kustomize base have. */
export function isLabelled(object: unknown): boolean {
  return (object as KubernetesObject).metadata.labels?.["app.kubernetes.io/name"] !== undefined
}

function plain(object: KubernetesObject): unknown {
  const isMonitor = object.kind === "PodMonitor"
  return JSON.parse(JSON.stringify(object), (key, value: unknown) => {
    if (key === "labels") return without(value, BY_PROGRAM)
    if (key === "annotations") return without(value, [KEEP])
    if (BY_NAME.includes(key) && Array.isArray(value)) return value.toSorted(byName)
    if (key === "matchLabels" && isMonitor) return without(value, ["app.kubernetes.io/instance"])
    return value
  })
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1
}

/** A map without these keys; undefined if nothing is left. */
function without(value: unknown, keys: readonly string[]): unknown {
  const left = Object.entries(value as Record<string, unknown>).filter(([key]) => !keys.includes(key))
  return left.length === 0 ? undefined : Object.fromEntries(left)
}
