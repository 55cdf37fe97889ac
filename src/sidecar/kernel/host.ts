import { existsSync, readdirSync } from "node:fs"
import { networkInterfaces } from "node:os"
import type { HostFacts } from "./node-facts.ts"

/** Addresses and interfaces of this machine, and whether its kernel has IPVS. */
export function hostFacts(): HostFacts {
  const addresses = Object.entries(networkInterfaces()).flatMap(([name, list]) =>
    (list ?? []).map(({ address, cidr }) => ({
      // An address with a label appears under the label: "eth0:vip".
      interface: name.split(":")[0] ?? name,
      address,
      prefixLength: Number(cidr?.split("/")[1] ?? 32),
    })),
  )
  // An interface that is down has no address in that list, but a name here.
  return { addresses, interfaces: new Set(readdirSync("/sys/class/net")), ipvs: existsSync("/proc/net/ip_vs") }
}
