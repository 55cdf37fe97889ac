import { familyOf, isSupported } from "../address/ip.ts"
import { HOST_PREFIX, tooLargePart } from "../address/pattern.ts"
import { vipFault } from "../address/special.ts"
import { entryLines } from "./entry-lines.ts"

/**
 * Says what is wrong with the key of an entry; null when it is an address that can be announced. Names the mistake when it is
 * a common one.
 *
 * @param text The entry's value, since a user may have swapped key and value.
 */
export function keyFault(key: string, text: string): string | null {
  const fault = vipFault(key)
  if (fault === null || isSupported(key)) return fault
  const mistake = MISTAKES.find(({ isIt }) => isIt(key, text))
  return mistake === undefined ? fault : mistake.says(key, text)
}

/** Whether the key is a Service and the value is an address. */
export function isSwapped(key: string, text: string): boolean {
  return SERVICE.test(key) && isSupported(onlyLine(text))
}

interface Mistake {
  readonly isIt: (key: string, text: string) => boolean
  readonly says: (key: string, text: string) => string
}

const SERVICE = /^[a-z0-9][-a-z0-9]*\/[a-z0-9][-a-z0-9]*(?::\w+)?$/
const EXPECTED = "expected one IPv4 address, such as 10.4.0.50"

/** The first match counts. */
const MISTAKES: readonly Mistake[] = [
  {
    isIt: isSwapped,
    says: (key, text) =>
      `key and value are swapped: it is a Service, and "${onlyLine(text)}" is the address (expected ${onlyLine(text)}: ${key})`,
  },
  {
    isIt: (key) => /\{\{|\}\}|\$[({]/.test(key),
    says: () => `it looks like a template; render it first (${EXPECTED})`,
  },
  { isIt: (key) => key.includes("://"), says: () => `it is a URL (${EXPECTED})` },
  { isIt: isIPv6WithMore, says: () => "it is an IPv6 address, and this release announces IPv4 addresses only" },
  {
    isIt: (key) => isSupported(beforeFirst(key, "/")),
    says: (key) =>
      `it has a prefix length; write only ${beforeFirst(key, "/")}: a VIP is always announced as ${HOST_PREFIX}`,
  },
  {
    isIt: (key) => SERVICE.test(key),
    says: () => `it is a Service, and the key of an entry is its address (${EXPECTED})`,
  },
  {
    isIt: (key) => isSupported(beforeFirst(key, ":")),
    says: (key) => `it has a port; write only ${beforeFirst(key, ":")}: a VIP has the ports of its Services`,
  },
  {
    isIt: (key) => isSupported(beforeFirst(key, "-").trim()),
    says: () => "it is a range, and an entry has one address: write one entry for each address",
  },
  {
    isIt: (key) => key.split(/[\s,;]+/).filter((part) => isSupported(part)).length > 1,
    says: () => "it has several addresses, and an entry has one: write one entry for each address",
  },
  {
    isIt: (key) => isSupported(beforeFirst(key, "@")) || isSupported(beforeFirst(key, "%")),
    says: (key) => `it names an interface; write only ${key.split(/[@%]/)[0]}: --iface names the interface of all VIPs`,
  },
  {
    isIt: (key) => tooLargePart(key) !== null,
    says: (key) => `${tooLargePart(key)} is larger than 255 (${EXPECTED})`,
  },
  {
    isIt: (key) => /^(?=.*[a-z])[a-z0-9-]+(?:\.[a-z0-9-]+)+\.?$/i.test(key) && !/^0x/i.test(key),
    says: () => `it is a host name, and host names are not resolved (${EXPECTED})`,
  },
]

function isIPv6WithMore(key: string): boolean {
  const bare = key
    .replace(/^\[(.*)\](?::\d+)?$/, "$1")
    .replace(/\/\d+$/, "")
    .replace(/%.*/, "")
  return familyOf(bare) === "IPv6"
}

function beforeFirst(key: string, mark: string): string {
  const at = key.indexOf(mark)
  return at === -1 ? "" : key.slice(0, at)
}

function onlyLine(text: string): string {
  const [line, ...others] = entryLines(text)
  return others.length === 0 ? (line?.text ?? "") : ""
}
