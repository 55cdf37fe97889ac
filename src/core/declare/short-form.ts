import type { Checked, Place, Problem } from "../../kit/problem.ts"
import { quoted } from "../../kit/text/quoted.ts"
import { type IpAddress, parseAddress } from "../address/ip.ts"
import type { DeclareCode } from "./problem-codes.ts"
import { type Declaration, type ForwardingMethod, type ServiceTarget, sourceText } from "./declaration.ts"
import type { RawEntry } from "./entries.ts"
import { type EntryLine, entryLines, namedService } from "./entry-lines.ts"
import { isSwapped, keyFault } from "./key-fault.ts"
import { targetFault } from "./target-fault.ts"

/**
 * Reads `10.4.0.50: default/echoheaders:NAT` and its other forms: without a method (NAT), with an empty value (VIP only),
 * with several lines (several Services; empty lines and comments are skipped), with a method in lower case.
 *
 * @returns what the entry declares; where it is broken, only the parts that can be read. Every broken part is a problem.
 */
export function parseShortForm(raw: RawEntry): Checked<Declaration, DeclareCode> {
  const { problems, report } = reporter(raw)
  const fault = keyFault(raw.key, raw.text)
  if (fault !== null) report("BAD_ADDRESS", `Cannot announce ${quoted(raw.key)}: ${fault}`)
  const services = isSwapped(raw.key, raw.text) ? [] : servicesOf(raw, report)
  const { id, source, place } = raw
  const addresses = addressesOf(raw)
  const path = pathIn(raw)
  return { value: { id, source, name: raw.key, path, place, addresses, group: null, services }, problems }
}

/** The addresses that an entry names, even if it is broken. */
export function addressesOf({ key }: RawEntry): readonly IpAddress[] {
  const address = parseAddress(key)
  return address === null ? [] : [address]
}

function servicesOf(raw: RawEntry, report: Report): readonly ServiceTarget[] {
  const lines = linesOf(raw.text)
  if (lines === null) {
    report("TOO_MANY_SERVICES", `Cannot forward ${quoted(raw.key)}: its value ${LIMITS_SHOWN}; use several VIPs`)
    return []
  }
  if (LONG_FORM.test(raw.text)) {
    report(
      "LONG_FORM_NOT_SUPPORTED",
      `Cannot read a mapping as the value of ${quoted(raw.key)}: this release reads the short form only (expected namespace/service[:NAT|:DR])`,
    )
    return []
  }
  return targetsOf(raw, lines, report)
}

function pathIn({ source, key }: RawEntry): readonly string[] {
  return [sourceText(source), "data", key]
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

function reporter(raw: RawEntry): { readonly problems: Problem<DeclareCode>[]; readonly report: Report } {
  const problems: Problem<DeclareCode>[] = []
  const report: Report = (code, message, at = raw.place) => {
    if (problems.length >= MOST_PROBLEMS) return
    problems.push({ code, severity: "error", path: pathIn(raw), place: at, message })
  }
  return { problems, report }
}

/** Spaces without line ends: with `\s`, the time would grow with the square of the number of blank lines. */
const LONG_FORM = /^[ \t]*(address|interface|prefixLength|prefer|preempt|group|services)[ \t]*:/m
const METHODS: ReadonlySet<string> = new Set<ForwardingMethod>(["NAT", "DR"])
const LATER_METHODS: ReadonlySet<string> = new Set(["TUN", "PROXY"])

type Report = (code: DeclareCode, message: string, place?: Place | null) => void

function parseTarget(
  line: string,
  report: (code: DeclareCode, message: string) => void,
): Omit<ServiceTarget, "place"> | null {
  const named = namedService(line)
  if (named === null) {
    report("BAD_TARGET", `Cannot read ${quoted(line)} as a Service: ${targetFault(line)}`)
    return null
  }
  const { namespace, name } = named
  const word = named.word ?? "NAT"
  const method = word.toUpperCase()
  if (isForwardingMethod(method)) return { namespace, name, forwardingMethod: method }
  if (LATER_METHODS.has(method))
    report("METHOD_NOT_SUPPORTED", `Cannot forward with ${quoted(word)}: this release supports NAT and DR only`)
  else report(...methodFault(line, `${namespace}/${name}`, word))
  return null
}

/** Text after the colon that a user means as a port. */
const PORT = /^(?:(?=[a-z-]{0,14}[0-9])[a-z0-9-]{1,15}|https?|dns)(?::(?:nat|dr))?$/i
const METHOD_BESIDE_BLANKS = /^\s*(?:nat|dr)\s*$/i

function methodFault(line: string, service: string, word: string): [DeclareCode, string] {
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
