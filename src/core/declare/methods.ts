import { quoted } from "../../kit/text/quoted.ts"
import type { ForwardingMethod } from "./declaration.ts"
import type { DeclareCode } from "./problem-codes.ts"

const METHODS: ReadonlySet<string> = new Set<ForwardingMethod>(["NAT", "DR"])
const LATER_METHODS: ReadonlySet<string> = new Set(["TUN", "PROXY"])

/** The forwarding method that a word means, in any case; null for any other word. */
export function methodOf(word: string): ForwardingMethod | null {
  const method = word.toUpperCase()
  return isForwardingMethod(method) ? method : null
}

/** Code and message for a method of a later release; null for any other word. */
export function laterMethodFault(word: string): [DeclareCode, string] | null {
  if (!LATER_METHODS.has(word.toUpperCase())) return null
  return ["METHOD_NOT_SUPPORTED", `Cannot forward with ${quoted(word)}: this release supports NAT and DR only`]
}

/** Code and message for a word that is not a forwarding method. */
export function notAMethod(word: string): [DeclareCode, string] {
  return [
    "BAD_FORWARDING_METHOD",
    `Cannot forward with ${quoted(word)}: it is not a forwarding method (expected NAT or DR)`,
  ]
}

function isForwardingMethod(text: string): text is ForwardingMethod {
  return METHODS.has(text)
}
