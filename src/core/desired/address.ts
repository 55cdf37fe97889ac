import { isIPv4, isIPv6 } from "node:net"

/**
 * Says why a text cannot be the address of a VIP; null when it can.
 *
 * Only the dotted form with four decimal numbers is valid. Some programs read `010.4.0.50` as 8.4.0.50 and others as
 * 10.4.0.50, and keepalived refuses it (keepalived.conf(5), virtual_ipaddress).
 */
export function vipFault(text: string): string | null {
  if (!isIPv4(text)) return isIPv4(withoutLeadingZeros(text)) ? LEADING_ZERO : NOT_AN_ADDRESS
  return rangeFault(text)
}

/**
 * Says why an IPv4 address cannot belong to one host on a LAN; null when it can.
 *
 * Source: IANA IPv4 Special-Purpose Address Registry; RFC 5735.
 */
export function rangeFault(address: string): string | null {
  const order = addressOrder(address)
  const first = Math.floor(order / 2 ** 24)
  if (first === 0) return "0.0.0.0/8 means this network, not a host"
  if (first === 127) return "127.0.0.0/8 is the loopback range"
  if (Math.floor(order / 2 ** 16) === 169 * 256 + 254)
    return "169.254.0.0/16 is the link-local range, where the VRRP anchor lives"
  if (first >= 224 && first < 240) return "224.0.0.0/4 is the multicast range"
  if (first >= 240) return "240.0.0.0/4 is reserved"
  return null
}

/**
 * The IPv4 address that a text means, as four decimal numbers; null when it does not mean one.
 *
 * An IPv4-mapped IPv6 address is the same address in another spelling: `::ffff:10.4.0.50`, `::FFFF:a04:32` (RFC 4291,
 * 2.5.5.2). A prefix length and leading zeros are ignored.
 */
export function ipv4Of(text: string): string | null {
  if (isIPv4(text)) return text
  const bare = text.trim().replace(/\/\d+$/, "")
  const plain = withoutLeadingZeros(bare)
  if (isIPv4(plain)) return plain
  return isIPv6(bare) ? mappedIpv4(bare) : null
}

/** The IPv4 address in the last 32 bits of an IPv4-mapped IPv6 address. */
function mappedIpv4(text: string): string | null {
  const [, front = "", dotted] = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text) ?? [text, text]
  const order = dotted === undefined ? 0 : addressOrder(dotted)
  const tail = dotted === undefined ? "" : `${(order >>> 16).toString(16)}:${(order & 0xffff).toString(16)}`
  const [left = "", right] = `${front}${tail}`.split("::")
  const groupsIn = (part: string): readonly string[] => (part === "" ? [] : part.split(":"))
  const [before, after] = [groupsIn(left), groupsIn(right ?? "")]
  const missing = right === undefined ? 0 : 8 - before.length - after.length
  const groups = [...before, ...Array.from({ length: missing }, () => "0"), ...after].map((one) =>
    Number.parseInt(one, 16),
  )
  if (!groups.slice(0, 5).every((group) => group === 0) || groups[5] !== 0xffff) return null
  const [high = 0, low = 0] = groups.slice(6)
  return [high >> 8, high & 255, low >> 8, low & 255].join(".")
}

/** The 32 bits of an IPv4 address as a number: the order in which people read addresses. Allocates no array. */
export function addressOrder(address: string): number {
  let order = 0
  let part = 0
  for (let at = 0; at < address.length; at++) {
    const code = address.charCodeAt(at)
    if (code === DOT) {
      order = order * 256 + part
      part = 0
    } else part = part * 10 + (code - ZERO)
  }
  return order * 256 + part
}

const DOT = 0x2e
const ZERO = 0x30

/** Sorts by address as a number, then by port. Returns a sorted list unchanged. */
export function inAddressOrder<T extends { readonly address: string; readonly port?: number }>(
  list: readonly T[],
): readonly T[] {
  if (isInOrder(list)) return list
  return list
    .map((one) => ({ one, order: addressOrder(one.address), port: one.port ?? 0 }))
    .sort((a, b) => a.order - b.order || a.port - b.port)
    .map(({ one }) => one)
}

function isInOrder(list: readonly { readonly address: string; readonly port?: number }[]): boolean {
  let [lastOrder, lastPort] = [-1, -1]
  for (const { address, port = 0 } of list) {
    const order = addressOrder(address)
    if (order < lastOrder || (order === lastOrder && port < lastPort)) return false
    lastOrder = order
    lastPort = port
  }
  return true
}

const LEADING_ZERO = "a number in it starts with 0; write it without leading zeros"
const NOT_AN_ADDRESS =
  "it is not a valid IPv4 address (expected four numbers from 0 to 255 with dots between, such as 10.4.0.50)"

function withoutLeadingZeros(text: string): string {
  return text.replaceAll(/(^|\.)0+(?=\d)/g, "$1")
}
