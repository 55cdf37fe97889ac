import type { Place } from "../../kit/problem.ts"
import type { JsonObject } from "../../kit/text/json-text.ts"
import { compareAddresses } from "../../core/address/order.ts"
import type { Difference } from "./differences.ts"

/** An entry of our ConfigMap. */
export interface TargetEntry {
  /** A valid address. */
  readonly address: string
  /** Its value, such as `default/echoheaders:DR`. */
  readonly text: string
  /** The place in the input. */
  readonly place: Place | null
}

/** Which nodes run a pod. */
export interface Placement {
  readonly nodeSelector: Readonly<Record<string, string>>
  /** Null: as the base has them. */
  readonly tolerations: readonly unknown[] | null
  readonly affinity: Readonly<Record<string, unknown>> | null
}

/** A Service that has to lose addresses from `spec.externalIPs`. */
export interface ServicePatch {
  readonly namespace: string
  readonly name: string
  /** All addresses of the field, as they are now. */
  readonly before: readonly string[]
  /** The addresses that stay. */
  readonly after: readonly string[]
}

/** All that replaces the input. */
export interface Target {
  readonly entries: readonly TargetEntry[]
  /** Flags of `kkv sidecar` that differ from their defaults: `--vrid` -> `51`. */
  readonly sidecar: Readonly<Record<string, string>>
  /** Flags of `kkv sync`. */
  readonly sync: Readonly<Record<string, string>>
  /** Empty: Services of all namespaces. */
  readonly watchNamespaces: readonly string[]
  readonly placement: Placement
  /** Services and EndpointSlices for servers that are not pods. */
  readonly objects: readonly JsonObject[]
  readonly patches: readonly ServicePatch[]
}

/** What a migration comes to. */
export interface Migration {
  /** Null: the input has nothing that could be migrated. */
  readonly target: Target | null
  readonly differences: readonly Difference[]
}

export const NO_PLACEMENT: Placement = { nodeSelector: {}, tolerations: null, affinity: null }

/** A target without entries, with all defaults. */
export const EMPTY_TARGET: Target = {
  ...{ entries: [], sidecar: {}, sync: {}, watchNamespaces: [], placement: NO_PLACEMENT, objects: [], patches: [] },
}

/** Name of our ConfigMap, and the namespace of all our objects (manifests/base). */
export const CONFIG_MAP = "vip-configmap"
export const NAMESPACE = "kube-keepalived-vip"

/** A virtual router ID that none of the given routers has: the next one after the first of them. */
export function freeRouterId(used: readonly number[]): number {
  const [first = 0] = used
  const ids = Array.from({ length: MOST_ROUTERS }, (_, at) => ((first + at) % MOST_ROUTERS) + 1)
  return ids.find((id) => !used.includes(id)) ?? 1
}

/** RFC 9568, 5.2.3: 1 to 255. */
export const MOST_ROUTERS = 255

export function byAddress(a: TargetEntry, b: TargetEntry): number {
  return compareAddresses(a.address, b.address)
}
