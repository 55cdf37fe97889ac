import { isIP } from "node:net"
import { Address4, Address6 } from "ip-address"

export type Family = "IPv4" | "IPv6"

/** An address of one host. */
export interface IpAddress {
  readonly family: Family
  /** The only spelling of the address in this program: equal addresses have equal texts. */
  readonly text: string
}

/** Number of bits of an address. */
export const BITS: Readonly<Record<Family, number>> = { IPv4: 32, IPv6: 128 }

/** The families that this release announces and forwards to. */
const SUPPORTED: ReadonlySet<Family> = new Set(["IPv4"])

/** The family of an address; null for any other text, such as an address with a zone, a prefix or leading zeros. */
export function familyOf(text: string): Family | null {
  const version = isIP(text)
  if (version === 0 || text.includes("%")) return null
  return version === 4 ? "IPv4" : "IPv6"
}

/** Whether a text is an address of a family that this release announces and forwards to. */
export function isSupported(text: string): boolean {
  const family = familyOf(text)
  return family !== null && SUPPORTED.has(family)
}

/** Reads an address in any valid spelling; null for any other text. */
export function parseAddress(text: string): IpAddress | null {
  const family = familyOf(text)
  if (family === null) return null
  return { family, text: family === "IPv4" ? text : textOf(bitsOf(text), family) }
}

/** Whether a family is one that this release announces and forwards to. @param family Such as the `addressType` of a slice. */
export function isSupportedFamily(family: string): boolean {
  return (SUPPORTED as ReadonlySet<string>).has(family)
}

/**
 * The IPv4 address that a text means, as four decimal numbers; null when it does not mean one.
 *
 * An IPv4-mapped IPv6 address is the same address in another spelling: `::ffff:10.4.0.50`, `::FFFF:a04:32` (RFC 4291,
 * 2.5.5.2). A prefix length and leading zeros are ignored.
 */
export function ipv4Of(text: string): string | null {
  if (familyOf(text) === "IPv4") return text
  const bare = text.trim().replace(/\/\d+$/, "")
  const plain = withoutLeadingZeros(bare)
  if (familyOf(plain) === "IPv4") return plain
  if (familyOf(bare) !== "IPv6") return null
  const bits = bitsOf(bare)
  return bits >> 32n === 0xffffn ? textOf(bits & 0xffff_ffffn, "IPv4") : null
}

/** A text without the leading zeros of its numbers: `010.4.0.050` becomes `10.4.0.50`. */
export function withoutLeadingZeros(text: string): string {
  return text.replaceAll(/(^|\.)0+(?=\d)/g, "$1")
}

/** The bits of a valid address, as a number. */
export function bitsOf(address: string): bigint {
  if (address.includes(":")) return new Address6(address).bigInt()
  return BigInt(address.split(".").reduce((bits, part) => bits * 256 + Number(part), 0))
}

/** The text of an address with these bits. Source: RFC 5952, 4, for IPv6. */
export function textOf(bits: bigint, family: Family): string {
  return (family === "IPv4" ? Address4 : Address6).fromBigInt(bits).correctForm()
}
