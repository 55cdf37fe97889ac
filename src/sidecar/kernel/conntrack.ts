import { type CommandResult, runCommand } from "../../kit/process/run-command.ts"
import type { VirtualServerKey } from "../ports.ts"

/** Limits: a scan of a full table of 262,144 entries takes a second. */
const LIMITS = { timeoutMs: 5_000, maximumOutputBytes: 64 * 1024 }

/**
 * Deletes the conntrack flows to a virtual server that IPVS does not handle: those whose answers would come from the
 * VIP itself. Such a flow began before the virtual server existed. The kernel decides about masquerading only at the first
 * packet of a flow, so all later packets would reach the pod with the client's address. In a flow that IPVS handles, a
 * real server answers; those flows stay.
 *
 * @returns the number of deleted flows.
 * @throws When conntrack is missing, fails, or does not end in time.
 */
export async function forgetFlows(program: string, { address, port, protocol }: VirtualServerKey): Promise<number> {
  const flow = ["--orig-dst", address, "--orig-port-dst", String(port), "--reply-src", address]
  const words = ["-D", "-f", "ipv4", "-p", protocol.toLowerCase(), ...flow]
  const result = await runCommand(program, words, LIMITS)
  // conntrack ends with status 1 if there was nothing to delete.
  const deleted = /: (\d+) flow entries have been deleted/.exec(result.stderr)?.[1]
  if (deleted !== undefined && (result.status === 0 || deleted === "0")) return Number(deleted)
  throw new Error(
    `Cannot forget the flows of ${address} ${port} ${protocol}: "${program}" ${endingOf(result)}; ` +
      "the kernel needs its module nf_conntrack_netlink (modprobe nf_conntrack_netlink), and the sidecar the capability NET_ADMIN",
  )
}

function endingOf({ status, signal, stderr, timedOut }: CommandResult): string {
  if (timedOut) return `did not end within ${LIMITS.timeoutMs / 1_000} s`
  const last = stderr.trim().split("\n").at(-1) ?? ""
  return `ended with ${status ?? signal} (${last === "" ? "it printed nothing" : last})`
}
