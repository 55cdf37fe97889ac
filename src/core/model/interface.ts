import { addressOrder } from "../desired/address.ts"

/** An IPv4 address of a machine, with the interface that has it. */
export interface HostAddress {
  readonly interface: string
  readonly address: string
  /** Bits of the network part. */
  readonly prefixLength: number
}

/** What decides on which interface the VIPs are. */
export interface InterfaceQuestion {
  /** The node's own address; null where nobody knows it. */
  readonly address: string | null
  /** The machine's addresses, without those that we put there. */
  readonly host: readonly HostAddress[]
  /** The interface that the VIPs run on, or last ran on; null where they never did, or it is gone. */
  readonly before: string | null
}

/**
 * The one rule for the interface of the VIPs: the interface that has the node's address, else the one with the longest
 * prefix that contains it. What runs stays where it is while that is still valid: a card that appears moves nothing.
 *
 * @returns null where no interface has the address or a subnet that contains it.
 */
export function interfaceOf({ address, host, before }: InterfaceQuestion): string | null {
  const usable = host.filter((one) => !isLoopback(one.interface))
  const best = address === null ? null : bestFor(address, usable)
  if (before === null || best === before) return best
  const own = usable.filter((one) => one.interface === before)
  if (address === null) return before
  if (own.length > 0) return own.some((one) => has(one, address) || contains(one, address)) ? before : best
  // An interface that is down shows no address. Where another one has the node's address now, as a new bridge does, it moved.
  return usable.some((one) => has(one, address)) ? best : before
}

/** Whether an address lies in the subnet of an interface; an address that stands alone (/32) has no subnet. */
export function contains(one: Pick<HostAddress, "address" | "prefixLength">, address: string): boolean {
  if (one.prefixLength >= 32) return false
  const size = 2 ** (32 - one.prefixLength)
  return Math.floor(addressOrder(one.address) / size) === Math.floor(addressOrder(address) / size)
}

/** `10.4.0.0/24`, the subnet of an address on an interface. */
export function subnetText({ address, prefixLength }: Pick<HostAddress, "address" | "prefixLength">): string {
  const size = 2 ** (32 - prefixLength)
  const first = Math.floor(addressOrder(address) / size) * size
  return `${[24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join(".")}/${prefixLength}`
}

function bestFor(address: string, host: readonly HostAddress[]): string | null {
  const having = host.filter((one) => has(one, address))
  // kube-proxy has /32 copies of a node's address on an interface of its own.
  const [exact] = having.toSorted((a, b) => Number(a.prefixLength === 32) - Number(b.prefixLength === 32))
  const [nearest] = host.filter((one) => contains(one, address)).toSorted((a, b) => b.prefixLength - a.prefixLength)
  return (exact ?? nearest)?.interface ?? null
}

function has(one: HostAddress, address: string): boolean {
  return one.address === address
}

function isLoopback(name: string): boolean {
  return name === "lo"
}
