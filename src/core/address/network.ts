import { BITS, familyOf, isSupported, textOf, type Words, wordsOf } from "./ip.ts"

/** A network: the bits of its first address, and the bits that its addresses have in common. */
export interface Network {
  readonly base: Words
  readonly mask: Words
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
  if (!isSupported(address)) return null
  const mask = length === undefined ? hostMask(address) : maskOf(length, wordsOf(address).length)
  return mask === null ? null : { base: masked(wordsOf(address), mask), mask }
}

/** Whether a network contains an address. */
export function isInNetwork(address: string, { base, mask }: Network): boolean {
  const words = wordsOf(address)
  return words.length === base.length && words.every((word, at) => (word & (mask[at] ?? 0)) >>> 0 === base[at])
}

/** Whether an address is in the subnet of another one. An address alone, such as a /32, does not have a subnet. */
export function contains(one: AddressInNetwork, address: string): boolean {
  return !isAlone(one) && isInNetwork(address, networkOf(one))
}

/** Whether the network of an address has no other address. */
export function isAlone({ address, prefixLength }: AddressInNetwork): boolean {
  return prefixLength >= bitsOf(address)
}

/** Whether the network of an address has at most two addresses, which are both hosts (RFC 3021; RFC 6164). */
export function isPointToPoint({ address, prefixLength }: AddressInNetwork): boolean {
  return prefixLength >= bitsOf(address) - 1
}

/** The subnet of an address, such as `10.4.0.0/24`. */
export function subnetText(one: AddressInNetwork): string {
  return `${textOf(networkOf(one).base)}/${one.prefixLength}`
}

/** Which end of a subnet an address is; null when it is none of them, or outside. IPv6 has no broadcast address. */
export function endOf(one: AddressInNetwork, address: string): "network" | "broadcast" | null {
  if (!contains(one, address)) return null
  const { base, mask } = networkOf(one)
  const words = wordsOf(address)
  if (words.every((word, at) => word === base[at])) return "network"
  const isLast = words.every((word, at) => (word | (mask[at] ?? 0)) >>> 0 === ALL)
  return isLast && familyOf(address) === "IPv4" ? "broadcast" : null
}

/** An address alone as a network: `10.4.0.50/32`. VIPs are announced in this form. */
export function asHost(address: string): string {
  return `${address}/${bitsOf(address)}`
}

/** The address of a network with only one address, such as `10.4.0.50/32`; null for any other network. */
export function hostOf(text: string): string | null {
  const [address = "", length] = text.split("/")
  return familyOf(address) !== null && length === String(bitsOf(address)) ? address : null
}

function networkOf({ address, prefixLength }: AddressInNetwork): Network {
  const words = wordsOf(address)
  const mask = prefixMask(prefixLength, words.length)
  return { base: masked(words, mask), mask }
}

function bitsOf(address: string): number {
  return address.includes(":") ? BITS.IPv6 : BITS.IPv4
}

function masked(words: Words, mask: Words): Words {
  return words.map((word, at) => (word & (mask[at] ?? 0)) >>> 0)
}

function hostMask(address: string): Words {
  return wordsOf(address).map(() => ALL)
}

/** @param text A number of bits, or a mask in the form of an address. */
function maskOf(text: string, words: number): Words | null {
  if (familyOf(text) !== null) return wordsOf(text).length === words ? wordsOf(text) : null
  const length = Number(text)
  return Number.isInteger(length) && length >= 0 && length <= words * WORD ? prefixMask(length, words) : null
}

function prefixMask(length: number, words: number): Words {
  return Array.from({ length: words }, (_, at) => {
    const bits = Math.min(WORD, Math.max(0, length - at * WORD))
    return bits === 0 ? 0 : (ALL << (WORD - bits)) >>> 0
  })
}

const WORD = 32
const ALL = 0xff_ff_ff_ff
