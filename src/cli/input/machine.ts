import { networkInterfaces } from "node:os"
import type { HostAddress } from "../../core/address/interface.ts"
import { isSupportedFamily } from "../../core/address/ip.ts"

/** The IPv4 addresses of the machine that a command runs on. */
export function machineAddresses(): readonly HostAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses
      .filter(({ family, internal }) => isSupportedFamily(family) && !internal)
      .map(({ address, cidr }) => ({
        // An address with a label appears under the label: "eth0:vip".
        interface: name.split(":")[0] ?? name,
        address,
        prefixLength: Number(cidr?.split("/")[1] ?? 32),
      })),
  )
}
