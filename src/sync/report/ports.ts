import type { Status } from "../../contract/status.ts"
import type { AgentSigns } from "../../contract/well.ts"

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

/** The part of the Kubernetes API that sync writes: nothing of a user's. Every call ends, by an answer or an ApiFault. */
export interface ObjectsApi {
  /** Null where there is none. @throws ApiFault */
  get(path: ObjectPath): Promise<unknown>
  /** @param labelSelector such as `a=b`. @throws ApiFault */
  list(path: ObjectsPath, labelSelector: string): Promise<readonly unknown[]>
  /** @throws ApiFault */
  create(path: ObjectsPath, object: object): Promise<unknown>
  /** By JSON merge patch (RFC 7396); null where there is none. @throws ApiFault */
  patch(path: ObjectPath, patch: object, part?: "status"): Promise<unknown>
}

/** What the sidecar says of itself, and whether it lives to say it: the file of a dead one stays as it is. */
export interface Said {
  readonly status: Status
  readonly agent: AgentSigns
}

export interface StatusReader {
  /** The newest that can be read; null before the first. */
  read(): Said | null
}

/** The VIP ConfigMap as it was mirrored last. */
export interface ConfigMapIdentity {
  readonly uid: string
  readonly resourceVersion: string
  /** Its data; null where it cannot be read. */
  readonly entries: Readonly<Record<string, string>> | null
}

/** What the report needs to know of the cluster. */
export interface ClusterFacts {
  /** Null while there is none. */
  readonly configMap: ConfigMapIdentity | null
  /** Of each mirrored Node: whether the cluster thinks that it lives. */
  readonly nodes: ReadonlyMap<string, { readonly ready: boolean }>
}
