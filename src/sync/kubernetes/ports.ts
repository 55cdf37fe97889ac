import type { Collection } from "./collection.ts"

export interface ListOptions {
  /** `0`: any cached state of the API server; null: its newest state. */
  readonly resourceVersion: "0" | null
  readonly signal: AbortSignal
  /** Gets the objects of each page as the API sends them, with apiVersion and kind. */
  readonly page: (objects: readonly unknown[]) => void
}

export interface WatchOptions {
  /** The watch gives the events after this version. */
  readonly resourceVersion: string
  /** Time after which the API server ends the watch, in seconds. */
  readonly timeoutSeconds: number
  /** Time without a byte after which the connection counts as dead, in ms. */
  readonly inactivityMs: number
  readonly signal: AbortSignal
  /** Gets each event as it arrives; must not throw. */
  readonly event: (type: unknown, object: unknown) => void
}

/** How a watch ended without a failure. */
export type WatchEnd = "ended" | "silent"

/** The part of the Kubernetes API that sync reads. Every call ends: with an answer, a fault or the caller's signal. */
export interface KubernetesApi {
  /** @returns The resourceVersion from which a watch continues. @throws ApiFault */
  list(collection: Collection, options: ListOptions): Promise<string>
  /** Resolves when the API server or the signal ends the watch, or when nothing arrives. @throws ApiFault */
  watch(collection: Collection, options: WatchOptions): Promise<WatchEnd>
  /** Whether the API server has discovery.k8s.io/v1. @throws ApiFault */
  servesEndpointSlices(): Promise<boolean>
  /** The nodeSelector of a Pod; empty if it has none. @throws ApiFault */
  nodeSelectorOf(pod: { readonly namespace: string; readonly name: string }): Promise<Readonly<Record<string, string>>>
  /** Reads the credentials again, for all later calls. */
  renew(): void
}
