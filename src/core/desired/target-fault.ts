import { isIPv4 } from "node:net"

const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const FORM = "namespace/service[:NAT|:DR]"
const EXPECTED = `expected ${FORM}`

/** Whether a text can be the name of a namespace or a Service. Source: RFC 1123, label. */
export function isLabel(text: string): boolean {
  return LABEL.test(text)
}

/**
 * Says why a line of an entry does not name a Service, by the mistake behind it where that is one that people make.
 *
 * @param line A line that does not read as `namespace/service` before its first colon.
 */
export function targetFault(line: string): string {
  const mistake = MISTAKES.find(({ isIt }) => isIt.test(line))
  if (mistake !== undefined) return mistake.says(line)
  const service = line.split(":")[0] ?? ""
  const parts = service.split("/")
  if (isIPv4(service.trim()))
    return `an address stands where the Service belongs: the key of the entry is its address (${EXPECTED})`
  if (parts.length < 2) return `there is no slash in it (${EXPECTED})`
  if (parts.length > 2) return `there is more than one slash in it (${EXPECTED})`
  const bad = parts.find((part) => !LABEL.test(part)) ?? ""
  if (bad === "") return `a name is empty (${EXPECTED})`
  if (bad.length > 63) return `a name in it has ${bad.length} characters (expected at most 63)`
  return `${JSON.stringify(bad)} is not a valid Kubernetes name (expected small letters, digits and "-")`
}

interface Mistake {
  readonly isIt: RegExp
  readonly says: (line: string) => string
}

/** Characters of a Service and its namespace, with the slash. */
const PAIR = "[a-z0-9-]+/[a-z0-9-]+"

/** The first that fits counts. */
const MISTAKES: readonly Mistake[] = [
  { isIt: /^[a-z][a-z0-9+.-]*:\/\//i, says: () => `it is a URL (${EXPECTED})` },
  { isIt: /\{\{|\}\}|\$[({]/, says: () => `it looks like a template; render it first (${EXPECTED})` },
  {
    isIt: /^-\s/,
    says: () => `it begins with "- ", as an item of a YAML list does (expected ${FORM} without "- ")`,
  },
  {
    isIt: /^\d+\.\d+\.\d+\.\d+\s*:/,
    says: () =>
      `it is an entry within an entry: the address is the key and stands before the first colon (${EXPECTED})`,
  },
  {
    isIt: new RegExp(`^${PAIR}(?::\\w+)?[\\s,;]+${PAIR}`),
    says: () =>
      'it names several Services on one line; write "|" after the key\'s colon, and each Service on a line of its own',
  },
  {
    isIt: new RegExp(`^${PAIR}\\s+(?:NAT|DR)$`, "i"),
    says: (line) => `a blank separates the forwarding method (expected ${line.replace(/\s+/, ":")})`,
  },
  {
    isIt: new RegExp(`^${PAIR}(?:\\s+:\\s*|:\\s+)(?:NAT|DR)$`, "i"),
    says: (line) => `a blank stands beside the colon (expected ${line.replaceAll(/\s+/g, "")})`,
  },
  {
    isIt: /^[a-z0-9-]+\.[a-z0-9-]+(?:\.svc(?:\.[a-z0-9.-]+)?)?(?::\w+)?$/,
    says: (line) => {
      const [name = "", namespace = ""] = line.split(/[.:]/)
      return `it is a DNS name (expected ${namespace}/${name})`
    },
  },
]
