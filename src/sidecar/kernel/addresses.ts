import { networkInterfaces } from "node:os"
import * as z from "zod"
import { isSupportedFamily } from "../../core/address/ip.ts"
import { hostOf, isAlone } from "../../core/address/network.ts"
import { runCommand } from "../../kit/process/run-command.ts"
import type { KernelAddress } from "../ports.ts"
import { programFault } from "./program-fault.ts"

/**
 * Addresses of an interface that have no subnet (IPv4: prefix /32), as ours have it; null if the interface does not exist.
 *
 * @throws When neither the system nor `ip` can list them.
 */
export async function addressesOf(ip: string, name: string): Promise<ReadonlySet<string> | null> {
  const quick = quickAddresses(name)
  if (quick !== null) return quick
  // The system omits an interface that is down, lacks a carrier, or has no address (libuv, uv_interface_addresses). A VIP may
  // remain on just such an interface.
  const { addresses, stderr } = await listedAddresses(ip, ["dev", name], `the addresses of "${name}"`)
  if (/does not exist|Cannot find device/.test(stderr)) return null
  return new Set(addresses.filter(isAlone).map(({ address }) => address))
}

/**
 * Takes 0.1 ms, where a program takes 3 ms. The kernel gives addresses in pieces, and a change between two pieces can hide
 * an address, so a set counts when two reads in a row agree. An address with a label appears under the label: "eth0:vip".
 *
 * @returns null if the system does not list this interface, or two reads never agree.
 */
function quickAddresses(name: string): ReadonlySet<string> | null {
  let before: string | null = null
  for (let left = MAXIMUM_READS; left > 0; left--) {
    const interfaces = Object.entries(networkInterfaces())
    const labelled = interfaces.filter(([key]) => key === name || key.startsWith(`${name}:`))
    const found = labelled.flatMap(([, list]) => list ?? []).filter((entry) => isSupportedFamily(entry.family))
    if (found.length === 0) return null
    const cidrs = found.map(({ cidr }) => cidr ?? "")
    if (cidrs.join() === before) return new Set(cidrs.flatMap((cidr) => hostOf(cidr) ?? []))
    before = cidrs.join()
  }
  return null
}

/** Every IPv4 address of this network namespace. @throws When `ip` cannot list them. */
export async function allAddresses(ip: string): Promise<readonly KernelAddress[]> {
  return (await listedAddresses(ip, [], "the addresses of this host")).addresses
}

const addressSchema = z.array(
  z.object({
    ifname: z.string().optional(),
    addr_info: z
      .array(z.object({ local: z.string().optional(), prefixlen: z.number(), protocol: z.string().optional() }))
      .default([]),
  }),
)

interface Listed {
  readonly addresses: readonly KernelAddress[]
  readonly stderr: string
}

/** The output of `ip address show`. When a change interrupts the kernel's dump, iproute2 prints that. */
async function listedAddresses(ip: string, which: readonly string[], what: string): Promise<Listed> {
  for (let left = MAXIMUM_READS; ; left--) {
    const result = await runCommand(ip, ["-json", "-details", "-4", "address", "show", ...which], ADDRESS_LIMITS)
    const { stdout, stderr } = result
    if (/does not exist|Cannot find device/.test(stderr)) return { addresses: [], stderr }
    if (result.status !== 0 || result.truncated) throw programFault(`Cannot read ${what}`, ip, result)
    if (/interrupted/.test(stderr) && left > 1) continue
    const parsed = addressSchema.parse(JSON.parse(stdout === "" ? "[]" : stdout))
    const addresses = parsed.flatMap(({ ifname = "", addr_info: list }) =>
      list.map(({ local = "", prefixlen, protocol }) => ({
        interface: ifname,
        address: local,
        prefixLength: prefixlen,
        protocol: protocol ?? null,
      })),
    )
    return { addresses, stderr }
  }
}

/** Maximum reads of a table that changes meanwhile. */
const MAXIMUM_READS = 5
/** Maximum output; with details an address takes 300 bytes. */
const ADDRESS_LIMITS = { timeoutMs: 10_000, maximumOutputBytes: 16 * 1024 * 1024 }
