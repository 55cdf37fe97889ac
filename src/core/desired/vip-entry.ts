import type { Checked, Place, Problem } from "../../kit/problem.ts"
import { visible } from "../../kit/text/escape-hidden.ts"
import type { DesiredCode } from "./problem-codes.ts"
import { type EntryLine, entryLines } from "./entry-lines.ts"
import { isSwapped, keyFault } from "./key-fault.ts"
import { isLabel, targetFault } from "./target-fault.ts"

/**
 * How IPVS forwards a packet to a real server. NAT rewrites addresses and may change the port. DR (direct routing) forwards
 * the packet unchanged, so the port stays the same and the pod must own the VIP.
 *
 * Source: ipvsadm(8), PACKET-FORWARDING-METHODS.
 */
export type ForwardingMethod = "NAT" | "DR"

/** One line of an entry: a Service, and how to reach its pods. */
export interface ServiceTarget {
  readonly namespace: string
  readonly name: string
  readonly forwardingMethod: ForwardingMethod
  /** Its own line in a block of lines; otherwise the entry. */
  readonly place: Place | null
}

/** One entry of the VIP ConfigMap, parsed. Without targets the VIP is announced and forwards nothing. */
export interface VipEntry {
  /** The ConfigMap's key. */
  readonly key: string
  readonly address: string
  readonly targets: readonly ServiceTarget[]
}

/** An entry as written in the ConfigMap. */
export interface RawEntry {
  readonly key: string
  readonly text: string
  readonly place: Place | null
  /** Place of the first line of the value when the value is a block of lines (`|`); otherwise absent. */
  readonly firstLine?: Place | undefined
}

/**
 * Reads `10.4.0.50: default/echoheaders:NAT` and its other forms: without a method (NAT), with an empty value (VIP only),
 * with several lines (several Services; empty lines and comments are skipped), with a method in lower case.
 *
 * @returns the entry, or null when any part of it is broken; every broken part is a problem.
 */
export function parseVipEntry(raw: RawEntry): Checked<VipEntry | null, DesiredCode> {
  const { problems, report } = reporter(raw)
  const fault = keyFault(raw.key, raw.text)
  if (fault !== null) report("BAD_ADDRESS", `Cannot announce ${quoted(raw.key)}: ${fault}`)
  if (isSwapped(raw.key, raw.text)) return { value: null, problems }
  const lines = linesOf(raw.text)
  if (lines === null) {
    report("TOO_MANY_SERVICES", `Cannot forward ${quoted(raw.key)}: its value ${LIMITS_SHOWN}; use several VIPs`)
    return { value: null, problems }
  }
  if (LONG_FORM.test(raw.text)) {
    report(
      "LONG_FORM_NOT_SUPPORTED",
      `Cannot read a mapping as the value of ${quoted(raw.key)}: this release reads the short form only (expected namespace/service[:NAT|:DR])`,
    )
    return { value: null, problems }
  }
  const targets = targetsOf(raw, lines, report)
  return { value: problems.length === 0 ? { key: raw.key, address: raw.key, targets } : null, problems }
}

function targetsOf(raw: RawEntry, lines: readonly EntryLine[], report: Report): readonly ServiceTarget[] {
  const targets: ServiceTarget[] = []
  const named = new Set<string>()
  for (const line of lines) {
    const place = placeOf(raw, line)
    const target = parseTarget(line.text, (code, message) => report(code, message, place))
    if (target === null) continue
    const name = `${target.namespace}/${target.name}`
    if (named.has(name))
      report(
        "SERVICE_NAMED_TWICE",
        `Cannot forward ${quoted(raw.key)} to "${name}" twice: name it on one line only`,
        place,
      )
    named.add(name)
    targets.push({ ...target, place })
  }
  return targets
}

function placeOf({ place, firstLine }: RawEntry, { at, indent }: EntryLine): Place | null {
  if (firstLine?.line === undefined || firstLine.line === null) return place
  return { ...firstLine, line: firstLine.line + at, column: (firstLine.column ?? 1) + indent }
}

