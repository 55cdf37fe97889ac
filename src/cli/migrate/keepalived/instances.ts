import { isSupported } from "../../../core/address/ip.ts"
import { asHost } from "../../../core/address/network.ts"
import { vipFault } from "../../../core/address/special.ts"
import type { Place } from "../../../kit/problem.ts"
import type { Differences } from "../differences.ts"
import { reportLeftover } from "./leftovers.ts"
import { named, type Statement, valueOf } from "./words.ts"

/** The VRRP part of some keepalived.conf. */
export interface Announced {
  /** The interface of the VIPs; null if no instance names one. */
  readonly interface: string | null
  /** Virtual router IDs that are in use, in the order of the files. */
  readonly routerIds: readonly number[]
  /** Address -> its place. */
  readonly vips: ReadonlyMap<string, Place>
  readonly isUnicast: boolean
  /** Seconds; null if no instance names it. */
  readonly advertInterval: string | null
}

/** One block `vrrp_instance`. */
export interface Instance {
  readonly file: string
  readonly statement: Statement
  readonly block: readonly Statement[]
}

/** Reads the instances of all files as one: the nodes of a cluster have the same VIPs, each in a file of its own. */
export function announcedBy(instances: readonly Instance[], differences: Differences): Announced {
  const interfaces = instances.flatMap(({ block }) => valueOf(block, "interface") ?? [])
  const [first] = interfaces
  const main = first ?? null
  const vips = new Map<string, Place>()
  for (const instance of instances) addVips(instance, { main, vips, differences })
  for (const { file, block } of instances)
    for (const one of block) if (!READ.has(one.words[0] ?? "")) reportLeftover(file, one, differences)
  const routerIds = instances.flatMap(({ block }) => routerIdOf(valueOf(block, "virtual_router_id")))
  reportSpread(instances, differences)
  const isUnicast = instances.some(({ block }) => named(block, "unicast_peer").length > 0)
  const intervals = instances.flatMap(({ block }) => valueOf(block, "advert_int") ?? [])
  return { interface: main, routerIds: [...new Set(routerIds)], vips, isUnicast, advertInterval: intervals[0] ?? null }
}

const READ = new Set([
  ...["interface", "virtual_router_id", "virtual_ipaddress", "virtual_ipaddress_excluded", "advert_int"],
])

function routerIdOf(text: string | null): readonly number[] {
  return text !== null && /^\d{1,3}$/.test(text) ? [Number(text)] : []
}

/** Several instances can have several masters; here one node has all VIPs. */
function reportSpread(instances: readonly Instance[], differences: Differences): void {
  const [first, ...others] = instances
  for (const { file, statement, block } of others) {
    const id = valueOf(block, "virtual_router_id")
    if (first === undefined || id === valueOf(first.block, "virtual_router_id")) continue
    differences.different(
      {
        place: { file, line: statement.line, column: null },
        was: `vrrp_instance ${statement.words[1] ?? ""} with a VRID of its own (${id ?? "none"})`,
        becomes: "one instance for all VIPs: one node has them all",
        todo: "see docs/concepts.md, or run a second installation on other nodes",
      },
      `spread ${id}`,
    )
  }
}

interface Adding {
  readonly main: string | null
  readonly vips: Map<string, Place>
  readonly differences: Differences
}

function addVips({ file, block }: Instance, { main, vips, differences }: Adding): void {
  const own = valueOf(block, "interface") ?? main
  for (const list of named(block, "virtual_ipaddress", "virtual_ipaddress_excluded"))
    for (const { words, line } of (list.block ?? []).flatMap(oneAddressEach)) {
      const place = { file, line, column: null }
      const text = words.join(" ")
      const [address = "", prefix] = (words[0] ?? "").split("/")
      const at = words.indexOf("dev")
      const device = at === -1 ? own : (words[at + 1] ?? own)
      const fault = whyNot(address, device, main)
      if (fault !== null) differences.missing({ place, was: text, becomes: `no entry: ${fault}`, todo: KEEP_IT })
      else {
        if (!vips.has(address)) vips.set(address, place)
        if (prefix !== undefined && words[0] !== asHost(address))
          differences.different({ place, was: text, becomes: `${asHost(address)}: a VIP does not add a route` }, text)
        else if (words.some((word) => LABELS.has(word)))
          differences.different({ place, was: text, becomes: `${address} without label, scope and broadcast` }, text)
      }
    }
}

const IPV4_ONLY = "this release announces IPv4 addresses only"
const KEEP_IT = "keep what announces it"
const LABELS = new Set(["label", "scope", "brd", "broadcast"])

function whyNot(address: string, device: string | null, main: string | null): string | null {
  if (address.startsWith("@")) return "it is for one node only, and every node can have a VIP"
  if (address.startsWith("$")) return "it is a variable, and variables are not read"
  if (!isSupported(address)) return address.includes(":") ? IPV4_ONLY : vipFault(address)
  if (device !== main) return `it is on ${device ?? "no interface"}, and one interface has all VIPs (${main ?? "none"})`
  return vipFault(address)
}

/** Several addresses may stand on one line. */
function oneAddressEach(statement: Statement): readonly Statement[] {
  const { words } = statement
  if (words[0]?.startsWith("@") === true) return [statement]
  if (!words.slice(1).some((word) => isSupported(word.split("/")[0] ?? "")) || words.includes("brd")) return [statement]
  const starts = words.flatMap((word, at) => (isSupported(word.split("/")[0] ?? "") || at === 0 ? [at] : []))
  return starts.map((start, at) => ({ ...statement, words: words.slice(start, starts[at + 1]) }))
}
