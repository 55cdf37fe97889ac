import { basename } from "node:path"
import { MANIFEST_FILE } from "../../contract/layout.ts"
import { decodeManifest } from "../../contract/manifest.ts"
import { isAlone, contains } from "../../core/address/network.ts"
import { compareAddresses } from "../../core/address/order.ts"
import { entriesOf } from "../../core/declare/entries.ts"
import { parseEntry } from "../../core/declare/parse-entry.ts"
import { vipConfigMapsOf } from "../../core/declare/vip-config-maps.ts"
import { resolve } from "../../core/desired/resolve.ts"
import { createModelBuilder } from "../../core/model/build-model.ts"
import type { BuiltModel, ModelInput } from "../../core/model/types.ts"
import type { ModelSettings, NodeFacts } from "../../core/model/settings.ts"
import { type HostAddress, interfaceOf } from "../../core/address/interface.ts"
import { nodeAddressOf, NO_PAST, ownNodesOf } from "../../core/model/addresses/own-nodes.ts"
import { decodeLargeFile } from "../../core/objects/decode.ts"
import { createJoin } from "../../core/objects/join.ts"
import type { ClusterObjects, ConfigMap, Placed } from "../../core/objects/kinds.ts"
import { createRenderer, type RenderedConfig } from "../../core/render/render.ts"
import { byPlace, compare, hasErrors, type Problem } from "../../kit/problem.ts"
import type { Source } from "./source.ts"
import { machineAddresses } from "./machine.ts"
import { readTemplates } from "../../templates.ts"
import type { CliCode } from "../problem-codes.ts"

/** The objects of some sources, and the problems of their files. */
export interface Manifests {
  readonly objects: ClusterObjects
  /** Those that hold VIPs, in their order; empty if there is none, or if there are several and no flag names one. */
  readonly configMaps: readonly Placed<ConfigMap>[]
  readonly problems: readonly Problem<CliCode>[]
  /** False if no file has an EndpointSlice or Endpoints, as in a git tree: readiness is then unknown. */
  readonly hasEndpoints: boolean
  /** False if no file has a Service, as in a tree with VIPs only: the existing Services are then unknown. */
  readonly hasServices: boolean
}

/** The node of the configuration, from the command line. */
export interface NodeChoice {
  readonly node: string | null
  readonly interface: string | null
}

/** Reads the objects of all sources as one tree. @param names `namespace/name` of the VIP ConfigMaps; empty for the only one. */
export function manifestsOf(sources: readonly Source[], names: readonly string[]): Manifests {
  const decoded = sources.flatMap(({ files }) => files.map(({ file, text }) => decodeLargeFile(file, text)))
  const joined = createJoin()(decoded)
  const inFiles: readonly Problem<CliCode>[] = [...sources.flatMap(({ problems }) => problems), ...joined.problems]
  const found = vipConfigMapsOf(joined.value, names.length > 0 ? names : orderIn(sources))
  const kinds = new Set(decoded.flatMap(({ objects }) => objects.map(({ object }) => object.kind)))
  return {
    objects: joined.value,
    configMaps: found.value,
    // If a file cannot be read, its ConfigMap may be in it, so a missing ConfigMap is not reported as well.
    problems: inFiles.length > 0 && found.value.length === 0 ? inFiles : [...inFiles, ...found.problems],
    hasEndpoints: kinds.has("EndpointSlice") || kinds.has("Endpoints"),
    hasServices: kinds.has("Service"),
  }
}

/** The order of the ConfigMaps in a generation; empty if the sources are not one generation. */
function orderIn(sources: readonly Source[]): readonly string[] {
  const orders = sources.flatMap(({ files }) => files.filter(({ file }) => basename(file) === MANIFEST_FILE))
  const [manifest] = orders
  if (manifest === undefined || orders.length > 1) return []
  const decoded = decodeManifest(manifest.text)
  return decoded.kind === "value" ? decoded.value.configMaps : []
}

/** The node of a configuration, and what a user should know of the choice. */
export interface ChosenNode {
  readonly facts: NodeFacts
  readonly notes: readonly string[]
}

/**
 * Chooses what the command line leaves open: the first Node by address, and the interface of this host that has that
 * Node's address, or whose subnet contains it.
 */
export function chooseNode(
  { objects, configMaps }: Pick<Manifests, "objects" | "configMaps">,
  choice: NodeChoice,
): ChosenNode {
  const { nodes } = ownNodesOf({ nodes: objects.nodes, configMaps, past: NO_PAST })
  const members = nodes
    .map(({ object }) => ({ name: object.metadata.name, address: nodeAddressOf(object) }))
    .toSorted((a, b) => byAddress(a.address, b.address) || compare(a.name, b.name))
  const notes: string[] = []
  const name = choice.node ?? members[0]?.name ?? NAMELESS
  if (choice.node === null && members.length === 0)
    notes.push(`the manifests have no Nodes: made for a single node called "${name}" (--node names it)`)
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

/** What this machine knows of the node: everything if it is that node, and the subnet if it is on the same LAN. */
function machineFacts(
  host: readonly HostAddress[],
  node: { readonly address: string | null; readonly interface: string | null },
): Pick<NodeFacts, "host" | "subnets"> {
  const { address } = node
  if (address === null) return {}
  const here = host.filter((one) => one.interface === node.interface && !isAlone(one))
  if (host.some((one) => one.address === address)) return { host, subnets: here }
  const subnets = here.filter((one) => contains(one, address))
  return subnets.length === 0 ? {} : { subnets }
}

/** The walk from objects to text for one node, without a past. */
export interface OfflineBuild {
  readonly built: BuiltModel
  readonly rendered: RenderedConfig | null
  readonly problems: readonly Problem<CliCode>[]
}

/** Makes the text as the sidecar does at its first start. @param configMaps Those that hold the VIPs. */
export function buildOffline(
  objects: ClusterObjects,
  configMaps: readonly Placed<ConfigMap>[],
  options: {
    readonly facts: NodeFacts
    readonly settings: ModelSettings
    /** Names of the nodes that no longer answer, if the sidecar has reported them. */
    readonly unreachable?: ReadonlySet<string>
    /** VIPs that run, if the sidecar has reported them. */
    readonly announced?: ReadonlySet<string>
  },
): OfflineBuild {
  const input: ModelInput = {
    objects,
    configMaps,
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

/** Number of virtual servers in the entries, and of those without an endpoint, if the manifests show it. */
export function virtualServersAskedFor({ objects, configMaps, hasEndpoints }: Manifests): {
  readonly virtualServers: number
  readonly waiting: number
} {
  const all = configMaps.flatMap(entriesOf).flatMap((raw) => {
    const { value, problems } = parseEntry(raw)
    return hasErrors(problems)
      ? []
      : resolve(value, objects.services).value.flatMap(({ virtualServers }) => virtualServers)
  })
  const waiting = hasEndpoints ? all.filter(({ endpoints }) => endpoints.length === 0).length : 0
  return { virtualServers: all.length, waiting }
}

const NAMELESS = "node"
const FALLBACK = "eth0"

/** A Node without an address comes last, because it has no rank. */
function byAddress(a: string | null, b: string | null): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null)
  return compareAddresses(a, b)
}
