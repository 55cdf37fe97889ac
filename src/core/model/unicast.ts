import type { Checked, Problem } from "../../kit/problem.ts"
import { addressOrder, inAddressOrder, ipv4Of, rangeFault } from "../desired/address.ts"
import { quoted } from "../desired/vip-entry.ts"
import type { Node, Placed } from "../objects/kinds.ts"
import { PEER_ADDRESS } from "../objects/schema.ts"
import type { ModelCode } from "./codes.ts"
import { contains, type HostAddress } from "./interface.ts"
import type { VrrpInstance } from "./keepalived-model.ts"
import { nodeAddressOf } from "./own-nodes.ts"
import type { ModelSettings, NodeFacts } from "./settings.ts"

type Unicast = NonNullable<VrrpInstance["unicast"]>
type Answer = Checked<Unicast | null, ModelCode>

interface Context {
  readonly settings: ModelSettings
  /** The instance that runs or last ran. */
  readonly before: VrrpInstance | null
}

/**
 * Between which addresses unicast adverts go: addresses of the VIPs' interface, on this node and on the others.
 *
 * @returns null for multicast, which is for a single node alone that never had a peer. With an error nobody can tell.
 */
export function unicastOf(nodes: readonly Placed<Node>[], facts: NodeFacts, context: Context): Answer {
  const { settings, before } = context
  const known = before?.unicast ?? null
  if (nodes.length === 0)
    return known === null ? refusal("UNICAST_NEEDS_PEERS", NO_NODES) : kept(known, "there are no Node objects")
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
 * The address of a Node that adverts come from and go to: its annotation; else the one in --peer-network; else its own.
 *
 * @returns null where it has none there.
 */
export function peerAddressOf(node: Node, { peerNetwork }: Pick<ModelSettings, "peerNetwork">): string | null {
  const { peerAddress } = node.metadata
  if (peerAddress !== undefined) return ipv4Of(peerAddress)
  if (peerNetwork === null) return nodeAddressOf(node)
  const all = node.status.addresses.flatMap(({ address }) => ipv4Of(address) ?? [])
  return all.find((one) => addressOrder(one) >= peerNetwork.first && addressOrder(one) <= peerNetwork.last) ?? null
}

/**
 * Each address once, and none that no neighbour has: a Node's address is what its kubelet says, and keepalived 2.3.3 refuses
 * a file that names a peer twice, as two Nodes do for a while where a machine comes back under another name.
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
  return {
    value: inAddressOrder([...addresses].map((address) => ({ address }))).map(({ address }) => address),
    problems,
  }
}

/**
 * keepalived binds to the interface of the VIPs: what it sends there from the address of another interface, or to an
 * address that is reached through another one, is dropped by a neighbour that filters by reverse path.
 */
function otherInterface(node: string, address: string, facts: NodeFacts): Problem<ModelCode> | null {
  const { host = [], interface: wanted } = facts
  const here = host.filter((one) => one.interface === wanted)
  const isOwn = node === facts.name
  const fits = (one: HostAddress) => (isOwn ? one.address === address : contains(one, address))
  // An interface that is down shows no address.
  if (here.length === 0 || here.some(fits)) return null
  const there = host.find((one) => one.interface !== wanted && fits(one))
  if (there === undefined && !isOwn) return null
  const where = there === undefined ? "is on no interface here" : `is on ${there.interface}`
  const has = `${wanted} has ${here.map((one) => `${one.address}/${one.prefixLength}`).join(", ")}`
  return problem(
    "UNICAST_OTHER_INTERFACE",
    "error",
    `Cannot use unicast on ${wanted}: ${address}, the address of node ${quoted(node)}, ${where}, and ${has}; ${CURE}`,
  )
}

function withoutPeers(nodes: readonly Placed<Node>[], problems: readonly Problem<ModelCode>[]): Answer {
  const why = `none of the ${nodes.length - 1} other Nodes has an IPv4 address of its own to send adverts to; nothing is applied until one has`
  return {
    value: null,
    problems: [...problems, problem("UNICAST_NEEDS_PEERS", "error", `Cannot use unicast: ${why}`)],
  }
}

/** What was known goes on: adverts to nobody do no harm, and multicast would make two masters. */
function kept(unicast: Unicast, why: string): Answer {
  const message = `Cannot tell the unicast peers: ${why}; adverts go on to the peers of before, ${unicast.peers.join(", ")}`
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
  "Cannot use unicast: there are no Node objects to take the peers from, and none were known before; nothing is applied until there are some"
const ALONE = "Cannot use unicast: this is the only node; multicast is used until there is another"
const CURE = `annotate each Node with ${PEER_ADDRESS}, its address on the interface of the VIPs, or name the network with --peer-network, or another interface with --iface`
