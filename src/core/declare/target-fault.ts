import { familyOf } from "../address/ip.ts"
import { ADDRESS } from "../address/pattern.ts"
import { DNS_LABEL } from "../objects/schema.ts"

/** How a line names a Service. */
export const TARGET_FORM = "namespace/service[:NAT|:DR]"
const EXPECTED = `expected ${TARGET_FORM}`

/**
 * Says why a line of an entry does not name a Service. Names the mistake when it is a common one.
 *
 * @param line A line that does not have the form `namespace/service` before its first colon.
 */
export function targetFault(line: string): string {
  const mistake = MISTAKES.find(({ isIt }) => isIt.test(line))
  if (mistake !== undefined) return mistake.says(line)
  const service = line.split(":")[0] ?? ""
  const parts = service.split("/")
  if (familyOf(service.trim()) === "IPv4")
    return `it is an address, and the address of an entry is its key (${EXPECTED})`
  if (parts.length < 2) return `it has no slash (${EXPECTED})`
  if (parts.length > 2) return `it has more than one slash (${EXPECTED})`
  const bad = parts.find((part) => !DNS_LABEL.test(part)) ?? ""
  if (bad === "") return `a name is empty (${EXPECTED})`
  if (bad.length > 63) return `a name in it has ${bad.length} characters (expected at most 63)`
  return `${JSON.stringify(bad)} is not a valid Kubernetes name (expected lower-case letters, digits and "-")`
}

interface Mistake {
  readonly isIt: RegExp
  readonly says: (line: string) => string
}

/** `namespace/service`. */
const PAIR = "[a-z0-9-]+/[a-z0-9-]+"

/** The first match counts. */
const MISTAKES: readonly Mistake[] = [
  { isIt: /^[a-z][a-z0-9+.-]*:\/\//i, says: () => `it is a URL (${EXPECTED})` },
  { isIt: /\{\{|\}\}|\$[({]/, says: () => `it looks like a template; render it first (${EXPECTED})` },
  {
    isIt: /^-\s/,
    says: () => `it starts with "- ", like an item of a YAML list (expected ${TARGET_FORM} without "- ")`,
  },
  {
    isIt: new RegExp(String.raw`^${ADDRESS}\s*:`),
    says: () => `it is an entry inside an entry: the address is the key, before the first colon (${EXPECTED})`,
  },
  {
    isIt: new RegExp(`^${PAIR}(?::\\w+)?[\\s,;]+${PAIR}`),
    says: () =>
      'it names several Services on one line; write "|" after the key\'s colon, and each Service on a line of its own',
  },
  {
    isIt: new RegExp(`^${PAIR}\\s+(?:NAT|DR)$`, "i"),
    says: (line) => `a space separates the forwarding method (expected ${line.replace(/\s+/, ":")})`,
  },
  {
    isIt: new RegExp(`^${PAIR}(?:\\s+:\\s*|:\\s+)(?:NAT|DR)$`, "i"),
    says: (line) => `it has a space beside the colon (expected ${line.replaceAll(/\s+/g, "")})`,
  },
  {
    isIt: /^[a-z0-9-]+\.[a-z0-9-]+(?:\.svc(?:\.[a-z0-9.-]+)?)?(?::\w+)?$/,
    says: (line) => {
      const [name = "", namespace = ""] = line.split(/[.:]/)
      return `it is a DNS name (expected ${namespace}/${name})`
    },
  },
]
