import type { Collection } from "./collection.ts"

export interface ListOptions {
  /** `0` takes any state that the API server has at hand; null its newest. */
  readonly resourceVersion: "0" | null
  readonly signal: AbortSignal
  /** Gets the objects of each page as the API has them, with apiVersion and kind. */
  readonly page: (objects: readonly unknown[]) => void
}

export interface WatchOptions {
  /** Events after this version are wanted. */
  readonly resourceVersion: string
  /** After so many seconds the API server ends the watch. */
  readonly timeoutSeconds: number
  /** Without a byte for so many ms the connection counts as dead. */
  readonly inactivityMs: number
  readonly signal: AbortSignal
  /** Gets each event as it comes; must not throw. */
  readonly event: (type: unknown, object: unknown) => void
}

/** How a watch ended that did not fail. */
export type WatchEnd = "ended" | "silent"

/** The part of the Kubernetes API that sync reads. Every call ends: by an answer, a fault or the caller's signal. */
export interface KubernetesApi {
  /** @returns The resourceVersion from which a watch goes on. @throws ApiFault */
  list(collection: Collection, options: ListOptions): Promise<string>
  /** Resolves when the API server ended the watch in order, or the signal did; or because nothing came. @throws ApiFault */
  watch(collection: Collection, options: WatchOptions): Promise<WatchEnd>
  /** Whether discovery.k8s.io/v1 is served. @throws ApiFault */
  servesEndpointSlices(): Promise<boolean>
  /** The nodeSelector of a Pod; empty where it has none. @throws ApiFault */
  nodeSelectorOf(pod: { readonly namespace: string; readonly name: string }): Promise<Readonly<Record<string, string>>>
  /** Reads the credentials again; what comes then uses them. */
  renew(): void
}
