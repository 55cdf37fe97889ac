import { textOf } from "./ip.ts"
import { isInNetwork, type Network, parseNetwork } from "./network.ts"

/** Allowed addresses of VIPs: a network, or one address. */
export interface VipRange {
  /** The text as written, such as `10.4.0.48/28`. */
  readonly text: string
  readonly network: Network
}

/** Reads `10.4.0.48/28,10.4.0.80`; `any` gives an empty list. Null for any other text, such as a network with host bits. */
export function parseVipRanges(text: string): readonly VipRange[] | null {
  if (text === ANY) return []
  const ranges = text.split(",").map(parseRange)
  return ranges.every((range) => range !== null) ? ranges : null
}

/** Whether a VIP may have this address. Without ranges, every address is allowed. */
export function isAllowed(address: string, ranges: readonly VipRange[]): boolean {
  return ranges.length === 0 || ranges.some(({ network }) => isInNetwork(address, network))
}

export const ANY = "any"

function parseRange(text: string): VipRange | null {
  const [address = "", length] = text.split("/")
  const network = length === undefined || LENGTH.test(length) ? parseNetwork(text) : null
  return network !== null && textOf(network.base, network.family) === address ? { text, network } : null
}

/** A number of bits without leading zeros. */
const LENGTH = /^(?:0|[1-9]\d*)$/
