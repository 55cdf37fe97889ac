import { BITS, bitsOf, type Family, familyOf, isSupported, textOf } from "./ip.ts"

/** A network: the bits of its first address, and the bits that its addresses have in common. */
export interface Network {
  readonly family: Family
  readonly base: bigint
  readonly mask: bigint
}

/** An address of an interface, with the bits of its network. */
export interface AddressInNetwork {
  readonly address: string
  /** Bits of the network part. */
  readonly prefixLength: number
}

/**
 * Reads a network as programs print it: `10.4.0.50`, `10.4.0.0/24`, `10.4.0.0/255.255.255.0`; null for any other text, and for
 * a family that this release does not support. Ignores host bits.
 */
export function parseNetwork(text: string): Network | null {
  const [address = "", length] = text.split("/")
  const family = familyOf(address)
  if (family === null || !isSupported(address)) return null
  const mask = length === undefined ? ALL[family] : maskOf(length, family)
  return mask === null ? null : { family, base: bitsOf(address) & mask, mask }
}

/** Whether a network contains an address. */
export function isInNetwork(address: string, network: Network): boolean {
  return firstWith(address, [network]) !== undefined
}

/** The first of some networks that contains an address. */
export function firstWith<N extends Network>(address: string, networks: readonly N[]): N | undefined {
  const of = familyOf(address)
  const bits = of === null ? 0n : bitsOf(address)
  return networks.find(({ family, base, mask }) => family === of && (bits & mask) === base)
}

/** Whether an address is in the subnet of another one. An address alone, such as a /32, does not have a subnet. */
export function contains(one: AddressInNetwork, address: string): boolean {
  return !isAlone(one) && isInNetwork(address, networkOf(one))
}

/** Whether the network of an address has no other address. */
export function isAlone({ address, prefixLength }: AddressInNetwork): boolean {
  return prefixLength >= lengthOf(address)
}

/** Whether the network of an address has at most two addresses, which are both hosts (RFC 3021; RFC 6164). */
export function isPointToPoint({ address, prefixLength }: AddressInNetwork): boolean {
  return prefixLength >= lengthOf(address) - 1
}

/** The subnet of an address, such as `10.4.0.0/24`. */
export function subnetText(one: AddressInNetwork): string {
  const { base, family } = networkOf(one)
  return `${textOf(base, family)}/${one.prefixLength}`
}

/** Which end of a subnet an address is; null when it is none of them, or outside. IPv6 has no broadcast address. */
export function endOf(one: AddressInNetwork, address: string): "network" | "broadcast" | null {
  if (!contains(one, address)) return null
  const { family, base, mask } = networkOf(one)
  const bits = bitsOf(address)
  if (bits === base) return "network"
  return family === "IPv4" && (bits | mask) === ALL[family] ? "broadcast" : null
}

/** An address alone as a network: `10.4.0.50/32`. VIPs are announced in this form. */
export function asHost(address: string): string {
  return `${address}/${lengthOf(address)}`
}

/** The address of a network with only one address, such as `10.4.0.50/32`; null for any other network. */
export function hostOf(text: string): string | null {
  const [address = "", length] = text.split("/")
  return familyOf(address) !== null && length === String(lengthOf(address)) ? address : null
}

function networkOf({ address, prefixLength }: AddressInNetwork): Network {
  const family = address.includes(":") ? "IPv6" : "IPv4"
  const mask = prefixMask(prefixLength, family)
  return { family, base: bitsOf(address) & mask, mask }
}

function lengthOf(address: string): number {
  return address.includes(":") ? BITS.IPv6 : BITS.IPv4
}

/** @param text A number of bits, or a mask in the form of an address. */
function maskOf(text: string, family: Family): bigint | null {
  if (familyOf(text) !== null) return familyOf(text) === family ? bitsOf(text) : null
  const length = Number(text)
  return Number.isInteger(length) && length >= 0 && length <= BITS[family] ? prefixMask(length, family) : null
}

function prefixMask(length: number, family: Family): bigint {
  const hostBits = BigInt(Math.max(0, BITS[family] - length))
  return (ALL[family] >> hostBits) << hostBits
}

/** All bits of an address. */
const ALL: Readonly<Record<Family, bigint>> = { IPv4: (1n << 32n) - 1n, IPv6: (1n << 128n) - 1n }
