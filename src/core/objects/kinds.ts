import type { Place } from "../../kit/problem.ts"

/**
 * What we keep of the Kubernetes objects: the fields that decide a keepalived.conf, under their own API names.
 * Everything else is trimmed away before a generation is written.
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
  /** `allowMassRemoval` is the annotation kube-keepalived-vip.io/allow-mass-removal; null where there is none. */
  readonly metadata: Named & { readonly allowMassRemoval: string | null }
  readonly data: Readonly<Record<string, string>>
}

export type Protocol = "TCP" | "UDP" | "SCTP"

export interface ServicePort {
  /** Empty where the Service has one unnamed port. */
  readonly name: string
  /** 1 to 65535. */
  readonly port: number
  readonly protocol: Protocol
  /** A number, or the name of a container port. Only for people: endpoints carry the resolved number. */
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
  /** Null where each of these fields has its default. */
  readonly traffic: Traffic | null
}

/**
 * Who gets a Service's packets, and on which addresses beside its first cluster IP: fields of `spec` under their API names,
 * `sessionAffinityConfig.clientIP.timeoutSeconds` and `status.loadBalancer.ingress`.
 */
export interface Traffic {
  /** All cluster IPs where there are two; else empty. */
  readonly clusterIPs: readonly string[]
  readonly externalIPs: readonly string[]
  /** Empty where it is not set. */
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
  /** Empty where it is not set. */
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
  /** Null where the endpoint is on no known node. */
  readonly nodeName: string | null
}

export interface EndpointPort {
  /** The name of the Service's port, which joins the two; empty where that has none. */
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

/** The older form of EndpointSlice; read only where a Service has no slice. */
export interface Endpoints {
  readonly apiVersion: "v1"
  readonly kind: "Endpoints"
  readonly metadata: Named
  readonly subsets: readonly EndpointSubset[]
}

export interface Node {
  readonly apiVersion: "v1"
  readonly kind: "Node"
  /** `peerAddress` is the annotation kube-keepalived-vip.io/peer-address; absent where there is none. */
  readonly metadata: { readonly name: string; readonly peerAddress?: string }
  readonly status: {
    readonly addresses: readonly { readonly type: string; readonly address: string }[]
  }
}

/** An object with the place of its first line, and the places of the ConfigMap's entries where it is one. */
export interface Placed<T extends ClusterObject = ClusterObject> {
  readonly object: T
  readonly place: Place
  /** For a ConfigMap: `data` key -> place of that key. Empty for other kinds. */
  readonly keyPlaces: ReadonlyMap<string, Place>
  /**
   * For a ConfigMap: `data` key -> place of the first line of its value, where the value is a block of lines (`|`): those stand in
   * the file line by line. Absent where no value is.
   */
  readonly firstLines?: ReadonlyMap<string, Place> | undefined
}

/** A Service with what stands behind it. */
export interface ServiceObjects {
  readonly service: Placed<Service>
  /** Sorted by name. */
  readonly slices: readonly Placed<EndpointSlice>[]
  readonly endpoints: Placed<Endpoints> | null
}

/**
 * All objects of one generation, or of one directory of manifests, joined by name.
 *
 * `services` is keyed `namespace/name`. `configMaps` holds every ConfigMap found, keyed alike; which of them is the VIP
 * ConfigMap is the caller's choice. Objects that did not change between two readings are the same JavaScript objects, so
 * that later stages can keep what they made of them.
 */
export interface ClusterObjects {
  readonly configMaps: ReadonlyMap<string, Placed<ConfigMap>>
  readonly services: ReadonlyMap<string, ServiceObjects>
  /** Sorted by name. */
  readonly nodes: readonly Placed<Node>[]
}
