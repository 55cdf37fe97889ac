import { readFile } from "node:fs/promises"
import { virtualServerKey } from "../../core/model/keepalived-model.ts"
import { runCommand } from "../../kit/process/run-command.ts"
import type { VirtualServerKey } from "../ports.ts"
import type { Capture } from "./capture.ts"
import { createIptablesChains, NoTables, PROGRAM_LIMITS, programFault } from "./iptables-chains.ts"
import { createMapReader, KUBE_PROXY_MAPS, KUBE_PROXY_TABLE, NODE_PORT_ADDRESSES } from "./kube-proxy-maps.ts"
import { nftChains } from "./nft-chains.ts"
import { captureOf, isKubeProxyService } from "./owner.ts"
import { traceFrom } from "./trace.ts"

/** Programs and files; each has the usual name unless a test sets another. */
export interface CaptureOptions {
  readonly nft?: string
  readonly iptablesNft?: string
  readonly iptablesLegacy?: string
  /** The kernel's list of legacy tables in use; /proc/net/ip_tables_names if absent. */
  readonly legacyTables?: string
}

/** A virtual server, and the interface on which its clients' packets arrive. */
export interface InwardServer extends VirtualServerKey {
  readonly inward: string
}

export interface CaptureQuestion {
  readonly servers: readonly InwardServer[]
  /** Stops the search; the promise is then rejected. */
  readonly signal: AbortSignal
}

export type FindCaptures = (question: CaptureQuestion) => Promise<readonly Capture[]>

/**
 * Looks for rules of this network namespace that take the packets of virtual servers before IPVS sees them: those of kube-proxy
 * in iptables and in nftables mode, those of pods with a hostPort, and every other iptables rule that changes a destination.
 * It checks both kinds of iptables, because the host may use another one than this container.
 *
 * @throws When a program is missing or fails: then the result is unknown.
 */
export function createFindCaptures(options: CaptureOptions = {}): FindCaptures {
  const nft = options.nft ?? "nft"
  return async (question) => {
    if (question.servers.length === 0) return []
    const found = [
      ...(await inIptables(options.iptablesNft ?? "iptables-nft", question)),
      ...((await hasLegacyTables(options.legacyTables ?? "/proc/net/ip_tables_names"))
        ? await inIptables(options.iptablesLegacy ?? "iptables-legacy", question)
        : []),
      ...(await inKubeProxyMaps(nft, question)),
      ...(await inHostPortTable(nft, question)),
    ]
    return eachOnce(found)
  }
}

/** A call of the legacy program loads its modules, so this asks the kernel first whether they are in use. */
async function hasLegacyTables(file: string): Promise<boolean> {
  try {
    return (await readFile(file, "utf8")).split("\n").includes("nat")
  } catch {
    // The file exists once the modules are loaded.
    return false
  }
}

async function inIptables(program: string, question: CaptureQuestion): Promise<readonly Capture[]> {
  const { servers } = question
  const natChain = createIptablesChains(program, "nat", question)
  const filterChain = createIptablesChains(program, "filter", question)
  const found: Capture[] = []
  const trace = async (begin: string, server: InwardServer, chainOf: typeof natChain) => {
    const taken = await traceFrom(begin, server, { chainOf, inward: server.inward, isTaker: isKubeProxyService })
    if (taken !== null) found.push(captureOf(keyOf(server), taken))
  }
  try {
    for (const server of servers) await trace("PREROUTING", server, natChain)
    const input = await filterChain("INPUT")
    const drops = input.some(({ verdict }) => verdict.kind === "jump" && verdict.chain === KUBE_PROXY_DROPS)
    if (drops) for (const server of servers) await trace(KUBE_PROXY_DROPS, server, filterChain)
  } catch (error) {
    if (!(error instanceof NoTables)) throw error
  }
  return found
}

/** The chain in which kube-proxy rejects packets for a Service without (local) endpoints. IPVS comes after this chain. */
const KUBE_PROXY_DROPS = "KUBE-EXTERNAL-SERVICES"

async function inKubeProxyMaps(nft: string, { servers, signal }: CaptureQuestion): Promise<readonly Capture[]> {
  const list = createLister(nft, signal)
  const lists = [
    ...KUBE_PROXY_MAPS.map((map) => `list map ${KUBE_PROXY_TABLE} ${map}`),
    `list set ${KUBE_PROXY_TABLE} ${NODE_PORT_ADDRESSES}`,
  ]
  const together = createMapReader(servers)
  if (await list(lists.join("; "), together.line)) return together.captures()
  // kube-proxy does not run in this mode, or lacks some of the maps.
  const single = createMapReader(servers)
  if (!(await list(lists[0] ?? "", single.line))) return []
  for (const one of lists.slice(1)) await list(one, single.line)
  return single.captures()
}

/** The portmap plugin's own tables. Source: containernetworking/plugins, plugins/meta/portmap/portmap_nftables.go. */
const HOST_PORT_TABLES = ["ip cni_hostport", "inet cni_hostport"]

async function inHostPortTable(nft: string, { servers, signal }: CaptureQuestion): Promise<readonly Capture[]> {
  const list = createLister(nft, signal)
  const found: Capture[] = []
  for (const table of HOST_PORT_TABLES) {
    const lines: string[] = []
    if (!(await list(`list table ${table}`, (line) => lines.push(line)))) continue
    const chains = nftChains(lines.join("\n"))
    const chainOf = (name: string) => Promise.resolve(chains.find((chain) => chain.name === name)?.rules ?? [])
    for (const { name } of chains.filter(({ isNatPrerouting }) => isNatPrerouting))
      for (const server of servers) {
        const taken = await traceFrom(name, server, { chainOf, inward: server.inward, isTaker: () => false })
        if (taken !== null) found.push(captureOf(keyOf(server), taken, "hostport"))
      }
  }
  return found
}

function keyOf({ address, port, protocol }: InwardServer): VirtualServerKey {
  return { address, port, protocol }
}

/** @returns a function that passes on nft's output, and returns false if the named object does not exist. */
function createLister(nft: string, signal: AbortSignal) {
  return async (command: string, line: (text: string) => void): Promise<boolean> => {
    const result = await runCommand(nft, [command], { ...PROGRAM_LIMITS, line, signal })
    if (result.truncated) throw new Error(`"nft ${command}" prints too much to look at`)
    if (result.status === 0) return true
    // A kernel without nf_tables does not have tables either.
    if (/no such file or directory|not supported|unable to initialize netlink socket/i.test(result.stderr)) return false
    throw programFault(`nft ${command}`, result)
  }
}

/** Keeps the first capture of each taker and virtual server, and prefers a drop over a forward. */
function eachOnce(found: readonly Capture[]): readonly Capture[] {
  const once = new Map<string, Capture>()
  for (const capture of found) {
    const key = `${virtualServerKey(capture.server)} ${capture.taker}`
    const before = once.get(key)
    if (before === undefined || (before.effect === "forwarded" && capture.effect === "dropped")) once.set(key, capture)
  }
  return [...once.values()]
}
