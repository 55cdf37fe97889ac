/** A small cluster, each object with all the fields in which its author can write a text, as the API gives it. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** The objects that go into one file of a generation. */
export interface WorldFile {
  readonly name: string
  readonly objects: readonly Json[]
}

export const ENTRIES = 6

const metadata = (name: string, more: Record<string, Json> = {}, annotations: Record<string, Json> = {}): Json => ({
  name,
  namespace: "default",
  resourceVersion: "4711",
  generateName: `${name}-`,
  annotations: { note: "harmless", ...annotations },
  labels: { app: name, ...more },
  managedFields: [{ manager: "kubectl" }],
})

const ports = (name: string): Json[] => [
  { name: "web", port: 80, protocol: "TCP", targetPort: "http", appProtocol: "http", nodePort: 30080 },
  { name: `${name}-dns`, port: 53, protocol: "UDP", targetPort: 5353 },
]

const service = (name: string): Json => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: metadata(name),
  spec: {
    type: "ClusterIP",
    clusterIP: "10.96.0.10",
    externalIPs: ["192.0.2.1"],
    externalName: "example.org",
    sessionAffinity: "None",
    selector: { app: name },
    ports: ports(name),
  },
})

const targetPorts = (name: string): Json[] => [
  { name: "web", port: 8080, protocol: "TCP", appProtocol: "http" },
  { name: `${name}-dns`, port: 5353, protocol: "UDP" },
]

const slice = (name: string, n: number): Json => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: metadata(`${name}-x7k2p`, { "kubernetes.io/service-name": name }),
  addressType: "IPv4",
  ports: targetPorts(name),
  endpoints: [1, 2].map((at) => ({
    addresses: [`10.2.${n}.${at}`],
    conditions: { ready: true, serving: true, terminating: false },
    hostname: `pod-${at}`,
    nodeName: `n${at}`,
    zone: "zone-a",
    targetRef: { kind: "Pod", name: `${name}-${at}` },
  })),
})

const endpoints = (name: string, n: number): Json => ({
  apiVersion: "v1",
  kind: "Endpoints",
  metadata: metadata(name),
  subsets: [
    {
      addresses: [1, 2].map((at) => ({ ip: `10.2.${n}.${at}`, hostname: `pod-${at}`, nodeName: `n${at}` })),
      notReadyAddresses: [{ ip: `10.2.${n}.9`, nodeName: "n1" }],
      ports: targetPorts(name),
    },
  ],
})

const node = (n: number): Json => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: {
    name: `n${n}`,
    labels: { "kubernetes.io/hostname": `n${n}` },
    annotations: { note: "harmless" },
    resourceVersion: "7",
  },
  spec: { podCIDR: `10.2.${n}.0/24`, providerID: "bed://n" },
  status: {
    addresses: [
      { type: "InternalIP", address: `10.4.0.${n + 2}` },
      { type: "Hostname", address: `n${n}` },
    ],
    conditions: [{ type: "Ready", status: "True", reason: "KubeletReady", message: "harmless" }],
  },
})

const configMap: Json = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: metadata("vips", {}, { "kube-keepalived-vip.io/allow-mass-removal": String(ENTRIES) }),
  data: Object.fromEntries(
    Array.from({ length: ENTRIES }, (_, n) => [`10.4.0.${50 + n}`, `default/fuzzed-${n}${["", ":NAT"][n % 2]}`]),
  ),
}

/** The VIP ConfigMap, one file for each Service (the even ones with a slice, the odd ones with Endpoints), the Nodes. */
export const WORLD: readonly WorldFile[] = [
  { name: "vips.yaml", objects: [configMap] },
  ...Array.from({ length: ENTRIES }, (_, n) => {
    const name = `fuzzed-${n}`
    return {
      name: `services/default/${name}.yaml`,
      objects: [service(name), n % 2 === 0 ? slice(name, n) : endpoints(name, n)],
    }
  }),
  { name: "nodes.yaml", objects: [node(1), node(2), node(3)] },
]

/** A field whose text may be replaced, or a key of a mapping whose keys their author chooses. */
export interface Spot {
  readonly path: readonly (string | number)[]
  readonly what: "value" | "key"
}

/** Every text, number and switch of a file, and every key that its author can choose. */
export function spotsOf(file: WorldFile): readonly Spot[] {
  const spots: Spot[] = []
  walk(file.objects, [])
  return spots

  function walk(value: Json, path: readonly (string | number)[]): void {
    if (value === null || typeof value !== "object") spots.push({ path, what: "value" })
    else if (Array.isArray(value)) for (const [at, one] of value.entries()) walk(one as Json, [...path, at])
    else
      for (const [key, one] of Object.entries(value)) {
        if (FREE_KEYS.has(String(path.at(-1)))) spots.push({ path: [...path, key], what: "key" })
        walk(one, [...path, key])
      }
  }
}

const FREE_KEYS = new Set(["data", "labels", "annotations", "selector"])

/** A copy of the objects in which `next` stands at the spot; everything else is shared. */
export function replaced(value: Json, spot: Spot, next: unknown, depth = 0): Json {
  const part = spot.path[depth]
  if (part === undefined) return next as Json
  const last = depth === spot.path.length - 1
  if (Array.isArray(value))
    return value.map((one, at) => (at === part ? replaced(one as Json, spot, next, depth + 1) : (one as Json)))
  return fromPairs(
    Object.entries(value as Record<string, Json>).map(([key, one]): [string, Json] => {
      if (key !== part) return [key, one]
      return last && spot.what === "key" ? [String(next), one] : [key, replaced(one, spot, next, depth + 1)]
    }),
  )
}

/** As `JSON.parse` makes objects: a key `__proto__` is a key like any other. */
function fromPairs(pairs: readonly (readonly [string, Json])[]): Json {
  return Object.fromEntries(pairs)
}
