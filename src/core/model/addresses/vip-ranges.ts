import { isIPv4 } from "node:net"
import { addressOrder } from "../../desired/address.ts"

/** Allowed addresses of VIPs: a network, or one address. */
export interface VipRange {
  /** The text as written, such as `10.4.0.48/28`. */
  readonly text: string
  /** The lowest and the highest address, as numbers of `addressOrder`. */
  readonly first: number
  readonly last: number
}

/** Reads `10.4.0.48/28,10.4.0.80`; `any` gives an empty list. Null for any other text, such as a network with host bits. */
export function parseVipRanges(text: string): readonly VipRange[] | null {
  if (text === ANY) return []
  const ranges = text.split(",").map(parseRange)
  return ranges.every((range) => range !== null) ? ranges : null
}

/** Whether a VIP may have this address. Without ranges, every address is allowed. */
export function isAllowed(address: string, ranges: readonly VipRange[]): boolean {
  const order = addressOrder(address)
  return ranges.length === 0 || ranges.some(({ first, last }) => first <= order && order <= last)
}

export const ANY = "any"

function parseRange(text: string): VipRange | null {
  const [, address = "", length = "32"] = /^([\d.]+)(?:\/(\d|[12]\d|3[0-2]))?$/.exec(text) ?? []
  if (!isIPv4(address)) return null
  const first = addressOrder(address)
  const size = 2 ** (32 - Number(length))
  return first % size === 0 ? { text, first, last: first + size - 1 } : null
}
