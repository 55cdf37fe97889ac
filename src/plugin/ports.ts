/** Objects of one kind. */
export interface Kind {
  /** Empty for the core group. */
  readonly group: string
  readonly version: string
  readonly plural: string
}

export interface ListQuery {
  /** Null: of all namespaces, or a kind without namespaces. */
  readonly namespace: string | null
  readonly labelSelector?: string
  readonly fieldSelector?: string
}

/** The part of the Kubernetes API that the plugin reads. It changes nothing. Every call ends with an answer or an ApiFault. */
export interface ClusterApi {
  /** @throws ApiFault */
  list(kind: Kind, query: ListQuery): Promise<readonly unknown[]>
  /** Null if there is none. @throws ApiFault */
  get(kind: Kind, namespace: string, name: string): Promise<unknown>
  /** The time of the API server's last answer, by its own clock; null before the first, and if it does not say. */
  serverTime(): Date | null
}

/** What could be read, or why it could not: what cannot be read is unknown. */
export type Read<T> = { readonly kind: "read"; readonly value: T } | { readonly kind: "unknown"; readonly why: string }
