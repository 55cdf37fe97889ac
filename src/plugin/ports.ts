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

/** The part of the Kubernetes API that the plugin reads. It changes nothing there. Every call ends with an answer or an ApiFault. */
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

/** A pod of the product, in which commands can run. */
export interface ProductPod {
  readonly namespace: string
  readonly name: string
}

/** How a command in a pod ended. */
export interface InPod {
  /** Exit status of the command itself. */
  readonly status: number
  readonly out: string
  readonly err: string
}

/** Ports of a forwarding; `local` is 0 for any free one. */
export interface Ports {
  readonly local: number
  readonly remote: number
}

export interface Forwarding {
  readonly signal: AbortSignal
  /** Called once, with the port of this machine. */
  readonly ready: (local: number) => void
}

/** The user's kubectl, for what the plugin does not ask the API server itself. */
export interface Kubectl {
  /**
   * Runs `kkv` in the sidecar's container, with the rights of the user (`create pods/exec`).
   *
   * @throws ApiFault if the command could not be run, or not to its end.
   */
  kkv(pod: ProductPod, words: readonly string[]): Promise<InPod>
  /**
   * Forwards a port of this machine's loopback to a port of the pod, until the signal (`create pods/portforward`).
   *
   * @throws ApiFault if it cannot begin, or ends before.
   */
  forward(pod: ProductPod, ports: Ports, until: Forwarding): Promise<void>
}
