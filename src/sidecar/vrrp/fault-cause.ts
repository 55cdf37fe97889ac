import { HANDOVER } from "../../contract/vrrp.ts"
import { readRegularFile } from "../../kit/files/safe-read.ts"
import type { VrrpInstance } from "../../core/model/keepalived-model.ts"
import type { Kernel, Link } from "../ports.ts"

export interface Machine {
  readonly kernel: Pick<Kernel, "addresses">
  readonly link: (name: string) => Link
}

const LINKS = {
  absent: "does not exist",
  down: "is down: set it up (ip link set dev NAME up)",
  "no-carrier": "has no carrier: look at the cable and the switch",
} as const

/**
 * Why an instance of VRRP on this node is in FAULT, as the machine shows it, and what to do; keepalived's log has few of the causes.
 *
 * @returns null if every check succeeds.
 */
export async function faultCauseOf(
  { interface: name, unicast }: VrrpInstance,
  releaseFile: string,
  machine: Machine,
): Promise<string | null> {
  const link = machine.link(name)
  if (link !== "up") return `interface "${name}" ${LINKS[link].replace("NAME", name)}`
  if (isReleased(releaseFile)) return `${HANDOVER}: "${releaseFile}" holds 1`
  const addresses = (await machine.kernel.addresses(name)) ?? new Set()
  const source = unicast?.source ?? null
  if (source !== null && !addresses.has(source))
    return `interface "${name}" lacks ${source}, the address that unicast adverts are sent from`
  if (addresses.size === 0) return `interface "${name}" has no IPv4 address`
  return null
}

function isReleased(file: string): boolean {
  const read = readRegularFile(file, 64)
  return read.kind === "file" && read.bytes.toString().trim() === "1"
}
