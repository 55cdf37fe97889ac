import { open, readFile } from "node:fs/promises"
import { parseAddress } from "../../core/address/ip.ts"
import { faultCode } from "../../kit/fault.ts"
import type { KernelRealServer, KernelVirtualServer } from "../ports.ts"

/**
 * The entries of `/proc/net/ip_vs`, in the kernel's order; null if the kernel has no IPVS. Every entry shown exists, but an entry
 * that exists may be missing: the kernel gives the file a page at a time and finds the next page by counting entries, and it
 * counts those of other network namespaces on the way but not at the start. Use it only to find something.
 *
 * @param file `/proc/net/ip_vs` unless a test sets another.
 * @throws When the file exists but cannot be read.
 */
export async function readIpVsTable(file = "/proc/net/ip_vs"): Promise<readonly KernelVirtualServer[] | null> {
  try {
    return parseIpVsTable(await readFile(file, "latin1"))
  } catch (error) {
    if (faultCode(error) === "ENOENT") return null
    throw new Error(`Cannot read the IPVS table "${file}"`, { cause: error })
  }
}

/**
 * Whether the table has any virtual server. The first page of the file is enough: the kernel skips entries only from the second
 * page on.
 *
 * @throws When the file cannot be read.
 */
export async function hasVirtualServers(file = "/proc/net/ip_vs"): Promise<boolean> {
  const handle = await open(file)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(PAGE_BYTES), 0, PAGE_BYTES, 0)
    return /^(?:TCP|UDP|SCTP) /m.test(buffer.toString("latin1", 0, bytesRead))
  } finally {
    await handle.close()
  }
}

const PAGE_BYTES = 4096

/**
 * The virtual servers of a /proc/net/ip_vs. Those of a firewall mark have no address and are left out.
 * Source: Linux, net/netfilter/ipvs/ip_vs_ctl.c, ip_vs_info_seq_show.
 */
export function parseIpVsTable(text: string): readonly KernelVirtualServer[] {
  const servers: KernelVirtualServer[] = []
  let realServers: KernelRealServer[] = []
  for (const line of text.split("\n")) {
    if (line.startsWith("  -> ")) {
      const real = realServerOf(line)
      if (real !== null) realServers.push(real)
      continue
    }
    realServers = []
    const server = virtualServerOf(line, realServers)
    if (server !== null) servers.push(server)
  }
  return servers
}

const PROTOCOLS: Readonly<Record<string, KernelVirtualServer["protocol"]>> = { TCP: "TCP", UDP: "UDP", SCTP: "SCTP" }
const METHODS: Readonly<Record<string, KernelRealServer["forwardingMethod"]>> = {
  Masq: "NAT",
  Route: "DR",
  Tunnel: "TUN",
  Local: "LOCAL",
}

/** `TCP  0A040032:0050 wlc persistent 1080000 FFFFFFFF` */
function virtualServerOf(line: string, realServers: readonly KernelRealServer[]): KernelVirtualServer | null {
  const [protocolName = "", place = "", scheduler = ""] = line.split(/ +/, 3)
  const protocol = PROTOCOLS[protocolName]
  if (protocol === undefined) return null
  // The persistence is in ticks of unknown length, so only its existence is known.
  const persistence = line.includes(" persistent ") ? {} : { persistenceTimeout: null }
  return { ...addressAndPort(place), protocol, scheduler, ...persistence, realServers }
}

/** `  -> 0A02010B:1F90      Masq    1      0          0`; the head of the table looks similar, but has no method. */
function realServerOf(line: string): KernelRealServer | null {
  const [place = "", method = "", weight = ""] = line.slice("  -> ".length).split(/ +/, 3)
  const forwardingMethod = METHODS[method]
  if (forwardingMethod === undefined) return null
  return { ...addressAndPort(place), forwardingMethod, weight: Number(weight) }
}

function addressAndPort(place: string): { readonly address: string; readonly port: number } {
  const colon = place.lastIndexOf(":")
  const port = Number.parseInt(place.slice(colon + 1), 16)
  const address = place.startsWith("[")
    ? (parseAddress(place.slice(1, colon - 1))?.text ?? "")
    : ipv4(Number.parseInt(place.slice(0, colon), 16))
  return { address, port }
}

function ipv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`
}
