import { memo } from "../../../kit/memo.ts"
import { isSameSet } from "../../../kit/same-set.ts"
import { ipv4Of, isSupported } from "../../address/ip.ts"
import { entriesOf } from "../../declare/entries.ts"
import { parseEntry } from "../../declare/parse-entry.ts"
import { isAnchor } from "../../address/special.ts"
import type { ConfigMap, Node, Placed } from "../../objects/kinds.ts"
import type { VrrpInstance } from "../keepalived-model.ts"

/** Addresses known from earlier configurations on this node. */
export interface Past {
  /** VIPs that run or last ran, and earlier VIPs that a Node has listed ever since. */
  readonly announced: ReadonlySet<string>
  /** Node -> its own address when the last configuration took effect. */
  readonly nodes: ReadonlyMap<string, string>
  /** The VRRP instances that run or last ran; empty when none ever did. */
  readonly instances: readonly VrrpInstance[]
}

export const NO_PAST: Past = { announced: new Set(), nodes: new Map(), instances: [] }

/** The Nodes, with only their own addresses. */
export interface OwnNodes {
  readonly nodes: readonly Placed<Node>[]
  /** An address of ours -> the Node that lists it: an echo of our VIP, not an address of that Node. */
  readonly echoes: ReadonlyMap<string, string>
  /** True when the input has no Node, and these are the earlier Nodes. */
  readonly isRemembered: boolean
}

export interface OwnNodesQuestion {
  readonly nodes: readonly Placed<Node>[]
  /** The VIP ConfigMaps. */
  readonly configMaps: readonly Placed<ConfigMap>[]
  readonly past: Past
}

/**
 * Separates the addresses that Nodes have from those that they list because we announce them: a kubelet without --node-ip and
 * some cloud providers report every address that they find on the machine. All other code must take the addresses of Nodes
 * from here.
 *
 * Answers an equal question with the same objects.
 */
export function createOwnNodes(): (question: OwnNodesQuestion) => OwnNodes {
  let last: { readonly question: OwnNodesQuestion; readonly answer: OwnNodes } | null = null
  return (question) => {
    if (last === null || !isSame(last.question, question)) last = { question, answer: ownNodesOf(question) }
    return last.answer
  }
}

/** The Nodes with only their own addresses, without the cache. */
export function ownNodesOf({ nodes, configMaps, past }: OwnNodesQuestion): OwnNodes {
  if (nodes.length === 0 && past.nodes.size > 0)
    return { nodes: [...past.nodes].map(rememberedNode), echoes: new Map(), isRemembered: true }
  const echoes = new Map<string, string>()
  const declared = new Set(configMaps.flatMap((one) => [...declaredIn(one)]))
  const own = nodes.map((node) => ownNode(node, { declared, past, echoes }))
  return { nodes: own.every((node, at) => node === nodes[at]) ? nodes : own, echoes, isRemembered: false }
}

/** The first IPv4 InternalIP of a Node; otherwise its first other IPv4 address. */
export function nodeAddressOf(node: Node): string | null {
  const addresses = node.status.addresses.filter(({ type, address }) => type !== "Hostname" && isSupported(address))
  return (addresses.find(({ type }) => type === "InternalIP") ?? addresses[0])?.address ?? null
}

function isSame(a: OwnNodesQuestion, b: OwnNodesQuestion): boolean {
  return (
    a.nodes === b.nodes &&
    a.configMaps.length === b.configMaps.length &&
    a.configMaps.every((one, at) => one === b.configMaps[at]) &&
    a.past.nodes === b.past.nodes &&
    isSameSet(a.past.announced, b.past.announced)
  )
}

/** The addresses that the entries of a ConfigMap name. */
const declaredIn = memo(
  (configMap: Placed<ConfigMap>): ReadonlySet<string> =>
    new Set(entriesOf(configMap).flatMap((raw) => parseEntry(raw).value.addresses.map(({ text }) => text))),
)

interface Context extends Pick<OwnNodesQuestion, "past"> {
  /** The addresses that an entry names. */
  readonly declared: ReadonlySet<string>
  readonly echoes: Map<string, string>
}

type Address = Node["status"]["addresses"][number]

function ownNode(placed: Placed<Node>, context: Context): Placed<Node> {
  const { name } = placed.object.metadata
  const { addresses } = placed.object.status
  const own = addresses.flatMap((one) => ownAddress(one, name, context))
  const remembered = context.past.nodes.get(name)
  const isLost = own.length < addresses.length && !own.some(({ address }) => ipv4Of(address) !== null)
  if (isLost && remembered !== undefined) own.push({ type: "InternalIP", address: remembered })
  const sorted = surestFirst(own, remembered, context.declared)
  const metadata = ownMetadata(placed.object.metadata, context)
  const isAsBefore = sorted.length === addresses.length && sorted.every((one, at) => one === addresses[at])
  if (isAsBefore && metadata === placed.object.metadata) return placed
  return { ...placed, object: { ...placed.object, metadata, status: { addresses: sorted } } }
}

function ownAddress(one: Address, name: string, { past, echoes }: Context): readonly Address[] {
  const address = ipv4Of(one.address)
  if (address === null) return [one]
  if (isAnchor(address)) return []
  if (past.announced.has(address)) {
    echoes.set(address, name)
    return []
  }
  return [address === one.address ? one : { ...one, address }]
}

/** Drops an annotation that names one of our own addresses. */
function ownMetadata(metadata: Node["metadata"], { past }: Context): Node["metadata"] {
  const address = metadata.peerAddress === undefined ? null : ipv4Of(metadata.peerAddress)
  return address !== null && (isAnchor(address) || past.announced.has(address)) ? { name: metadata.name } : metadata
}

/** Moves possible echoes to the end: addresses that an entry names, and that the Node did not have before. */
function surestFirst(
  own: readonly Address[],
  remembered: string | undefined,
  declared: ReadonlySet<string>,
): readonly Address[] {
  const isDoubtful = ({ address }: Address) => address !== remembered && declared.has(address)
  if (!own.some(isDoubtful)) return own
  return [...own.filter((one) => !isDoubtful(one)), ...own.filter(isDoubtful)]
}

function rememberedNode([name, address]: readonly [string, string]): Placed<Node> {
  return {
    object: {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name },
      status: { addresses: [{ type: "InternalIP", address }] },
    },
    place: { file: "nodes.json", line: null, column: null },
    keyPlaces: new Map(),
  }
}
