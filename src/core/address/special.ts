import { familyOf, isSupported, withoutLeadingZeros } from "./ip.ts"
import { firstWith, parseNetwork } from "./network.ts"

/**
 * Says why a text cannot be the address of a VIP; null when it can.
 *
 * Only the dotted form with four decimal numbers is valid. Some programs read `010.4.0.50` as 8.4.0.50 and others as
 * 10.4.0.50, and keepalived refuses it (keepalived.conf(5), virtual_ipaddress).
 */
export function vipFault(text: string): string | null {
  if (!isSupported(text)) return familyOf(withoutLeadingZeros(text)) === "IPv4" ? LEADING_ZERO : NOT_AN_ADDRESS
  return rangeFault(text)
}

/** Says why a valid address cannot belong to one host on a LAN; null when it can. */
export function rangeFault(address: string): string | null {
  return firstWith(address, SPECIAL)?.why ?? null
}

/** Source: IANA IPv4 Special-Purpose Address Registry; RFC 5735. */
const SPECIAL = [
  ["0.0.0.0/8", "means this network, not a host"],
  ["127.0.0.0/8", "is the loopback range"],
  ["169.254.0.0/16", "is the link-local range, where the VRRP anchor lives"],
  ["224.0.0.0/4", "is the multicast range"],
  ["240.0.0.0/4", "is reserved"],
].flatMap(([text = "", why = ""]) => {
  const network = parseNetwork(text)
  return network === null ? [] : [{ ...network, why: `${text} ${why}` }]
})

/**
 * The address on the interface that shows that this node is master. It is in the link-local range, and as unique on the LAN as
 * the virtual router ID.
 */
export function anchorOf(virtualRouterId: number): string {
  return `169.254.${virtualRouterId}.1`
}

/** Whether an address has the form of an anchor, of this VRRP instance or of another one on the LAN. */
export function isAnchor(address: string): boolean {
  return /^169\.254\.\d{1,3}\.1$/.test(address)
}

const LEADING_ZERO = "a number in it starts with 0; write it without leading zeros"
const NOT_AN_ADDRESS =
  "it is not a valid IPv4 address (expected four numbers from 0 to 255 with dots between, such as 10.4.0.50)"
