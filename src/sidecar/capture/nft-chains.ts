import { parseNetwork } from "../../core/address/network.ts"
import { emptyRule, portRangeOf, type Rule, type RuleDraft, type Verdict } from "./rule.ts"

/** A chain as nft prints it. */
export interface NftChain {
  readonly name: string
  /** True if the kernel sends incoming packets through it to change their destination. */
  readonly isNatPrerouting: boolean
  readonly rules: readonly Rule[]
}

/**
 * Reads the chains that `nft list table` prints. A rule with a condition that is not understood is never
 * reported to take a packet.
 *
 * Source: nft(8).
 */
export function nftChains(text: string): readonly NftChain[] {
  const chains: NftChain[] = []
  let name: string | null = null
  let isNatPrerouting = false
  let rules: Rule[] = []
  for (const line of text.split("\n")) {
    const opened = /^\s*chain (\S+) \{$/.exec(line)?.[1]
    if (opened !== undefined) {
      ;[name, isNatPrerouting, rules] = [opened, false, []]
      continue
    }
    if (name === null) continue
    const words = wordsOf(line)
    if (words[0] === "}") {
      chains.push({ name, isNatPrerouting, rules })
      name = null
    } else if (words[0] === "type") isNatPrerouting = /^\s*type nat hook prerouting /.test(line)
    else if (words.length > 0) rules.push(ruleOf(line, words))
  }
  return chains
}

/** A set in braces is one word. */
function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/"[^"]*"|\{[^}]*\}?|[^\s{]+/g)].map(([word]) => word)
}

function ruleOf(line: string, words: readonly string[]): Rule {
  const rule = emptyRule(line.trim())
  for (let at = 0; at < words.length;) at += Math.max(1, take(rule, words.slice(at)))
  return rule
}

/** @returns the number of words in the statement at the beginning. */
function take(rule: RuleDraft, words: readonly string[]): number {
  const [first = "", second = "", third = "", fourth = ""] = words
  const not = third === "!="
  const length = not ? 4 : 3
  const value = not ? fourth : third
  switch (`${first} ${second}`) {
    case "ip daddr":
      takeDestination(rule, value, not)
      return length
    case "ip protocol":
    case "meta l4proto":
      if (not) rule.unknown = true
      else rule.protocols = itemsOf(value)
      return length
    case "tcp dport":
    case "udp dport":
      rule.protocols = [first]
      takePorts(rule, value, not)
      return length
    case "th dport":
      takePorts(rule, value, not)
      return length
    case "fib daddr":
      if (third !== "type" || fourth !== "local") rule.unknown = true
      return 4
    case "ip saddr":
    case "tcp sport":
    case "udp sport":
      rule.partial = true
      return length
    case "ct state":
      if (itemsOf(value).includes("new") === not) rule.unknown = true
      return length
    default:
      return takeWord(rule, words)
  }
}

function takeWord(rule: RuleDraft, words: readonly string[]): number {
  const [first = "", second = "", third = ""] = words
  const end = (verdict: Verdict, length: number) => {
    rule.verdict = verdict
    return length
  }
  switch (first) {
    case "jump":
    case "goto":
      return end({ kind: first, chain: second }, 2)
    case "accept":
    case "drop":
    case "return":
      return end({ kind: first }, 1)
    case "reject":
      return end({ kind: "drop" }, words.length)
    case "dnat":
      return end(...dnat(words))
    case "redirect":
      return end({ kind: "take", to: second === "to" ? third : null }, second === "to" ? 3 : 1)
    case "iifname":
    case "iif":
      rule.interfaces = [...rule.interfaces, { name: unquoted(second === "!=" ? third : second), not: second === "!=" }]
      return second === "!=" ? 3 : 2
    case "counter":
      return second === "packets" ? 5 : 1
    case "comment":
      rule.comment = unquoted(second)
      return 2
    default:
      rule.unknown = true
      return 1
  }
}

function dnat(words: readonly string[]): [verdict: Verdict, length: number] {
  const to = words.indexOf("to")
  return to === -1 ? [{ kind: "take", to: null }, 1] : [{ kind: "take", to: words[to + 1] ?? null }, to + 2]
}

function takeDestination(rule: RuleDraft, value: string, not: boolean): void {
  const items = itemsOf(value).map(parseNetwork)
  const networks = items.filter((network) => network !== null)
  if (networks.length < items.length) rule.unknown = true
  else rule.destinations = [...rule.destinations, { networks, not }]
}

function takePorts(rule: RuleDraft, value: string, not: boolean): void {
  const items = itemsOf(value).map(portRangeOf)
  const ports = items.filter((range) => range !== null)
  if (not || ports.length < items.length) rule.unknown = true
  else rule.ports = ports
}

function itemsOf(value: string): readonly string[] {
  return value
    .replaceAll(/[{}]/g, "")
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "")
}

function unquoted(text: string): string {
  return text.replaceAll('"', "")
}
