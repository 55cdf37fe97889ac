import { readFileSync } from "node:fs"
import { join } from "node:path"

import { iptablesRule } from "../../../src/sidecar/capture/iptables-rule.ts"
import type { Rule } from "../../../src/sidecar/capture/rule.ts"
import type { ChainReader } from "../../../src/sidecar/capture/trace.ts"

/**
 * What real programs made of a node's rules, see recorded/README.md: kube-proxy 1.37 in its iptables mode (with either kind of
 * iptables) and in its nftables mode, and the portmap plugin 1.9 with either of its backends.
 */
export type Recording =
  "kube-proxy.iptables-nft" | "kube-proxy.iptables-legacy" | "kube-proxy.nft" | "portmap.iptables-nft" | "portmap.nft"

export function recorded(name: Recording): string {
  return readFileSync(join(import.meta.dirname, "recorded", name), "utf8")
}

/** The chains of a table in what `iptables-save` printed. Its rules look as `iptables -S` prints them. */
export function chainsIn(saved: string, table: "nat" | "filter"): ChainReader {
  const [, part = ""] = saved.split(`*${table}\n`)
  const chains = new Map<string, Rule[]>()
  for (const line of part.split("COMMIT")[0]?.split("\n") ?? []) {
    const rule = iptablesRule(line)
    const chain = /^-A (\S+)/.exec(line)?.[1]
    if (rule === null || chain === undefined) continue
    const others = chains.get(chain)
    if (others === undefined) chains.set(chain, [rule])
    else others.push(rule)
  }
  return (chain) => Promise.resolve(chains.get(chain) ?? [])
}
