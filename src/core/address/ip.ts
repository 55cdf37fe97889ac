import { isIP } from "node:net"
import { Address4, Address6 } from "ip-address"

export type Family = "IPv4" | "IPv6"

/** An address of one host. */
export interface IpAddress {
  readonly family: Family
  /** The only spelling of the address in this program: equal addresses have equal texts. */
  readonly text: string
}

/** Bits of an address. */
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
  return { family, text: family === "IPv4" ? text : textOf(wordsOf(text)) }
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
  const [first, second, third, last = 0] = wordsOf(bare)
  return first === 0 && second === 0 && third === 0xffff ? textOf([last]) : null
}

/** A text without the leading zeros of its numbers: `010.4.0.050` becomes `10.4.0.50`. */
export function withoutLeadingZeros(text: string): string {
  return text.replaceAll(/(^|\.)0+(?=\d)/g, "$1")
}

/** The bits of an address, in words of 32 bits from the left: one word for IPv4, four for IPv6. */
export type Words = readonly number[]

/** The bits of a valid address. */
export function wordsOf(address: string): Words {
  if (!address.includes(":")) return [ipv4Word(address)]
  const bits = new Address6(address).bigInt()
  return SHIFTS.map((shift) => Number((bits >> shift) & WORD_MASK))
}

/** The text of an address with these bits. Source: RFC 5952, 4, for IPv6. */
export function textOf(words: Words): string {
  const bits = words.reduce((left, word) => (left << WORD_BITS) | BigInt(word), 0n)
  return words.length === 1 ? Address4.fromBigInt(bits).correctForm() : Address6.fromBigInt(bits).correctForm()
}

const WORD_BITS = 32n
const WORD_MASK = 0xff_ff_ff_ffn
/** The place of each word of an IPv6 address in its bits. */
const SHIFTS = [96n, 64n, 32n, 0n]

/** Allocates no array. */
function ipv4Word(address: string): number {
  let word = 0
  let part = 0
  for (let at = 0; at < address.length; at++) {
    const code = address.charCodeAt(at)
    if (code === DOT) {
      word = word * 256 + part
      part = 0
    } else part = part * 10 + (code - ZERO)
  }
  return word * 256 + part
}

const DOT = 0x2e
const ZERO = 0x30
