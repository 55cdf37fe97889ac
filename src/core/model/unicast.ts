import type { Checked, Problem } from "../../kit/problem.ts"
import { ipv4Of } from "../address/ip.ts"
import type { HostAddress } from "../address/interface.ts"
import { contains, isInNetwork } from "../address/network.ts"
import { compareAddresses } from "../address/order.ts"
import { rangeFault } from "../address/special.ts"
import { quoted } from "../../kit/text/quoted.ts"
import type { Node, Placed } from "../objects/kinds.ts"
import { PEER_ADDRESS } from "../objects/schema.ts"
import type { ModelCode } from "./problem-codes.ts"
import type { VrrpInstance } from "./keepalived-model.ts"
import { nodeAddressOf } from "./addresses/own-nodes.ts"
import type { ModelSettings, NodeFacts } from "./settings.ts"

type Unicast = NonNullable<VrrpInstance["unicast"]>
type Answer = Checked<Unicast | null, ModelCode>

interface Context {
  readonly settings: ModelSettings
  /** The instance that runs or last ran. */
  readonly before: Pick<VrrpInstance, "unicast"> | null
}

/**
 * The source and the peers of unicast adverts: addresses of the VIPs' interface, on this node and on the others.
 *
 * @returns null for multicast, which is only for a single node that never had a peer, and null when there is an error.
 */
export function unicastOf(nodes: readonly Placed<Node>[], facts: NodeFacts, context: Context): Answer {
  const { settings, before } = context
  const known = before?.unicast ?? null
  if (nodes.length === 0)
    return known === null ? refusal("UNICAST_NEEDS_PEERS", NO_NODES) : kept(known, "the input has no Node objects")
  const self = nodes.find(({ object }) => object.metadata.name === facts.name)
  const source = self === undefined ? null : peerAddressOf(self.object, settings)
  if (source === null) return { value: null, problems: [withoutAddress(facts.name, { settings, node: self })] }
  const elsewhere = otherInterface(facts.name, source, facts)
  if (elsewhere !== null) return { value: null, problems: [elsewhere] }
  const others = othersOf(nodes, source, { ...context, facts })
  if (others.problems.some(({ severity }) => severity === "error")) return { value: null, problems: others.problems }
  if (others.value.length > 0) return { value: { source, peers: others.value }, problems: others.problems }
  if (known !== null) return kept({ ...known, source }, "no other node has an address to send adverts to")
  if (others.problems.length > 0) return withoutPeers(nodes, others.problems)
  return { value: null, problems: [problem("UNICAST_NEEDS_PEERS", "warning", ALONE)] }
}

/**
 * The address of a Node for adverts: its annotation; or its address in --peer-network; or its own address.
 *
 * @returns null when it has none.
 */
export function peerAddressOf(node: Node, { peerNetwork }: Pick<ModelSettings, "peerNetwork">): string | null {
  const { peerAddress } = node.metadata
  if (peerAddress !== undefined) return ipv4Of(peerAddress)
  if (peerNetwork === null) return nodeAddressOf(node)
  const all = node.status.addresses.flatMap(({ address }) => ipv4Of(address) ?? [])
  return all.find((one) => isInNetwork(one, peerNetwork.network)) ?? null
}

/**
 * The addresses of the other nodes, without duplicates, and only addresses that a neighbour can have. A Node's address is what
 * its kubelet reports, and keepalived 2.3.3 refuses a file that names a peer twice. Two Nodes share an address for a while when
 * a machine comes back under another name.
 */
function othersOf(
  nodes: readonly Placed<Node>[],
  source: string,
  { settings, facts }: Context & { readonly facts: NodeFacts },
): Checked<readonly string[], ModelCode> {
  const addresses = new Set<string>()
  const problems: Problem<ModelCode>[] = []
  for (const node of nodes) {
    const { object } = node
    const { name } = object.metadata
    if (name === facts.name) continue
    const address = peerAddressOf(object, settings)
    if (address === null || rangeFault(address) !== null) {
      problems.push({ ...withoutAddress(name, { settings, node }), severity: "warning" })
      continue
    }
    if (address === source) continue
    const elsewhere = otherInterface(name, address, facts)
    if (elsewhere !== null) problems.push(elsewhere)
    addresses.add(address)
  }
  return { value: [...addresses].toSorted(compareAddresses), problems }
}