/** Maximum Services of one entry, and maximum characters of its value. A ConfigMap has room for a million lines. */
const MOST_SERVICES = 1_000
const LONGEST_VALUE = 256 * 1024
const LIMITS_SHOWN = `has more than ${MOST_SERVICES} lines or ${LONGEST_VALUE} characters`

/** Null when there are too many lines or characters. */
function linesOf(text: string): readonly EntryLine[] | null {
  if (text.length > LONGEST_VALUE) return null
  const lines = entryLines(text)
  return lines.length > MOST_SERVICES ? null : lines
}

/** Maximum problems shown of one entry; the others appear once these are corrected. */
const MOST_PROBLEMS = 20

function reporter({ key, place }: RawEntry): { readonly problems: Problem<DesiredCode>[]; readonly report: Report } {
  const problems: Problem<DesiredCode>[] = []
  const report: Report = (code, message, at = place) => {
    if (problems.length >= MOST_PROBLEMS) return
    problems.push({ code, severity: "error", path: ["data", key], place: at, message })
  }
  return { problems, report }
}

/** A text as a JSON string, cut to `MAX_QUOTED` characters, with hidden characters escaped. */
export function quoted(text: string): string {
  return visible(JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}...` : text))
}

const MAX_QUOTED = 80
/** Blanks without line ends: with `\s`, the time would grow with the square of the number of blank lines. */
const LONG_FORM = /^[ \t]*(address|interface|prefixLength|prefer|preempt|group|services)[ \t]*:/m
const METHODS: ReadonlySet<string> = new Set<ForwardingMethod>(["NAT", "DR"])
const LATER_METHODS: ReadonlySet<string> = new Set(["TUN", "PROXY"])

type Report = (code: DesiredCode, message: string, place?: Place | null) => void

function parseTarget(
  line: string,
  report: (code: DesiredCode, message: string) => void,
): Omit<ServiceTarget, "place"> | null {
  const colon = line.indexOf(":")
  const service = colon === -1 ? line : line.slice(0, colon)
  const word = colon === -1 ? "NAT" : line.slice(colon + 1)
  const parts = service.split("/")
  const [namespace = "", name = ""] = parts
  if (parts.length !== 2 || !isLabel(namespace) || !isLabel(name)) {
    report("BAD_TARGET", `Cannot read ${quoted(line)} as a Service: ${targetFault(line)}`)
    return null
  }
  const method = word.toUpperCase()
  if (isForwardingMethod(method)) return { namespace, name, forwardingMethod: method }
  if (LATER_METHODS.has(method))
    report("METHOD_NOT_SUPPORTED", `Cannot forward with ${quoted(word)}: this release supports NAT and DR only`)
  else report(...methodFault(line, service, word))
  return null
}

/** Text after the colon that a user means as a port. */
const PORT = /^(?:(?=[a-z-]{0,14}[0-9])[a-z0-9-]{1,15}|https?|dns)(?::(?:nat|dr))?$/i
const METHOD_BESIDE_BLANKS = /^\s*(?:nat|dr)\s*$/i

function methodFault(line: string, service: string, word: string): [DesiredCode, string] {
  if (METHOD_BESIDE_BLANKS.test(word))
    return ["BAD_TARGET", `Cannot read ${quoted(line)} as a Service: ${targetFault(line)}`]
  if (/\s|,|;/.test(word.trim()) && word.includes("/"))
    return ["BAD_TARGET", `Cannot read ${quoted(line)} as a Service: ${targetFault(line)}`]
  if (PORT.test(word))
    return [
      "BAD_FORWARDING_METHOD",
      `Cannot read ${quoted(`:${word}`)}: only NAT or DR can follow the colon, not a port; a VIP has all ports of its Service (expected ${service})`,
    ]
  return [
    "BAD_FORWARDING_METHOD",
    `Cannot forward with ${quoted(word)}: it is not a forwarding method (expected NAT or DR)`,
  ]
}

function isForwardingMethod(text: string): text is ForwardingMethod {
  return METHODS.has(text)
}
