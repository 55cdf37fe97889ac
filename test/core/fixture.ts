import type { DeclarationId } from "../../src/core/declare/declaration.ts"
import type { RawEntry } from "../../src/core/declare/entries.ts"
import { compare } from "../../src/kit/problem.ts"
import type {
  ClusterObjects,
  ConfigMap,
  Endpoint,
  EndpointSlice,
  Node,
  Placed,
  Service,
  ServiceObjects,
  ServicePort,
  Traffic,
} from "../../src/core/objects/kinds.ts"
import {
  type KeepalivedModel,
  type VipModel,
  vipsOf,
  type VrrpInstance,
} from "../../src/core/model/keepalived-model.ts"
import { DEFAULT_TRAFFIC } from "../../src/core/objects/traffic.ts"
import type { ModelInput } from "../../src/core/model/types.ts"
import type { ModelSettings } from "../../src/core/model/settings.ts"

/** Settings as the flags have them when none is given. */
export const SETTINGS: ModelSettings = {
  peerNetwork: null,
  virtualRouterId: 50,
  vrrpVersion: 3,
  advertInterval: 1,
  useUnicast: false,
  layout: "anchor",
  scheduler: "wlc",
  persistenceTimeout: 0,
  check: "none",
  vipRanges: [],
  releaseFile: "/run/keepalived/release",
}

/** An object in line 1 of its own file. */
export function placed<T extends ConfigMap | Service | EndpointSlice | Node>(object: T, file: string): Placed<T> {
  return { object, place: { file, line: 1, column: 1 }, keyPlaces: new Map() }
}

/** The VIP ConfigMap; entry n is in line 6 + n. */
export function configMap(
  data: Readonly<Record<string, string>>,
  allowMassRemoval: string | null = null,
): Placed<ConfigMap> {
  const object: ConfigMap = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace: "default", name: "vips", allowMassRemoval },
    data,
  }
  const keyPlaces = new Map(Object.keys(data).map((key, at) => [key, { file: "vips.yaml", line: 6 + at, column: 3 }]))
  return { object, place: { file: "vips.yaml", line: 1, column: 1 }, keyPlaces }
}

/** The id of an entry of that ConfigMap. */
export function id(key: string): DeclarationId {
  return `ConfigMap default/vips ${key}`
}

/** An entry of that ConfigMap. */
export function rawEntry(key: string, text: string, at: Partial<Pick<RawEntry, "place" | "firstLine">> = {}): RawEntry {
  const source = { kind: "ConfigMap", namespace: "default", name: "vips" } as const
  return { id: id(key), source, key, text, place: null, ...at }
}

export interface ServiceOptions {
  readonly ports?: readonly Partial<ServicePort>[]
  readonly addresses?: readonly string[]
  readonly endpoints?: readonly Endpoint[]
  readonly targetPort?: number
  readonly type?: string
  readonly clusterIP?: string
  readonly traffic?: Partial<Traffic>
}

/** A Service with one slice. By default port 80/TCP, on 8080 of one pod. */
export function service(name: string, options: ServiceOptions = {}): ServiceObjects {
  const ports = (options.ports ?? [{}]).map((port): ServicePort => ({
    name: "",
    port: 80,
    protocol: "TCP",
    targetPort: 8080,
    ...port,
  }))
  const metadata = { namespace: "default", name }
  const { type = "ClusterIP", clusterIP = "10.96.0.1" } = options
  const traffic = options.traffic === undefined ? null : { ...DEFAULT_TRAFFIC, ...options.traffic }
  const object: Service = { apiVersion: "v1", kind: "Service", metadata, spec: { type, clusterIP, ports }, traffic }
  const endpoints = options.endpoints ?? (options.addresses ?? ["10.2.1.11"]).map((address) => endpoint(address))
  return {
    service: placed(object, `services/default/${name}.yaml`),
    slices: [
      placed(
        slice(name, ports, { endpoints, targetPort: options.targetPort ?? 8080 }),
        `services/default/${name}.yaml`,
      ),
    ],
    endpoints: null,
  }
}

export function slice(
  name: string,
  ports: readonly ServicePort[],
  behind: { readonly endpoints: readonly Endpoint[]; readonly targetPort: number },
): EndpointSlice {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { namespace: "default", name: `${name}-1`, service: name },
    addressType: "IPv4",
    ports: ports.map((port) => ({ name: port.name, port: behind.targetPort, protocol: port.protocol })),
    endpoints: behind.endpoints,
  }
}

export function endpoint(address: string, conditions: Partial<Endpoint["conditions"]> = {}): Endpoint {
  const ready = conditions.ready ?? true
  return {
    addresses: [address],
    conditions: { ready, serving: conditions.serving ?? ready, terminating: conditions.terminating ?? false },
    nodeName: null,
  }
}

export function node(name: string, address: string): Placed<Node> {
  const status = { addresses: [{ type: "InternalIP", address }] }
  return placed({ apiVersion: "v1", kind: "Node", metadata: { name }, status }, "nodes.yaml")
}

export function cluster(services: readonly ServiceObjects[], nodes: readonly Placed<Node>[] = []): ClusterObjects {
  const keyed = services.map((one) => [`default/${one.service.object.metadata.name}`, one] as const)
  return {
    configMaps: new Map(),
    services: new Map(keyed.toSorted(([a], [b]) => compare(a, b))),
    nodes,
  }
}

/** An input as the offline commands have it: nothing ran before. */
export function input(
  data: Readonly<Record<string, string>>,
  objects: ClusterObjects,
  more: Partial<ModelInput> = {},
): ModelInput {
  return {
    objects,
    configMaps: [configMap(data)],
    node: { name: "n1", interface: "eth0", ipvs: true },
    lastGood: new Map(),
    refused: new Map(),
    draining: new Map(),
    unreachable: new Set(),
    ...more,
  }
}

/** The VIPs of a model that the test expects. */
export function vipsIn(model: KeepalivedModel | null | undefined): readonly VipModel[] {
  if (model === null || model === undefined) throw new Error("there is no model")
  return vipsOf(model)
}

/** The only instance of a model that the test expects. */
export function instanceIn(model: KeepalivedModel | null | undefined): VrrpInstance {
  const [instance, ...others] = model?.instances ?? []
  if (instance === undefined || others.length > 0) throw new Error("the model does not have one instance")
  return instance
}
