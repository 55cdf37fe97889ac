import type { Checked, Place } from "../../kit/problem.ts"
import { quoted } from "../../kit/text/quoted.ts"
import { parseAddress } from "../address/ip.ts"
import type { DeclareCode } from "./problem-codes.ts"
import type { Declaration, DeclaredAddress, ServiceTarget } from "./declaration.ts"
import type { RawEntry } from "./entries.ts"
import { type EntryLine, entryLines, namedService } from "./entry-lines.ts"
import { isSwapped, keyFault } from "./key-fault.ts"
import { laterMethodFault, methodOf, notAMethod } from "./methods.ts"
import { createReporter, LONGEST_VALUE, MOST_SERVICES, pathIn, type Report } from "./reporter.ts"
import { targetFault } from "./target-fault.ts"

/**
 * Reads `10.4.0.50: default/echoheaders:NAT` and its other forms: without a method (NAT), with an empty value (VIP only),
 * with several lines (several Services; empty lines and comments are skipped), with a method in lower case.
 *
 * @returns what the entry declares; where it is broken, only the parts that can be read. Every broken part is a problem.
 */
export function parseShortForm(raw: RawEntry): Checked<Declaration, DeclareCode> {
  const { problems, report } = createReporter(raw)
  const fault = keyFault(raw.key, raw.text)
  if (fault !== null) report("BAD_ADDRESS", `Cannot announce ${quoted(raw.key)}: ${fault}`)
  const services = isSwapped(raw.key, raw.text) ? [] : servicesOf(raw, report)
  const { id, source, place } = raw
  const addresses = addressesOf(raw)
  const path = pathIn(raw)
  return { value: { id, source, name: raw.key, path, place, addresses, group: null, services }, problems }
}

function addressesOf({ key, place }: RawEntry): readonly DeclaredAddress[] {
  const address = parseAddress(key)
  return address === null ? [] : [{ ...address, place }]
}

function servicesOf(raw: RawEntry, report: Report): readonly ServiceTarget[] {
  const lines = linesOf(raw.text)
  if (lines === null) {
    report("TOO_MANY_SERVICES", `Cannot forward ${quoted(raw.key)}: its value ${LIMITS_SHOWN}; use several VIPs`)
    return []
  }
  return targetsOf(raw, lines, report)
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
    targets.push({ ...target, ports: null, scheduler: null, persistence: null, place })
  }
  return targets
}

function placeOf({ place, firstLine }: RawEntry, { at, indent }: EntryLine): Place | null {
  if (firstLine?.line === undefined || firstLine.line === null) return place
  return { ...firstLine, line: firstLine.line + at, column: (firstLine.column ?? 1) + indent }
}

const LIMITS_SHOWN = `has more than ${MOST_SERVICES} lines or ${LONGEST_VALUE} characters`

/** Null when there are too many lines or characters. */
function linesOf(text: string): readonly EntryLine[] | null {
  if (text.length > LONGEST_VALUE) return null
  const lines = entryLines(text)
  return lines.length > MOST_SERVICES ? null : lines
}

function parseTarget(
  line: string,
  report: (code: DeclareCode, message: string) => void,
): Pick<ServiceTarget, "namespace" | "name" | "forwardingMethod"> | null {
  const named = namedService(line)
  if (named === null) {
    report("BAD_TARGET", `Cannot read ${quoted(line)} as a Service: ${targetFault(line)}`)
    return null
  }
  const { namespace, name } = named
  const word = named.word ?? "NAT"
  const forwardingMethod = methodOf(word)
  if (forwardingMethod !== null) return { namespace, name, forwardingMethod }
  report(...(laterMethodFault(word) ?? methodFault(line, `${namespace}/${name}`, word)))
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
  return notAMethod(word)
}
