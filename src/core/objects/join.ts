import { byPlace, compare } from "../../kit/problem.ts"
import type { Checked, Problem } from "../../kit/problem.ts"
import type { DecodedFile } from "./decoded-file.ts"
import type {
  ClusterObject,
  ClusterObjects,
  ConfigMap,
  Endpoints,
  EndpointSlice,
  Kind,
  Node,
  Placed,
  Service,
  ServiceObjects,
} from "./kinds.ts"
import { titleOf } from "./parse.ts"
import type { ObjectProblemCode } from "./problem-codes.ts"

/** Joins files into the objects of a cluster, and returns the problems of the files, sorted by place. */
export type Join = (files: readonly DecodedFile[]) => Checked<ClusterObjects, ObjectProblemCode>

/**
 * Makes a `Join` that remembers its last result. A Service whose own object, slices and Endpoints are the same JavaScript
 * objects as before gives the same `ServiceObjects`, and an unchanged list of nodes gives the same list.
 *
 * The order of files, and of documents in them, does not matter. When two objects have the same name, the first by file and
 * line counts, and the other is a problem. Slices and Endpoints without a Service are left out.
 */
export function createJoin(): Join {
  let before: ClusterObjects = { configMaps: new Map(), services: new Map(), nodes: [] }
  return (files) => {
    const joined = joinAll(files, before)
    before = joined.value
    return joined
  }
}

function joinAll(files: readonly DecodedFile[], before: ClusterObjects): ReturnType<Join> {
  const problems: Problem<ObjectProblemCode>[] = files.flatMap((file) => file.problems)
  const found = gather(files, problems)
  const services = new Map<string, ServiceObjects>()
  for (const [key, service] of sorted(found.services)) {
    const joined = joinOne(key, service, found)
    const same = before.services.get(key)
    services.set(key, same !== undefined && isSame(same, joined) ? same : joined)
  }
  const nodes = sorted(found.nodes).map(([, node]) => node)
  const value = {
    configMaps: new Map(sorted(found.configMaps)),
    services,
    nodes: isSameList(before.nodes, nodes) ? before.nodes : nodes,
  }
  return { value, problems: problems.toSorted(byPlace) }
}

function joinOne(key: string, service: Placed<Service>, found: Gathered): ServiceObjects {
  const slices = inOrder(found.slices.get(key) ?? [], ({ object }) => object.metadata.name)
  return { service, slices, endpoints: found.endpoints.get(key) ?? null }
}

interface Gathered {
  readonly configMaps: Map<string, Placed<ConfigMap>>
  readonly services: Map<string, Placed<Service>>
  readonly endpoints: Map<string, Placed<Endpoints>>
  readonly nodes: Map<string, Placed<Node>>
  /** Keyed by their Service. */
  readonly slices: Map<string, Placed<EndpointSlice>[]>
}

function gather(files: readonly DecodedFile[], problems: Problem<ObjectProblemCode>[]): Gathered {
  const found: Gathered = {
    configMaps: new Map(),
    services: new Map(),
    endpoints: new Map(),
    nodes: new Map(),
    slices: new Map(),
  }
  const slices = new Map<string, Placed<EndpointSlice>>()
  /** Keeps one object per name; the others become problems. */
  const put = <T extends ClusterObject>(into: Map<string, Placed<T>>, placed: Placed<T>) => {
    const key = keyOf(placed.object)
    const other = into.get(key)
    if (other === undefined) {
      into.set(key, placed)
      return
    }
    const [first, second] = byObjectPlace(other, placed) <= 0 ? [other, placed] : [placed, other]
    into.set(key, first)
    problems.push(duplicate(first, second))
  }
  for (const { objects } of files)
    for (const placed of objects) {
      if (isOf(placed, "ConfigMap")) put(found.configMaps, placed)
      else if (isOf(placed, "Service")) put(found.services, placed)
      else if (isOf(placed, "Endpoints")) put(found.endpoints, placed)
      else if (isOf(placed, "Node")) put(found.nodes, placed)
      else if (isOf(placed, "EndpointSlice")) put(slices, placed)
    }
  for (const placed of slices.values()) {
    const { namespace, service } = placed.object.metadata
    const owner = `${namespace}/${service}`
    const others = found.slices.get(owner)
    if (others === undefined) found.slices.set(owner, [placed])
    else others.push(placed)
  }
  return found
}

function duplicate(first: Placed, second: Placed): Problem<ObjectProblemCode> {
  const title = titleIn(first)
  const where = `${first.place.file}:${first.place.line ?? 1}`
  return {
    code: "OBJECT_DUPLICATE",
    severity: "error",
    path: [title],
    place: second.place,
    message: `Cannot use a second ${title}: ${where} has one; delete one of them, or build overlays first (kustomize build DIR | kkv validate -)`,
  }
}

function byObjectPlace(a: Placed, b: Placed): number {
  const [one, other] = [a.place, b.place]
  return compare(one.file, other.file) || (one.line ?? 0) - (other.line ?? 0) || (one.column ?? 0) - (other.column ?? 0)
}

function titleIn({ object }: Placed): string {
  return titleOf(object.kind, object)
}

/** `namespace/name`; for a Node only the name. */
function keyOf(object: ClusterObject): string {
  return object.kind === "Node" ? object.metadata.name : `${object.metadata.namespace}/${object.metadata.name}`
}

type Of<K extends Kind> = Placed<Extract<ClusterObject, { readonly kind: K }>>

function isOf<K extends Kind>(placed: Placed, kind: K): placed is Of<K> {
  return placed.object.kind === kind
}

function sorted<T>(map: ReadonlyMap<string, T>): readonly (readonly [string, T])[] {
  return inOrder([...map], ([key]) => key)
}

/** Sorts a list. Lists are usually sorted already, so this checks first. */
function inOrder<T>(list: readonly T[], keyOf: (one: T) => string): readonly T[] {
  const isSorted = list.every((one, at) => at === 0 || compare(keyOf(list[at - 1] ?? one), keyOf(one)) <= 0)
  return isSorted ? list : list.toSorted((a, b) => compare(keyOf(a), keyOf(b)))
}

function isSame(a: ServiceObjects, b: ServiceObjects): boolean {
  return a.service === b.service && a.endpoints === b.endpoints && isSameList(a.slices, b.slices)
}

function isSameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index])
}
