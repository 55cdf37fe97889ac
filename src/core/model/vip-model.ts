import type { Checked, Place, Problem } from "../../kit/problem.ts"
import { compare } from "../../kit/problem.ts"
import { inAddressOrder } from "../desired/address.ts"
import type { DesiredEndpoint, DesiredVip, DesiredVirtualServer } from "../desired/desired-vip.ts"
import { quoted } from "../desired/vip-entry.ts"
import type { ModelCode } from "./codes.ts"
import { type RealServer, type VipModel, type VirtualServer, virtualServerKey } from "./keepalived-model.ts"
import type { ModelSettings } from "./settings.ts"

/** An address and port that was a real server a moment ago and still finishes connections. */
export interface DrainingServer {
  readonly address: string
  readonly port: number
}

/** Virtual server key -> its real servers of the last moments; those that are no endpoints any more drain. */
export type DrainingVip = ReadonlyMap<string, readonly DrainingServer[]>

/** VIP -> what drains there. An unchanged VIP has the same object from pass to pass. */
export type Draining = ReadonlyMap<string, DrainingVip>

/** What a VIP's model is made by, beside the VIP itself. */
export interface VipContext {
  readonly settings: ModelSettings
  readonly draining: Draining
  /** Names of the nodes that answer no more: what runs there gets no new connections. */
  readonly unreachable: ReadonlySet<string>
  /** Address -> name of the node that has it. */
  readonly nodeAddresses: ReadonlyMap<string, string>
}

/**
 * Turns a joined VIP into what keepalived is told about it.
 *
 * A virtual server without a real server is held back, for keepalived refuses such a file as a whole; the VIP stays.
 *
 * @returns the VIP with every virtual server that breaks no rule; each one that does is a problem.
 */
export function vipModelOf(
  vip: DesiredVip,
  entryPlace: Place | null,
  context: VipContext,
): Checked<VipModel, ModelCode> {
  const problems: Problem<ModelCode>[] = []
  const servers = new Map<string, VirtualServer>()
  const claims = new Map<string, string>()
  for (const desired of vip.virtualServers) {
    const report = (problem: Pick<Problem<ModelCode>, "code" | "severity" | "message">) =>
      problems.push({ path: ["data", vip.key, desired.service], place: entryPlace, ...problem })
    const key = virtualServerKey({ address: vip.address, port: desired.port, protocol: desired.protocol })
    const claimed = claims.get(key)
    claims.set(key, claimed ?? desired.service)
    const fault = claimed === undefined ? portFault(desired) : conflict(desired, claimed)
    if (fault !== null) {
      report({ severity: "error", ...fault })
      continue
    }
    if (desired.endpoints.some((endpoint) => endpoint.address === vip.address))
      report({ code: "ENDPOINT_IS_VIP", severity: "warning", message: endpointIsVip(desired, vip.address) })
    const circling = circlingIn(desired, context)
    for (const problem of drToNode(desired, circling)) report(problem)
    const draining = context.draining.get(vip.address)?.get(key) ?? []
    const realServers = realServersOf(vip.address, desired, { draining, circling, unreachable: context.unreachable })
    if (realServers.length > 0) servers.set(key, virtualServerOf(vip.address, desired, realServers, context.settings))
  }
  const virtualServers = [...servers.values()].toSorted((a, b) => a.port - b.port || compare(a.protocol, b.protocol))
  return { value: { key: vip.key, address: vip.address, virtualServers }, problems }
}

/** TCP can be checked by connecting; for other protocols there is no check that means anything without a payload. */
function checkOf(desired: DesiredVirtualServer, settings: ModelSettings): "none" | "tcp" {
  return desired.protocol === "TCP" ? settings.check : "none"
}

function virtualServerOf(
  address: string,
  desired: DesiredVirtualServer,
  realServers: readonly RealServer[],
  settings: ModelSettings,
): VirtualServer {
  return {
    service: desired.service,
    address,
    port: desired.port,
    protocol: desired.protocol,
    scheduler: settings.scheduler,
    forwardingMethod: desired.forwardingMethod,
    persistenceTimeout:
      desired.affinityTimeout ?? (settings.persistenceTimeout === 0 ? null : settings.persistenceTimeout),
    check: checkOf(desired, settings),
    realServers,
  }
}

/**
 * Weight 1 for what takes connections, 0 for what finishes its own: IPVS keeps established connections of a real server
 * of weight 0 and drops those of one that is gone. Where only draining servers are left they keep weight 1, since
 * keepalived refuses a virtual server whose weights add up to 0, and a pod that may still answer beats none.
 *
 * A ready one on a node that answers no more has weight 0 as well, while another ready one is elsewhere: whoever is
 * connected to it stays connected, should the node only have been slow.
 */
