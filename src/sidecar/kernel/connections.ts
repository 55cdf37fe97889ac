import type { Connections } from "../ports.ts"

/**
 * The connections of each VIP, from the two lists of `ipvsadm`. Virtual servers of a firewall mark have no address and are left out.
 *
 * @param counts Output of `ipvsadm -Ln --exact`: below each virtual server a line per real server, which ends with its active
 *   and its inactive connections.
 * @param rates Output of `ipvsadm -Ln --rate --exact`: the first number of a virtual server is its new connections per second.
 * @returns Keyed by the address of the VIP. A VIP without real servers is missing. Source: ipvsadm(8).
 */
export function parseConnections(counts: string, rates: string): ReadonlyMap<string, Connections> {
  const found = new Map<string, Connections>()
  const add = (address: string, { open, perSecond }: Connections) => {
    const before = found.get(address) ?? { open: 0, perSecond: 0 }
    found.set(address, { open: before.open + open, perSecond: before.perSecond + perSecond })
  }
  let current: string | null = null
  let isUdp = false
  for (const words of rowsOf(counts)) {
    if (words[0] !== "->") {
      current = addressOf(words)
      isUdp = words[0] === "UDP"
    } else if (current !== null) {
      const [active = 0, inactive = 0] = words.slice(-2).map(Number)
      // IPVS knows of UDP only that packets came, and counts all its connections as inactive.
      add(current, { open: isUdp ? inactive : active, perSecond: 0 })
    }
  }
  for (const words of rowsOf(rates)) {
    const address = addressOf(words)
    if (address !== null) add(address, { open: 0, perSecond: Number(words[2]) })
  }
  return found
}

function rowsOf(text: string): readonly (readonly string[])[] {
  return text.split("\n").map((line) => line.trim().split(/ +/))
}

/** `TCP 10.4.0.50:80 ...` or `TCP [fd04::50]:80 ...`: the address; null for a line of another kind. */
function addressOf([protocol = "", place = ""]: readonly string[]): string | null {
  if (!["TCP", "UDP", "SCTP"].includes(protocol)) return null
  return place.slice(0, place.lastIndexOf(":")).replace(/^\[(.*)\]$/, "$1")
}
