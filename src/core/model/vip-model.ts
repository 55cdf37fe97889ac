import type { Checked, Problem } from "../../kit/problem.ts"
import { compare } from "../../kit/problem.ts"
import { inAddressOrder } from "../address/order.ts"
import type { DesiredEndpoint, DesiredVip, DesiredVirtualServer } from "../desired/desired-vip.ts"
import { quoted } from "../../kit/text/quoted.ts"
import type { ModelCode } from "./problem-codes.ts"
import { type RealServer, type VipModel, type VirtualServer, virtualServerKey } from "./keepalived-model.ts"
import type { ModelSettings } from "./settings.ts"

/** A removed real server that still finishes connections. */
export interface DrainingServer {
  readonly address: string
  readonly port: number
}

/** Virtual server key -> its recent real servers; those that are not endpoints now drain. */
export type DrainingVip = ReadonlyMap<string, readonly DrainingServer[]>

/** VIP -> its draining servers. An unchanged VIP has the same object in every pass. */
export type Draining = ReadonlyMap<string, DrainingVip>

/** Inputs of a VIP's model besides the VIP itself. */
export interface VipContext {
  readonly settings: ModelSettings
  readonly draining: Draining
  /** Names of the unreachable nodes: their pods get no new connections. */
  readonly unreachable: ReadonlySet<string>
  /** Address -> name of the node that has it. */
  readonly nodeAddresses: ReadonlyMap<string, string>
}

/**
 * Turns a joined VIP into its part of the model.
 *
 * A virtual server without real servers is left out, because keepalived would refuse the whole file; the VIP stays.
 *
 * @returns the VIP with every valid virtual server, and a problem for each of the others.
 */
export function vipModelOf(vip: DesiredVip, context: VipContext): Checked<VipModel, ModelCode> {
  const { id, path } = vip.declaration
  const problems: Problem<ModelCode>[] = []
  const servers = new Map<string, VirtualServer>()
  const claims = new Map<string, string>()
  // In the long form, whose entries have names, the method is a field.
  const inNat = vip.declaration.name === vip.address ? ":NAT" : "method: NAT"
  for (const desired of vip.virtualServers) {
    const place = desired.place ?? vip.declaration.place
    const report = (problem: Pick<Problem<ModelCode>, "code" | "severity" | "message">) =>
      problems.push({ path: [...path, desired.service], place, ...problem })
    const key = virtualServerKey({ address: vip.address, port: desired.port, protocol: desired.protocol })
    const claimed = claims.get(key)
    claims.set(key, claimed ?? desired.service)
    const fault = claimed === undefined ? portFault(desired, inNat) : conflict(desired, claimed)
    if (fault !== null) {
      report({ severity: "error", ...fault })
      continue
    }
    if (desired.endpoints.some((endpoint) => endpoint.address === vip.address))
      report({ code: "ENDPOINT_IS_VIP", severity: "warning", message: endpointIsVip(desired, vip.address) })
    const circling = circlingIn(desired, context)
    for (const problem of drToNode(desired, circling, inNat)) report(problem)
    const draining = context.draining.get(vip.address)?.get(key) ?? []
    const realServers = realServersOf(vip.address, desired, { draining, circling, unreachable: context.unreachable })
    if (realServers.length > 0) servers.set(key, virtualServerOf(vip.address, desired, realServers, context.settings))
  }
  const virtualServers = [...servers.values()].toSorted((a, b) => a.port - b.port || compare(a.protocol, b.protocol))
  return { value: { id, address: vip.address, virtualServers }, problems }
}

/** Only TCP can be checked, by connecting; a check of another protocol needs a payload. */
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
    scheduler: desired.scheduler ?? settings.scheduler,
    forwardingMethod: desired.forwardingMethod,
    persistenceTimeout: orNull(desired.persistence ?? settings.persistenceTimeout),
    check: checkOf(desired, settings),
    realServers,
  }
}

/** keepalived has no word for a persistence of 0 seconds. */
function orNull(seconds: number): number | null {
  return seconds === 0 ? null : seconds
}

