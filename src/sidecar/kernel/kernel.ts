import { existsSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { asHost } from "../../core/address/network.ts"
import { runCommand } from "../../kit/process/run-command.ts"
import type { Connections, Kernel, KernelRealServer, Scheduling, VirtualServerKey } from "../ports.ts"
import { addressesOf, allAddresses } from "./addresses.ts"
import { parseConnections } from "./connections.ts"
import { forgetFlows } from "./conntrack.ts"
import { hasVirtualServers, readIpVsTable } from "./ip-vs.ts"
import { createTableReader } from "./ipvsadm.ts"
import { createMasqueradeChain, type IptablesPrograms } from "./iptables.ts"
import { programFault } from "./program-fault.ts"

/** Programs and files of the kernel; each has the usual name unless a test brings its own. */
export interface KernelOptions extends Partial<IptablesPrograms> {
  readonly ip?: string
  readonly ipvsadm?: string
  readonly conntrack?: string
  /** The kernel's IPVS table; /proc/net/ip_vs if absent. */
  readonly ipVsTable?: string
  /** The kernel's list of interfaces; /proc/net/dev if absent. */
  readonly interfaces?: string
}

/** 5,000 virtual servers with 60 real servers each are 14 MB. */
const TABLE_LIMITS = { timeoutMs: 30_000, maximumOutputBytes: 64 * 1024 * 1024 }
const LIMITS = { timeoutMs: 10_000, maximumOutputBytes: 4 * 1024 * 1024 }

/** The kernel's tables of this network namespace. */
export function createKernel(options: KernelOptions = {}): Kernel {
  const ip = options.ip ?? "ip"
  const ipvsadm = options.ipvsadm ?? "ipvsadm"
  const iptables = options.iptables ?? "iptables"
  const iptablesRestore = options.iptablesRestore ?? "iptables-restore"
  const table = options.ipVsTable ?? "/proc/net/ip_vs"
  const readTable = createTableReader(() => savedTable(ipvsadm))
  const ipVs = (command: IpVsCommand, words: readonly string[]) => changeIpVs(ipvsadm, command, words)
  return {
    addresses: (name) => addressesOf(ip, name),
    allAddresses: () => allAddresses(ip),
    hasInterface: (name) => hasInterface(options.interfaces ?? "/proc/net/dev", name),
    glance: () => readIpVsTable(table),
    hasVirtualServers: () => hasVirtualServers(table),
    virtualServers: async () => (existsSync(table) ? readTable() : null),
    connections: async () => (existsSync(table) ? connectionsIn(ipvsadm) : null),
    removeAddress: (name, address) => removeAddress(ip, name, address),
    removeVirtualServer: (key) => ipVs("-D", serverWords(key)),
    removeRealServer: (key, real) => ipVs("-d", [...serverWords(key), "-r", `${bracketed(real.address)}:${real.port}`]),
    addVirtualServer: (key, as) => ipVs("-A", [...serverWords(key), ...schedulingWords(as)]),
    setVirtualServer: (key, to) => ipVs("-E", [...serverWords(key), ...schedulingWords(to)]),
    addRealServer: (key, real) => ipVs("-a", [...serverWords(key), ...realServerWords(real)]),
    setRealServer: (key, to) => ipVs("-e", [...serverWords(key), ...realServerWords(to)]),
    ...createMasqueradeChain({ ...options, iptables, iptablesRestore }),
    forgetFlows: (key) => forgetFlows(options.conntrack ?? "conntrack", key),
  }
}

function savedTable(ipvsadm: string): Promise<string> {
  return tableText(ipvsadm, ["-Sn"])
}

async function connectionsIn(ipvsadm: string): Promise<ReadonlyMap<string, Connections>> {
  const counts = await tableText(ipvsadm, ["-Ln", "--exact"])
  return parseConnections(counts, await tableText(ipvsadm, ["-Ln", "--rate", "--exact"]))
}

async function tableText(ipvsadm: string, words: readonly string[]): Promise<string> {
  const result = await runCommand(ipvsadm, words, TABLE_LIMITS)
  if (result.status === 0 && !result.truncated) return result.stdout
  throw programFault("Cannot read the IPVS table", ipvsadm, result)
}

/** `networkInterfaces()` does not tell of those that are down. */
async function hasInterface(file: string, name: string): Promise<boolean> {
  const lines = (await readFile(file, "utf8")).split("\n")
  return lines.some((line) => line.trimStart().startsWith(`${name}:`))
}

async function removeAddress(ip: string, name: string, address: string): Promise<void> {
  // Always the address alone, as we had it rendered: an equal address with another prefix is the node's own.
  const result = await runCommand(ip, ["address", "delete", asHost(address), "dev", name], LIMITS)
  if (result.status === 0 || /Cannot assign requested address|Address not found|Cannot find device/.test(result.stderr))
    return
  throw programFault(`Cannot remove ${address} from "${name}"`, ip, result)
}

/** Source: ipvsadm(8). */
type IpVsCommand = "-A" | "-E" | "-D" | "-a" | "-e" | "-d"

/** A change that another program makes meanwhile shows in the next comparison. */
async function changeIpVs(ipvsadm: string, command: IpVsCommand, words: readonly string[]): Promise<void> {
  const result = await runCommand(ipvsadm, [command, ...words], LIMITS)
  if (result.status === 0 || GONE.test(result.stderr)) return
  const server = words.slice(1).join(" ")
  const what = command === "-D" || command === "-d" ? `remove ${server} from IPVS` : `change ${server} in IPVS`
  throw programFault(`Cannot ${what}`, ipvsadm, result)
}

/** Without -p the kernel takes the persistence away (ipvsadm(8), --edit-service). */
function schedulingWords(as: Scheduling): readonly string[] {
  const persistence = as.persistenceTimeout === null ? [] : ["-p", String(as.persistenceTimeout)]
  return ["-s", as.scheduler, ...persistence]
}

function realServerWords({ address, port, weight, forwardingMethod }: KernelRealServer): readonly string[] {
  return ["-r", `${bracketed(address)}:${port}`, METHOD_FLAGS[forwardingMethod], "-w", String(weight)]
}

const METHOD_FLAGS = { NAT: "-m", DR: "-g", TUN: "-i", LOCAL: "-g" } as const

/** Nothing is left to do: what was to be changed is gone, what was to be added is there. */
const GONE = /No such (?:service|destination)|Service not defined|already exists/

const SERVICE_OPTIONS = { TCP: "-t", UDP: "-u", SCTP: "--sctp-service" } as const

function serverWords(key: VirtualServerKey): readonly string[] {
  return [SERVICE_OPTIONS[key.protocol], `${bracketed(key.address)}:${key.port}`]
}

function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address
}
