import { MOST_REFERENCES, type Reference } from "../../core/declare/references.ts"
import { SERVICE_NAME_LABEL } from "../../core/objects/schema.ts"
import { compare } from "../../kit/problem.ts"

/** The plural names of the Kubernetes API. */
export type Resource = "configmaps" | "services" | "endpointslices" | "endpoints" | "nodes"

/** Objects of one resource that sync lists and watches together. Equal collections have equal ids. */
export interface Collection {
  readonly id: string
  readonly resource: Resource
  /** Null for Nodes, which have no namespace. */
  readonly namespace: string | null
  readonly fieldSelector: string | null
  readonly labelSelector: string | null
  /**
   * Objects that sync keeps of those that the API server sends: names of Services (for an EndpointSlice, the name of its
   * Service) or of the ConfigMap. Null keeps all.
   */
  readonly names: ReadonlySet<string> | null
}

/** The settings and entries that decide which collections sync needs. */
export interface ScopeInput {
  /** `namespace/name` of the VIP ConfigMaps. */
  readonly configMapKeys: readonly string[]
  readonly references: readonly Reference[]
  /** Allowed namespaces; empty: every namespace that an entry names. */
  readonly watchNamespaces: readonly string[]
  /** A label selector; empty selects all Nodes. */
  readonly nodeSelector: string
  /** Source of the addresses behind a Service. */
  readonly backends: "endpointslices" | "endpoints"
}

/**
 * Maximum names per namespace with a separate watch for each Service, so that the API server sends nothing else. Above it, one
 * watch for the namespace costs the API server less; sync then drops the objects that no entry names.
 */
const MOST_SINGLE_NAMES = 8

/** Maximum names for which the API server selects the slices; a longer selector makes the URL too long. */
const MOST_SELECTED_NAMES = 100

/** Each VIP ConfigMap, then the Nodes: needed before any entry is known. */
export function firstCollections(wish: Pick<ScopeInput, "configMapKeys" | "nodeSelector">): readonly Collection[] {
  const labelSelector = wish.nodeSelector === "" ? null : wish.nodeSelector
  const nodes: Collection = {
    id: `nodes ${wish.nodeSelector}`,
    resource: "nodes",
    namespace: null,
    fieldSelector: null,
    labelSelector,
    names: null,
  }
  const configMaps = wish.configMapKeys.map((key) => {
    const [namespace = "", name = ""] = key.split("/")
    return single("configmaps", namespace, name)
  })
  return [...configMaps, nodes]
}

/** All collections that are needed once the entries are known, sorted by namespace. */
export function collectionsFor(wish: ScopeInput): readonly Collection[] {
  // sync will not publish this many: the ConfigMap must not make it open a watch for each.
  if (wish.references.length > MOST_REFERENCES) return firstCollections(wish)
  const { watchNamespaces: allowed } = wish
  const watched = wish.references.filter(({ namespace }) => allowed.length === 0 || allowed.includes(namespace))
  const byNamespace = [...Map.groupBy(watched, ({ namespace }) => namespace)].sort(([a], [b]) => compare(a, b))
  return [
    ...firstCollections(wish),
    ...byNamespace.flatMap(([namespace, references]) => {
      const names = references.map(({ name }) => name)
      const ends =
        wish.backends === "endpoints" ? namedLike("endpoints", namespace, names) : [slicesOf(namespace, names)]
      return [...namedLike("services", namespace, names), ...ends]
    }),
  ]
}

/** `services in namespace "default"`, for messages. */
export function collectionTitle({ resource, namespace }: Collection): string {
  return namespace === null ? resource : `${resource} in namespace "${namespace}"`
}

/** Services, or Endpoints, which have the same names. */
function namedLike(resource: Resource, namespace: string, names: readonly string[]): readonly Collection[] {
  if (names.length <= MOST_SINGLE_NAMES) return names.map((name) => single(resource, namespace, name))
  const base = { resource, namespace, fieldSelector: null, labelSelector: null }
  return [{ ...base, id: `${resource} ${namespace} ${names.join()}`, names: new Set(names) }]
}

function slicesOf(namespace: string, names: readonly string[]): Collection {
  const selected = names.length <= MOST_SELECTED_NAMES
  return {
    id: `endpointslices ${namespace} ${names.join()}`,
    resource: "endpointslices",
    namespace,
    fieldSelector: null,
    labelSelector: selected ? `${SERVICE_NAME_LABEL} in (${names.join()})` : SERVICE_NAME_LABEL,
    names: new Set(names),
  }
}

function single(resource: Resource, namespace: string, name: string): Collection {
  return {
    id: `${resource} ${namespace}/${name}`,
    resource,
    namespace,
    fieldSelector: `metadata.name=${name}`,
    labelSelector: null,
    names: new Set([name]),
  }
}
