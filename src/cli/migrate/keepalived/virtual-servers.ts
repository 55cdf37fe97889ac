import { isSupported } from "../../../core/address/ip.ts"
import { rangeFault } from "../../../core/address/special.ts"
import type { Place } from "../../../kit/problem.ts"
import type { Differences } from "../differences.ts"
import { reportLeftover, textOf } from "./leftovers.ts"
import { named, type Statement, valueOf } from "./words.ts"

/** A virtual server that this product can have. */
export interface OldVirtualServer {
  readonly address: string
  readonly port: number
  readonly protocol: "TCP" | "UDP"
  readonly method: "NAT" | "DR"
  /** An IPVS scheduler; null if it is not named. */
  readonly scheduler: string | null
  /** Seconds; 0 for none. */
  readonly persistence: number
  readonly servers: readonly OldRealServer[]
  readonly place: Place
}

export interface OldRealServer {
  readonly address: string
  readonly port: number
  readonly isChecked: boolean
}

/** Reads one block `virtual_server`; null, and reported, if it has no equivalent. */
export function virtualServerIn(file: string, statement: Statement, differences: Differences): OldVirtualServer | null {
  const place = { file, line: statement.line, column: null }
  const block = statement.block ?? []
  const [, address = "", portText = "0"] = statement.words
  const method = (valueOf(block, "lvs_method", "lb_kind") ?? "NAT").toUpperCase()
  const protocol = (valueOf(block, "protocol") ?? "TCP").toUpperCase()
  const fault = faultOf({ address, port: portText, method, protocol })
  if (fault !== null) {
    differences.missing({ place, was: textOf(statement), becomes: `nothing: ${fault}`, todo: "keep what forwards it" })
    return null
  }
  const weights = new Set(named(block, "real_server").map((one) => valueOf(one.block ?? [], "weight") ?? "1"))
  const [first] = weights
  const around = { file, weight: weights.size === 1 && first !== "0" ? (first ?? null) : null, differences }
  const servers = named(block, "real_server").flatMap((one) => realServerIn(one, around) ?? [])
  for (const one of block) if (!READ.has(one.words[0] ?? "")) reportLeftover(file, one, differences)
  return {
    ...{ address, port: Number(portText), place, servers },
    protocol: protocol === "UDP" ? "UDP" : "TCP",
    method: method === "DR" ? "DR" : "NAT",
    scheduler: valueOf(block, "lvs_sched", "lb_algo"),
    persistence: secondsOf(named(block, "persistence_timeout")),
  }
}

const READ = new Set([
  ...["lvs_method", "lb_kind", "protocol", "real_server", "lvs_sched", "lb_algo", "persistence_timeout"],
])
const PORT = /^[1-9]\d{0,4}$/

interface Asked {
  readonly address: string
  readonly port: string
  readonly method: string
  readonly protocol: string
}

function faultOf({ address, port, method, protocol }: Asked): string | null {
  if (address === "group" || address === "fwmark") return `a virtual server by ${address} is not supported`
  if (!isSupported(address)) return "this release forwards IPv4 addresses only"
  if (!isPort(port)) return "a virtual server needs a port"
  if (method !== "NAT" && method !== "DR") return `the method ${method} is not supported`
  return protocol === "TCP" || protocol === "UDP" ? null : `the protocol ${protocol} is not supported`
}

function isPort(text: string): boolean {
  return PORT.test(text) && Number(text) <= 65_535
}

/** keepalived's own default of a persistence_timeout without a value is six minutes. */
function secondsOf([statement]: readonly Statement[]): number {
  if (statement === undefined) return 0
  const text = statement.words[1] ?? "360"
  return /^\d{1,7}$/.test(text) ? Number(text) : 0
}

interface Around {
  readonly file: string
  /** What all servers of the virtual server have in common; null if they differ. */
  readonly weight: string | null
  readonly differences: Differences
}

function realServerIn({ words, line, block }: Statement, { file, weight, differences }: Around): OldRealServer | null {
  const [, address = "", port = ""] = words
  const inside = block ?? []
  const fault = !isSupported(address)
    ? "this release forwards to IPv4 addresses only"
    : (rangeFault(address) ?? (isPort(port) ? null : "it has no port"))
  if (fault !== null) {
    const place = { file, line, column: null }
    differences.missing({ place, was: words.join(" "), becomes: `no endpoint: ${fault}`, todo: "name another server" })
    return null
  }
  for (const one of inside) {
    const [keyword = "", value] = one.words
    if (keyword === "TCP_CHECK" || (keyword === "weight" && value === weight)) continue
    if (CHECKS.has(keyword)) reportCheck(file, one, differences)
    else reportLeftover(file, one, differences)
  }
  return { address, port: Number(port), isChecked: inside.some(({ words: [keyword = ""] }) => CHECKS.has(keyword)) }
}

const CHECKS = new Set(["TCP_CHECK", "HTTP_GET", "SSL_GET", "SMTP_CHECK", "DNS_CHECK", "MISC_CHECK", "UDP_CHECK"])

function reportCheck(file: string, { words, line }: Statement, differences: Differences): void {
  const [keyword = ""] = words
  const becomes = "--check=tcp, which opens a connection"
  const todo = "let pods serve it: their readiness probes decide"
  differences.missing({ place: { file, line, column: null }, was: keyword, becomes, todo }, `check ${keyword}`)
}
