import { parseNetwork } from "../../core/address/network.ts"
import { emptyRule, portRangeOf, type Rule, type RuleDraft, type Verdict } from "./rule.ts"

/**
 * Reads a line of `iptables -S`.
 *
 * @returns null for a line that is not a rule (`-P`, `-N`, a comment).
 *
 * Source: iptables(8), iptables-extensions(8).
 */
export function iptablesRule(line: string): Rule | null {
  if (!line.startsWith("-A ")) return null
  const words = wordsOf(line)
  const rule = emptyRule(line)
  let not = false
  // The first two are `-A CHAIN`.
  for (let at = 2; at < words.length; at += 1) {
    const word = words[at] ?? ""
    if (word === "!") {
      not = true
      continue
    }
    const value = words[at + 1] ?? ""
    if (word === "-j" || word === "-g") {
      rule.verdict = verdictOf(word, value, words.slice(at + 2))
      return rule
    }
    at += take(rule, { word, value, not })
    not = false
  }
  return rule
}

interface Option {
  readonly word: string
  readonly value: string
  readonly not: boolean
}

/** @returns the number of words used beside the option itself. */
function take(rule: RuleDraft, option: Option): number {
  const { word, value, not } = option
  switch (word) {
    case "-m":
    case "--nfacct-name":
      return 1
    case "--comment":
      rule.comment = value
      return 1
    case "-d":
      takeDestination(rule, option)
      return 1
    case "-p":
      if (not) rule.unknown = true
      else if (value !== "all") rule.protocols = [value]
      return 1
    case "--dport":
    case "--dports":
      takePorts(rule, option)
      return 1
    case "-i":
      rule.interfaces = [...rule.interfaces, { name: value, not }]
      return 1
    case "--dst-type":
      // A served VIP is an address of this machine.
      if (not || value !== "LOCAL") rule.unknown = true
      return 1
    case "--ctstate":
    case "--state":
      if (value.split(",").includes("NEW") === not) rule.unknown = true
      return 1
    default:
      if (PARTIAL.has(word)) rule.partial = true
      else rule.unknown = true
      return value.startsWith("-") || value === "!" ? 0 : 1
  }
}

/** Options that some packets match and others do not. */
const PARTIAL: ReadonlySet<string> = new Set([
  ...["-s", "--sport", "--sports", "--src-type", "--src-range", "--mode", "--probability", "--every", "--packet"],
  ...["--limit", "--limit-burst", "--hashlimit-upto", "--hashlimit-above", "--mac-source", "--connlimit-above"],
])

function takeDestination(rule: RuleDraft, { value, not }: Option): void {
  const network = parseNetwork(value)
  if (network === null) rule.unknown = true
  else rule.destinations = [...rule.destinations, { networks: [network], not }]
}

function takePorts(rule: RuleDraft, { value, not }: Option): void {
  const ranges = value.split(",").map(portRangeOf)
  const known = ranges.filter((range) => range !== null)
  if (not || known.length < ranges.length) rule.unknown = true
  else rule.ports = known
}

function verdictOf(word: string, target: string, rest: readonly string[]): Verdict {
  if (word === "-g") return { kind: "goto", chain: target }
  switch (target) {
    case "DNAT":
    case "REDIRECT":
    case "NETMAP":
    case "TPROXY":
      return { kind: "take", to: rest[0]?.startsWith("--to") === true ? (rest[1] ?? null) : null }
    case "DROP":
    case "REJECT":
      return { kind: "drop" }
    case "ACCEPT":
      return { kind: "accept" }
    case "RETURN":
      return { kind: "return" }
    default:
      return HARMLESS.has(target) ? { kind: "none" } : { kind: "jump", chain: target }
  }
}

/** Targets that let a packet continue, or do not concern its destination. */
const HARMLESS: ReadonlySet<string> = new Set([
  ...[
    "AUDIT",
    "CHECKSUM",
    "CLASSIFY",
    "CONNMARK",
    "CONNSECMARK",
    "CT",
    "DSCP",
    "ECN",
    "HMARK",
    "IDLETIMER",
    "LED",
    "LOG",
  ],
  ...["MARK", "MASQUERADE", "NFLOG", "NOTRACK", "RATEEST", "SECMARK", "SET", "SNAT", "TCPMSS", "TOS", "TRACE", "TTL"],
])

/** Splits like a shell: words in double quotes may contain spaces, and a backslash before a quote. */
function wordsOf(line: string): readonly string[] {
  const words: string[] = []
  for (const [, inQuotes, bare] of line.matchAll(/"((?:[^"\\]|\\.)*)"|([^\s"]+)/g))
    words.push(bare ?? (inQuotes ?? "").replaceAll(/\\(.)/g, "$1"))
  return words
}