function realServersOf(
  vip: string,
  desired: DesiredVirtualServer,
  {
    draining,
    circling,
    unreachable,
  }: Pick<VipContext, "unreachable"> & {
    readonly draining: readonly DrainingServer[]
    /** Addresses that packets would come back from. */
    readonly circling: ReadonlyMap<string, string>
  },
): readonly RealServer[] {
  const own = desired.endpoints.filter(({ address }) => address !== vip && !circling.has(address))
  const answers = ({ node }: DesiredEndpoint) => node === null || !unreachable.has(node)
  const anyAnswers = own.some((endpoint) => endpoint.state === "ready" && answers(endpoint))
  const servers = own.map((endpoint): RealServer => {
    const { address, port, state } = endpoint
    const weight = state === "ready" && (!anyAnswers || answers(endpoint)) ? 1 : 0
    return { address, port, weight, draining: state === "terminating" }
  })
  const drained = gone(draining, servers).filter(({ address }) => !circling.has(address))
  // The endpoints come in order.
  const sorted = drained.length === 0 ? servers : inAddressOrder([...servers, ...drained])
  return sorted.some((server) => server.weight === 1) ? sorted : sorted.map((server) => ({ ...server, weight: 1 }))
}

/** Of the draining ones those that are not endpoints again. */
function gone(draining: readonly DrainingServer[], servers: readonly RealServer[]): readonly RealServer[] {
  if (draining.length === 0) return []
  const own = new Set(servers.map(({ address, port }) => `${address}:${port}`))
  return draining
    .filter(({ address, port }) => !own.has(`${address}:${port}`))
    .map(({ address, port }) => ({ address, port, weight: 0, draining: true }))
}

type Fault = Pick<Problem<ModelCode>, "code" | "message">

function portFault(desired: DesiredVirtualServer): Fault | null {
  if (desired.forwardingMethod === "NAT") return null
  // Endpoints know best; without any, as in a git tree, the Service says what they will be.
  const ports = desired.endpoints.length > 0 ? desired.endpoints.map(({ port }) => port) : [desired.targetPort]
  const mapped = ports.find((port) => port !== null && port !== desired.port)
  if (mapped === undefined) return null
  return {
    code: "PORT_MAPPING_NEEDS_NAT",
    message: `Cannot forward port ${desired.port} of "${desired.service}" to port ${mapped} with DR: only NAT can change the port; make targetPort ${desired.port}, or write :NAT`,
  }
}

function conflict(desired: DesiredVirtualServer, claimed: string): Fault {
  const who = claimed === desired.service ? "the Service claims it on two of its ports" : `"${claimed}" has it already`
  return {
    code: "PORT_CONFLICT",
    message: `Cannot give port ${desired.port}/${desired.protocol} of this VIP to "${desired.service}": ${who}; use another port or another VIP`,
  }
}

/**
 * Real server -> name of the node that it is, where DR would send packets in a circle: DR leaves the VIP in them, and that
 * node has the same virtual server in its own IPVS, which schedules them once more.
 */
function circlingIn(desired: DesiredVirtualServer, { nodeAddresses }: VipContext): ReadonlyMap<string, string> {
  return desired.forwardingMethod === "NAT" ? NOBODY : nodeAddresses
}

const NOBODY: ReadonlyMap<string, string> = new Map()

function drToNode(
  desired: DesiredVirtualServer,
  circling: ReadonlyMap<string, string>,
): readonly Pick<Problem<ModelCode>, "code" | "severity" | "message">[] {
  return desired.endpoints.flatMap(({ address, port }) => {
    const node = circling.get(address)
    if (node === undefined) return []
    const why = `that is node ${quoted(node)}, which runs keepalived with the same virtual server, so its own IPVS forwards the packet again`
    const message = `Cannot forward port ${desired.port} of "${desired.service}" to ${address}:${port} with DR: ${why}; the real server is left out; write :NAT, or use pods that have addresses of their own`
    return [{ code: "DR_TO_NODE" as const, severity: "warning" as const, message }]
  })
}

function endpointIsVip(desired: DesiredVirtualServer, vip: string): string {
  return `Cannot send packets of "${desired.service}" to ${vip}: that is the VIP itself; the endpoint is left out`
}

/** What is asked for and has no endpoint, by virtualServerKey(). */
export function waitingOf({ address, virtualServers }: DesiredVip, built: VipModel): readonly string[] {
  if (virtualServers.length === built.virtualServers.length) return []
  const made = new Set(built.virtualServers.map(virtualServerKey))
  return virtualServers.map((one) => virtualServerKey({ ...one, address })).filter((key) => !made.has(key))
}