/**
 * A real server that takes new connections has weight 1; one that only finishes connections has weight 0. IPVS keeps the
 * established connections of a real server of weight 0, and drops those of a removed one. If only draining servers are left,
 * they keep weight 1: keepalived refuses a virtual server whose weights add up to 0, and a pod may still answer.
 *
 * A ready server on an unreachable node also has weight 0 if another ready server is on a reachable node. Its clients stay
 * connected in case the node was only slow.
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
    /** Addresses that would forward the packets again. */
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
  // The endpoints are sorted already.
  const sorted = drained.length === 0 ? servers : inAddressOrder([...servers, ...drained])
  return sorted.some((server) => server.weight === 1) ? sorted : sorted.map((server) => ({ ...server, weight: 1 }))
}

/** The draining servers that are not endpoints again. */
function gone(draining: readonly DrainingServer[], servers: readonly RealServer[]): readonly RealServer[] {
  if (draining.length === 0) return []
  const own = new Set(servers.map(({ address, port }) => `${address}:${port}`))
  return draining
    .filter(({ address, port }) => !own.has(`${address}:${port}`))
    .map(({ address, port }) => ({ address, port, weight: 0, draining: true }))
}

type Fault = Pick<Problem<ModelCode>, "code" | "message">

/** @param inNat How the entry would ask for NAT. */
function portFault(desired: DesiredVirtualServer, inNat: string): Fault | null {
  if (desired.forwardingMethod === "NAT") return null
  // Endpoints have the actual port; without endpoints, as in a git tree, the Service has the expected one.
  const ports = desired.endpoints.length > 0 ? desired.endpoints.map(({ port }) => port) : [desired.targetPort]
  const mapped = ports.find((port) => port !== null && port !== desired.port)
  if (mapped === undefined) return null
  return {
    code: "PORT_MAPPING_NEEDS_NAT",
    message: `Cannot forward ${portText(desired)} of "${desired.service}" to port ${mapped} with DR: only NAT can change the port; ${desired.place === null ? "" : `give the VIP port ${mapped}, `}make targetPort ${desired.port}, or write ${inNat}`,
  }
}

function portText({ port, servicePort }: DesiredVirtualServer): string {
  return port === servicePort ? `port ${port}` : `port ${port} of the VIP, port ${servicePort}`
}

function conflict(desired: DesiredVirtualServer, claimed: string): Fault {
  const who = claimed === desired.service ? "two ports of the Service claim it" : `"${claimed}" already has it`
  return {
    code: "PORT_CONFLICT",
    message: `Cannot give port ${desired.port}/${desired.protocol} of this VIP to "${desired.service}": ${who}; use another port or another VIP`,
  }
}

/**
 * Real server -> name of the node with that address, when DR would send packets in a circle: DR leaves the VIP in the packet,
 * and that node has the same virtual server in its own IPVS, which forwards the packet again.
 */
function circlingIn(desired: DesiredVirtualServer, { nodeAddresses }: VipContext): ReadonlyMap<string, string> {
  return desired.forwardingMethod === "NAT" ? NONE : nodeAddresses
}

const NONE: ReadonlyMap<string, string> = new Map()

function drToNode(
  desired: DesiredVirtualServer,
  circling: ReadonlyMap<string, string>,
  inNat: string,
): readonly Pick<Problem<ModelCode>, "code" | "severity" | "message">[] {
  return desired.endpoints.flatMap(({ address, port }) => {
    const node = circling.get(address)
    if (node === undefined) return []
    const why = `that is node ${quoted(node)}, which runs keepalived with the same virtual server, so its own IPVS forwards the packet again`
    const message = `Cannot forward port ${desired.port} of "${desired.service}" to ${address}:${port} with DR: ${why}; the real server is left out; write ${inNat}, or use pods with their own addresses`
    return [{ code: "DR_TO_NODE" as const, severity: "warning" as const, message }]
  })
}

function endpointIsVip(desired: DesiredVirtualServer, vip: string): string {
  return `Cannot send packets of "${desired.service}" to ${vip}: that is the VIP itself; the endpoint is left out`
}

/** The desired virtual servers without endpoints, by virtualServerKey(). */
export function waitingOf({ address, virtualServers }: DesiredVip, built: VipModel): readonly string[] {
  if (virtualServers.length === built.virtualServers.length) return []
  const made = new Set(built.virtualServers.map(virtualServerKey))
  return virtualServers.map((one) => virtualServerKey({ ...one, address })).filter((key) => !made.has(key))
}
