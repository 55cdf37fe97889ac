import { ADDRESS, HOST_PREFIX } from "../../core/address/pattern.ts"
import { type CommandResult, runCommand } from "../../kit/process/run-command.ts"
import type { VirtualServerKey } from "../ports.ts"
import { iptablesRule } from "./iptables-rule.ts"
import type { Rule } from "./rule.ts"

/** Limits of the time and output of one program. */
export const PROGRAM_LIMITS = { timeoutMs: 20_000, maximumOutputBytes: 32 * 1024 * 1024 }
/** Seconds to wait for another program that holds the lock of the legacy tables. */
const LOCK_SECONDS = "5"
/** Maximum rules of a chain that may concern one of our virtual servers. */
const MAXIMUM_RULES = 20_000

/** Thrown if the kernel does not have such tables, so that none of their rules can take a packet. */
export class NoTables extends Error {}

/**
 * Lists the chains of a table on demand, each once: the tables of a node may have 50,000 rules, of which
 * a packet meets a few chains. Rules for other addresses are dropped while they are read.
 *
 * @returns a function that returns the rules of a chain; empty if the table does not have it.
 */
export function createIptablesChains(
  program: string,
  table: "nat" | "filter",
  { servers, signal }: { readonly servers: readonly VirtualServerKey[]; readonly signal: AbortSignal },
): (chain: string) => Promise<readonly Rule[]> {
  const concerns = createFilter(servers)
  const lists = new Map<string, Promise<readonly Rule[]>>()
  return (chain) => {
    const known = lists.get(chain) ?? listOf({ program, table, chain, signal }, concerns)
    lists.set(chain, known)
    return known
  }
}

interface Asked {
  readonly program: string
  readonly table: string
  readonly chain: string
  readonly signal: AbortSignal
}

async function listOf(
  { program, table, chain, signal }: Asked,
  concerns: (line: string) => boolean,
): Promise<readonly Rule[]> {
  const rules: Rule[] = []
  let hasTooMany = false
  const line = (text: string) => {
    if (hasTooMany || !concerns(text)) return
    const rule = iptablesRule(text)
    if (rule !== null) rules.push(rule)
    hasTooMany = rules.length > MAXIMUM_RULES
  }
  const words = ["-w", LOCK_SECONDS, "-t", table, "-S", chain]
  const result = await runCommand(program, words, { ...PROGRAM_LIMITS, line, signal })
  if (result.truncated || hasTooMany) throw new Error(`chain ${chain} of the ${table} table is too long to look at`)
  if (result.status === 0) return rules
  const said = result.stderr.trim().split("\n")[0] ?? ""
  if (/no chain\/target\/match|chain .* (?:is incompatible|does not exist)/i.test(said) && !BUILT_IN.has(chain))
    return []
  if (/generation id|not supported|can't initialize iptables table/i.test(said)) throw new NoTables(said)
  throw programFault(`${program} -t ${table} -S ${chain}`, result)
}

/** The error of a program that failed. */
export function programFault(command: string, { stderr, status, signal, timedOut }: CommandResult): Error {
  const said = stderr.trim().split("\n")[0] ?? ""
  const ending = timedOut ? `gave no answer in ${PROGRAM_LIMITS.timeoutMs / 1000} s` : `ended with ${status ?? signal}`
  return new Error(`"${command}" ${ending}${said === "" ? "" : `: ${said}`}`)
}

const BUILT_IN: ReadonlySet<string> = new Set(["PREROUTING", "INPUT"])

/** A quick check of what nearly all rules of a large table have: a single address, which is not ours. */
function createFilter(servers: readonly VirtualServerKey[]): (line: string) => boolean {
  const addresses = new Set(servers.map(({ address }) => address))
  return (line) => {
    const [, address] = ONE_DESTINATION.exec(line) ?? []
    return address === undefined || addresses.has(address)
  }
}

/** The destination is the first option, or follows a source. */
const ONE_DESTINATION = new RegExp(String.raw`^-A \S+ (?:(?:! )?-s \S+ )?-d (${ADDRESS})${HOST_PREFIX} `)
