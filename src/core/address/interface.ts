import { type AddressInNetwork, contains, isAlone } from "./network.ts"

/** An address of a machine, with the interface that has it. */
export interface HostAddress extends AddressInNetwork {
  readonly interface: string
}

/** The facts that decide the interface of the VIPs. */
export interface InterfaceQuestion {
  /** The node's own address; null when it is not known. */
  readonly address: string | null
  /** The machine's addresses, without those that we added. */
  readonly host: readonly HostAddress[]
  /** The interface that the VIPs run on, or last ran on; null when they never ran, or it is gone. */
  readonly before: string | null
}

/**
 * The interface of the VIPs: the one that has the node's address; otherwise the one with the longest prefix that contains it.
 * VIPs that run stay on their interface while it is still valid, so that a new network card does not move them.
 *
 * @returns null when no interface has the address, or a subnet that contains it.
 */
export function interfaceOf({ address, host, before }: InterfaceQuestion): string | null {
  const usable = host.filter((one) => !isLoopback(one.interface))
  const best = address === null ? null : bestFor(address, usable)
  if (before === null || best === before) return best
  const own = usable.filter((one) => one.interface === before)
  if (address === null) return before
  if (own.length > 0) return own.some((one) => has(one, address) || contains(one, address)) ? before : best
  // An interface that is down shows no address. If another one now has the node's address, as a new bridge does, it moved.
  return usable.some((one) => has(one, address)) ? best : before
}

function bestFor(address: string, host: readonly HostAddress[]): string | null {
  const having = host.filter((one) => has(one, address))
  // kube-proxy has /32 copies of a node's address on its own interface.
  const [exact] = having.toSorted((a, b) => Number(isAlone(a)) - Number(isAlone(b)))
  const [nearest] = host.filter((one) => contains(one, address)).toSorted((a, b) => b.prefixLength - a.prefixLength)
  return (exact ?? nearest)?.interface ?? null
}

function has(one: HostAddress, address: string): boolean {
  return one.address === address
}

function isLoopback(name: string): boolean {
  return name === "lo"
}