/**
 * keepalived binds to the interface of the VIPs. A neighbour with a reverse path filter drops adverts that come from the
 * address of another interface, or that go to an address behind another interface.
 */
function otherInterface(node: string, address: string, facts: NodeFacts): Problem<ModelCode> | null {
  const { host = [], interface: own } = facts
  const here = host.filter((one) => one.interface === own)
  const isOwn = node === facts.name
  const fits = (one: HostAddress) => (isOwn ? one.address === address : contains(one, address))
  // An interface that is down shows no address.
  if (here.length === 0 || here.some(fits)) return null
  const there = host.find((one) => one.interface !== own && fits(one))
  if (there === undefined && !isOwn) return null
  const where = there === undefined ? "is not on an interface of this node" : `is on ${there.interface}`
  const has = `${own} has ${here.map((one) => `${one.address}/${one.prefixLength}`).join(", ")}`
  return problem(
    "UNICAST_OTHER_INTERFACE",
    "error",
    `Cannot use unicast on ${own}: ${address}, the address of node ${quoted(node)}, ${where}, and ${has}; ${CURE}`,
  )
}

function withoutPeers(nodes: readonly Placed<Node>[], problems: readonly Problem<ModelCode>[]): Answer {
  const why = `none of the ${nodes.length - 1} other Nodes has an IPv4 address of its own to send adverts to; nothing is applied until one has`
  return {
    value: null,
    problems: [...problems, problem("UNICAST_NEEDS_PEERS", "error", `Cannot use unicast: ${why}`)],
  }
}

/** Keeps the known peers: adverts to absent peers do no harm, and multicast would make two masters. */
function kept(unicast: Unicast, why: string): Answer {
  const message = `Cannot tell the unicast peers: ${why}; adverts still go to the earlier peers, ${unicast.peers.join(", ")}`
  return { value: unicast, problems: [problem("UNICAST_NEEDS_PEERS", "warning", message)] }
}

function refusal(code: ModelCode, message: string): Answer {
  return { value: null, problems: [problem(code, "error", message)] }
}

function withoutAddress(
  name: string,
  { settings, node }: { readonly settings: ModelSettings; readonly node: Placed<Node> | undefined },
): Problem<ModelCode> {
  return {
    code: "PEER_ADDRESS_UNKNOWN",
    severity: "error",
    path: [`Node ${name}`],
    place: node?.place ?? null,
    message: `Cannot use unicast with node ${quoted(name)}: its Node object has ${whatItHas(node, settings)}; annotate the Node with ${PEER_ADDRESS}, its address on the interface of the VIPs`,
  }
}

function whatItHas(node: Placed<Node> | undefined, { peerNetwork }: ModelSettings): string {
  const annotation = node?.object.metadata.peerAddress
  if (annotation !== undefined)
    return `the annotation ${quoted(annotation)}, which is not an IPv4 address of a neighbour`
  return peerNetwork === null
    ? "no IPv4 address that a neighbour can have"
    : `no address in --peer-network ${peerNetwork.text}`
}

function problem(code: ModelCode, severity: "error" | "warning", message: string): Problem<ModelCode> {
  return { code, severity, path: ["--use-unicast"], place: null, message }
}

const NO_NODES =
  "Cannot use unicast: the input has no Node objects for the peers, and no peer was known before; nothing is applied until there are Nodes"
const ALONE = "Cannot use unicast: this is the only node; multicast is used until there is another node"
const CURE = `annotate each Node with ${PEER_ADDRESS}, its address on the interface of the VIPs, or name the network with --peer-network, or another interface with --iface`
