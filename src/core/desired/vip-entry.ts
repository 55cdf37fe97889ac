import type { Checked, Place, Problem } from "../../kit/problem.ts"
import { visible } from "../../kit/visible.ts"
import { vipFault } from "./address.ts"
import type { DesiredCode } from "./codes.ts"

/**
 * How IPVS hands a packet to a real server. NAT rewrites addresses and may change the port; DR (direct routing) hands the
 * packet on untouched, so the port stays and the pod must own the VIP.
 *
 * Source: ipvsadm(8), PACKET-FORWARDING-METHODS.
 */
export type ForwardingMethod = "NAT" | "DR"

/** One line of an entry: a Service, and how to reach its pods. */
export interface ServiceTarget {
  readonly namespace: string
  readonly name: string
  readonly forwardingMethod: ForwardingMethod
}

/** One entry of the VIP ConfigMap, parsed. No targets: the VIP is announced and nothing is forwarded. */
export interface VipEntry {
  /** The ConfigMap's key. */
  readonly key: string
  readonly address: string
  readonly targets: readonly ServiceTarget[]
}

/** An entry as it stands in the ConfigMap. */
export interface RawEntry {
  readonly key: string
  readonly text: string
  readonly place: Place | null
}

/**
 * Reads `10.4.0.50: default/echoheaders:NAT` and its relatives: without a method (NAT), with an empty value (VIP only),
 * with several lines (several Services; blank lines are allowed).
 *
 * @returns the entry, or null when any part of it is broken; every broken part is a problem.
 */
export function parseVipEntry(raw: RawEntry): Checked<VipEntry | null, DesiredCode> {
  const { problems, report } = reporter(raw)
  const fault = vipFault(raw.key)
  if (fault !== null) report("BAD_ADDRESS", `Cannot announce ${quoted(raw.key)}: ${fault}`)
  const targets: ServiceTarget[] = []
  const lines = linesOf(raw.text)
  if (lines === null) {
    report("TOO_MANY_SERVICES", `Cannot forward ${quoted(raw.key)}: its value ${LIMITS_SHOWN}; use several VIPs`)
    return { value: null, problems }
  }
  if (LONG_FORM.test(raw.text)) {
    report(
      "LONG_FORM_NOT_SUPPORTED",
      `Cannot read a mapping as the value of ${quoted(raw.key)}: write namespace/service[:NAT|:DR]`,
    )
    return { value: null, problems }
  }
  const named = new Set<string>()
  for (const line of lines) {
    const target = parseTarget(line, report)
    if (target === null) continue
    const name = `${target.namespace}/${target.name}`
    if (named.has(name))
      report(
        "SERVICE_NAMED_TWICE",
        `Cannot forward ${quoted(raw.key)} to "${target.namespace}/${target.name}" twice: name it on one line only`,
      )
    named.add(name)
    targets.push(target)
  }
  return { value: problems.length === 0 ? { key: raw.key, address: raw.key, targets } : null, problems }
}

/** Most Services of one entry, and most characters of its value. A ConfigMap has room for a million lines. */
const MOST_SERVICES = 1_000
const LONGEST_VALUE = 256 * 1024
const LIMITS_SHOWN = `has more than ${MOST_SERVICES} lines or ${LONGEST_VALUE} characters`

/** The lines that say something, without the blanks around them; null where there are too many. */
function linesOf(text: string): readonly string[] | null {
  if (text.length > LONGEST_VALUE) return null
  const lines = text.split("\n").flatMap((line) => (line.trim() === "" ? [] : line.trim()))
  return lines.length > MOST_SERVICES ? null : lines
}

/** Who mends so many sees the others. */
const MOST_PROBLEMS = 20

function reporter({ key, place }: RawEntry): { readonly problems: Problem<DesiredCode>[]; readonly report: Report } {
  const problems: Problem<DesiredCode>[] = []
  const report: Report = (code, message) => {
    if (problems.length < MOST_PROBLEMS) problems.push({ code, severity: "error", path: ["data", key], place, message })
  }
  return { problems, report }
}

/** A text in double quotes as JSON writes it, cut to a length that a log line bears, with nothing hidden in it. */
export function quoted(text: string): string {
  return visible(JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}...` : text))
}

const MAX_QUOTED = 80
/** Blanks, and no line ends: over these each line of blanks would be looked at once for each line before it. */
const LONG_FORM = /^[ \t]*(address|interface|prefixLength|prefer|preempt|group|services)[ \t]*:/m
const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const METHODS: ReadonlySet<string> = new Set<ForwardingMethod>(["NAT", "DR"])
const LATER_METHODS: ReadonlySet<string> = new Set(["TUN", "PROXY"])

type Report = (code: DesiredCode, message: string) => void

function parseTarget(line: string, report: Report): ServiceTarget | null {
  const colon = line.indexOf(":")
  const service = colon === -1 ? line : line.slice(0, colon)
  const method = colon === -1 ? "NAT" : line.slice(colon + 1)
  const parts = service.split("/")
  const [namespace = "", name = ""] = parts
  if (parts.length !== 2 || !LABEL.test(namespace) || !LABEL.test(name)) {
    report(
      "BAD_TARGET",
      `Cannot read ${quoted(line)} as a Service: ${targetFault(parts)}, wanted namespace/service[:NAT|:DR]`,
    )
    return null
  }
  if (isForwardingMethod(method)) return { namespace, name, forwardingMethod: method }
  if (LATER_METHODS.has(method))
    report("METHOD_NOT_SUPPORTED", `Cannot forward with ${quoted(method)}: this release knows NAT and DR`)
  else report("BAD_FORWARDING_METHOD", `Cannot forward with ${quoted(method)}: wanted NAT or DR, in capitals`)
  return null
}

function isForwardingMethod(text: string): text is ForwardingMethod {
  return METHODS.has(text)
}

function targetFault(parts: readonly string[]): string {
  if (parts.length < 2) return "there is no slash in it"
  if (parts.length > 2) return "there is more than one slash in it"
  const bad = parts.find((part) => !LABEL.test(part)) ?? ""
  if (bad === "") return "a name is empty"
  if (bad.length > 63) return `a name in it has ${bad.length} characters, at most 63 are possible`
  return `${quoted(bad)} is no Kubernetes name (small letters, digits and "-")`
}
