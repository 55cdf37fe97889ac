import type { Place } from "../../kit/problem.ts"

/**
 * The kept part of the Kubernetes objects: the fields that decide a keepalived.conf, under their API names. sync removes
 * everything else before it writes a generation.
 *
 * Source: Kubernetes API reference, v1 and discovery.k8s.io/v1.
 */
export type ClusterObject = ConfigMap | Service | EndpointSlice | Endpoints | Node

export type Kind = ClusterObject["kind"]

interface Named {
  readonly name: string
  readonly namespace: string
}

/** The VIP ConfigMap. `data` keeps the order of the file. */
export interface ConfigMap {
  readonly apiVersion: "v1"
  readonly kind: "ConfigMap"
  /** `allowMassRemoval` is the annotation kube-keepalived-vip.io/allow-mass-removal; null when it is absent. */
  readonly metadata: Named & { readonly allowMassRemoval: string | null }
  readonly data: Readonly<Record<string, string>>
}

export type Protocol = "TCP" | "UDP" | "SCTP"

export interface ServicePort {
  /** Empty when the Service has one unnamed port. */
  readonly name: string
  /** 1 to 65535. */
  readonly port: number
  readonly protocol: Protocol
  /** A number, or the name of a container port. Only for messages: endpoints have the resolved number. */
  readonly targetPort: number | string
}

export interface Service {
  readonly apiVersion: "v1"
  readonly kind: "Service"
  readonly metadata: Named
  readonly spec: {
    readonly type: string
    /** `None` for a headless Service, empty for ExternalName and in manifests that were never applied. */
    readonly clusterIP: string
    readonly ports: readonly ServicePort[]
  }
  /** Null when each of these fields has its default. */
  readonly traffic: Traffic | null
}

/**
 * Decides who gets a Service's packets, and on which addresses besides its first cluster IP: fields of `spec` under their API
 * names, `sessionAffinityConfig.clientIP.timeoutSeconds` and `status.loadBalancer.ingress`.
 */
export interface Traffic {
  /** All cluster IPs when there are two; otherwise empty. */
  readonly clusterIPs: readonly string[]
  readonly externalIPs: readonly string[]
  /** Empty when it is not set. */
  readonly loadBalancerIP: string
  readonly loadBalancerSourceRanges: readonly string[]
  /** `None`, `ClientIP`. */
  readonly sessionAffinity: string
  /** Seconds, 1 to 86400; null unless the affinity is `ClientIP`. */
  readonly affinityTimeout: number | null
  /** `Cluster`, `Local`. */
  readonly externalTrafficPolicy: string
  /** `Cluster`, `Local`. */
  readonly internalTrafficPolicy: string
  readonly publishNotReadyAddresses: boolean
  /** Empty when it is not set. */
  readonly trafficDistribution: string
  /** The addresses of `status.loadBalancer.ingress`; `ipMode` is `VIP` or `Proxy`. */
  readonly ingress: readonly { readonly ip: string; readonly ipMode: string }[]
}

export interface EndpointConditions {
  /** Absent in the API means true (EndpointConditions.ready). */
  readonly ready: boolean
  /** Absent means the same as ready. */
  readonly serving: boolean
  /** Absent means false. */
  readonly terminating: boolean
}

export interface Endpoint {
  /** Consumers use the first address only, as kube-proxy does. */
  readonly addresses: readonly string[]
  readonly conditions: EndpointConditions
  /** Null when the node of the endpoint is not known. */
  readonly nodeName: string | null
}

export interface EndpointPort {
  /** The name of the Service's port, which joins the two; empty when that port is unnamed. */
  readonly name: string
  /** The number that the pods listen on, already resolved from targetPort. */
  readonly port: number
  readonly protocol: Protocol
}

export interface EndpointSlice {
  readonly apiVersion: "discovery.k8s.io/v1"
  readonly kind: "EndpointSlice"
  /** `service` is the label kubernetes.io/service-name. */
  readonly metadata: Named & { readonly service: string }
  readonly addressType: "IPv4" | "IPv6" | "FQDN"
  readonly ports: readonly EndpointPort[]
  readonly endpoints: readonly Endpoint[]
}

export interface EndpointSubset {
  readonly addresses: readonly { readonly ip: string; readonly nodeName: string | null }[]
  readonly ports: readonly EndpointPort[]
}

/** The older form of EndpointSlice, used only for a Service without slices. */
export interface Endpoints {
  readonly apiVersion: "v1"
  readonly kind: "Endpoints"
  readonly metadata: Named
  readonly subsets: readonly EndpointSubset[]
}

export interface Node {
  readonly apiVersion: "v1"
  readonly kind: "Node"
  /** `peerAddress` is the annotation kube-keepalived-vip.io/peer-address; absent without the annotation. */
  readonly metadata: { readonly name: string; readonly peerAddress?: string }
  readonly status: {
    readonly addresses: readonly { readonly type: string; readonly address: string }[]
  }
}

/** An object with the place of its first line; a ConfigMap also has the places of its entries. */
export interface Placed<T extends ClusterObject = ClusterObject> {
  readonly object: T
  readonly place: Place
  /** For a ConfigMap: `data` key -> place of that key. Empty for other kinds. */
  readonly keyPlaces: ReadonlyMap<string, Place>
  /**
   * For a ConfigMap: `data` key -> place of the first line of its value, when the value is a block of lines (`|`), whose lines
   * match the lines of the file. Absent without such a value.
   */
  readonly firstLines?: ReadonlyMap<string, Place> | undefined
}

/** A Service with its slices and its Endpoints. */
export interface ServiceObjects {
  readonly service: Placed<Service>
  /** Sorted by name. */
  readonly slices: readonly Placed<EndpointSlice>[]
  readonly endpoints: Placed<Endpoints> | null
}

/**
 * All objects of one generation, or of one directory of manifests, joined by name.
 *
 * `services` and `configMaps` are keyed `namespace/name`. `configMaps` has every ConfigMap, and the caller chooses the VIP
 * ConfigMap. Objects that did not change between two readings are the same JavaScript objects, so that later stages can cache
 * their results.
 */
export interface ClusterObjects {
  readonly configMaps: ReadonlyMap<string, Placed<ConfigMap>>
  readonly services: ReadonlyMap<string, ServiceObjects>
  /** Sorted by name. */
  readonly nodes: readonly Placed<Node>[]
}
