import type { Status } from "../../contract/status.ts"
import type { AgentSigns } from "../../contract/signs.ts"

/** Objects of one kind in one namespace. */
export interface ObjectsPath {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly namespace: string
}

export interface ObjectPath extends ObjectsPath {
  readonly name: string
}

/** The part of the Kubernetes API that sync writes: no object of a user. Every call ends with an answer or an ApiFault. */
export interface ObjectsApi {
  /** Null if there is none. @throws ApiFault */
  get(path: ObjectPath): Promise<unknown>
  /** @param labelSelector For example `a=b`. @throws ApiFault */
  list(path: ObjectsPath, labelSelector: string): Promise<readonly unknown[]>
  /** @throws ApiFault */
  create(path: ObjectsPath, object: object): Promise<unknown>
  /** Sends a JSON merge patch (RFC 7396); null if there is no such object. @throws ApiFault */
  patch(path: ObjectPath, patch: object, part?: "status"): Promise<unknown>
}

/** The sidecar's status, and whether the sidecar is alive: the file of a dead sidecar does not change. */
export interface Said {
  readonly status: Status
  readonly agent: AgentSigns
}

export interface StatusReader {
  /** The newest readable status; null before the first. */
  read(): Said | null
}

/** A VIP ConfigMap from the mirror. */
export interface ConfigMapIdentity {
  readonly uid: string
  readonly resourceVersion: string
  /** Its data; null if it cannot be read. */
  readonly entries: Readonly<Record<string, string>> | null
}

/** The facts about the cluster that the report needs. */
export interface ClusterFacts {
  /** `namespace/name` of each VIP ConfigMap, in their order; null for a missing one. */
  readonly configMaps: ReadonlyMap<string, ConfigMapIdentity | null>
  /** For each mirrored Node: whether its status is Ready. */
  readonly nodes: ReadonlyMap<string, { readonly ready: boolean }>
}
