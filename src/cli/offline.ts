import { addressOrder } from "../core/desired/address.ts"
import { parseVipEntry } from "../core/desired/vip-entry.ts"
import { resolveEntry } from "../core/desired/resolve.ts"
import { createModelBuilder } from "../core/model/build-model.ts"
import type { BuiltModel, ModelInput } from "../core/model/types.ts"
import type { ModelSettings, NodeFacts } from "../core/model/settings.ts"
import { contains, type HostAddress, interfaceOf } from "../core/model/interface.ts"
import { nodeAddressOf, NO_PAST, ownNodesOf } from "../core/model/own-nodes.ts"
import { decodeLargeFile } from "../core/objects/decode.ts"
import { createJoin } from "../core/objects/join.ts"
import type { ClusterObjects, ConfigMap, Placed } from "../core/objects/kinds.ts"
import { vipConfigMapOf } from "../core/vip-config-map.ts"
import { createRenderer, type RenderedConfig } from "../core/render/render.ts"
import { byPlace, compare, type Problem } from "../kit/problem.ts"
import type { Source } from "./source.ts"
import { machineAddresses } from "./machine.ts"
import { readTemplates } from "../templates.ts"

/** The objects of some sources, and what was wrong with their files. */
export interface Manifests {
  readonly objects: ClusterObjects
  /** Null where there is none, or more than one and nobody said which. */
  readonly configMap: Placed<ConfigMap> | null
  readonly problems: readonly Problem[]
  /** False where no file holds an EndpointSlice or Endpoints, as in a git tree: then nobody can tell what is ready. */
  readonly hasEndpoints: boolean
  /** False where no file holds a Service, as in a tree of VIPs alone: then nobody can tell which there are. */
  readonly hasServices: boolean
}

/** What the command line says of the node that the configuration is for. */
export interface NodeChoice {
  readonly node: string | null
  readonly interface: string | null
}

/** Reads the objects of all sources as one tree. @param configMapName `namespace/name`, or null for the only one. */
export function manifestsOf(sources: readonly Source[], configMapName: string | null): Manifests {
  const decoded = sources.flatMap(({ files }) => files.map(({ file, text }) => decodeLargeFile(file, text)))
  const joined = createJoin()(decoded)
  const inFiles: readonly Problem[] = [...sources.flatMap(({ problems }) => problems), ...joined.problems]
  const found = vipConfigMapOf(joined.value, configMapName)
  const kinds = new Set(decoded.flatMap(({ objects }) => objects.map(({ object }) => object.kind)))
  return {
    objects: joined.value,
    configMap: found.value,
    // Where a file cannot be read, the ConfigMap that it may have held is not missed on top of it.
    problems: inFiles.length > 0 && found.value === null ? inFiles : [...inFiles, ...found.problems],
    hasEndpoints: kinds.has("EndpointSlice") || kinds.has("Endpoints"),
    hasServices: kinds.has("Service"),
  }
}

/** The node that a configuration is made for, and what a person should know of how it was chosen. */
export interface ChosenNode {
  readonly facts: NodeFacts
  readonly notes: readonly string[]
}

/**
 * Chooses what the command line leaves open: the first Node by address, and the interface of this host that has that
 * Node's address, or whose subnet contains it.
 */
export function chooseNode(
  { objects, configMap }: Pick<Manifests, "objects" | "configMap">,
  choice: NodeChoice,
): ChosenNode {
  const { nodes } = ownNodesOf({ nodes: objects.nodes, configMap, past: NO_PAST })
  const members = nodes
    .map(({ object }) => ({ name: object.metadata.name, address: nodeAddressOf(object) }))
    .toSorted((a, b) => orderOf(a.address) - orderOf(b.address) || compare(a.name, b.name))
  const notes: string[] = []
  const name = choice.node ?? members[0]?.name ?? NAMELESS
  if (choice.node === null && members.length === 0)
    notes.push(`there are no Nodes: made for a single node called "${name}" (--node names it)`)
  else if (choice.node === null) notes.push(`made for node "${name}", the first by address (--node chooses another)`)
  const address = members.find((member) => member.name === name)?.address ?? null
  const host = machineAddresses()
  const own = choice.interface ?? interfaceOf({ address, host, before: null })
  if (own === null) notes.push(`made for interface "${FALLBACK}" (--iface chooses another)`)
  else if (choice.interface === null)
    notes.push(`made for interface "${own}", whose subnet has ${address} (--iface chooses another)`)
  const facts = { name, interface: own ?? FALLBACK, ipvs: true, ...machineFacts(host, { address, interface: own }) }
  return { facts, notes }
}

/** What this machine tells of the node: all where it is that node itself, and the subnet where it is on the same LAN. */
function machineFacts(
  host: readonly HostAddress[],
  node: { readonly address: string | null; readonly interface: string | null },
): Pick<NodeFacts, "host" | "subnets"> {
  const { address } = node
  if (address === null) return {}
  const here = host.filter((one) => one.interface === node.interface && one.prefixLength < 32)
  if (host.some((one) => one.address === address)) return { host, subnets: here }
  const subnets = here.filter((one) => contains(one, address))
  return subnets.length === 0 ? {} : { subnets }
}

/** The walk from objects to text for one node, without a past. */
export interface OfflineWalk {
  readonly built: BuiltModel
  readonly rendered: RenderedConfig | null
  readonly problems: readonly Problem[]
}

/** Walks as the sidecar does at its first start. @param configMap the one that holds the VIPs. */
export function walkOffline(
  objects: ClusterObjects,
  configMap: Placed<ConfigMap>,
  options: {
    readonly facts: NodeFacts
    readonly settings: ModelSettings
    /** Names of the nodes that answer no more, where the sidecar has said so. */
    readonly unreachable?: ReadonlySet<string>
    /** VIPs that run, where the sidecar has said so. */
    readonly announced?: ReadonlySet<string>
  },
): OfflineWalk {
  const input: ModelInput = {
    objects,
    configMap,
    node: options.facts,
    lastGood: new Map(),
    refused: new Map(),
    draining: new Map(),
    unreachable: options.unreachable ?? new Set(),
    past: { ...NO_PAST, announced: options.announced ?? NO_PAST.announced },
  }
  const built = createModelBuilder(options.settings)(input)
  const rendered = built.model === null ? null : createRenderer(readTemplates())(built.model)
  return { built, rendered, problems: built.problems.toSorted(byPlace) }
}

/** How many virtual servers the entries ask for, and how many of these have no endpoint, where the manifests can tell. */
export function virtualServersAskedFor(
  { objects, hasEndpoints }: Pick<Manifests, "objects" | "hasEndpoints">,
  configMap: Placed<ConfigMap>,
): { readonly virtualServers: number; readonly waiting: number } {
  const all = Object.entries(configMap.object.data).flatMap(([key, text]) => {
    const entry = parseVipEntry({ key, text, place: null }).value
    return entry === null ? [] : resolveEntry(entry, null, objects.services).value.virtualServers
  })
  const waiting = hasEndpoints ? all.filter(({ endpoints }) => endpoints.length === 0).length : 0
  return { virtualServers: all.length, waiting }
}

const NAMELESS = "node"
const FALLBACK = "eth0"

/** A Node without an address comes last: it cannot be ranked. */
function orderOf(address: string | null): number {
  return address === null ? Number.MAX_SAFE_INTEGER : addressOrder(address)
}
