import { runCommand } from "../../kit/process/run-command.ts"

/** The stations of a LAN, found by ARP. A hardware address is spelled `56:61:6D:23:D8:C8`. */
export interface Lan {
  /**
   * Asks which station has this address, by ARP probes (RFC 5227, 2.1.1: without a sender address, so that no neighbour learns
   * from them). @returns the hardware address of the station that answers; null if none does, or the LAN cannot be asked.
   */
  probe(interfaceName: string, address: string): Promise<string | null>
  /** Asks for the hardware address of a neighbour. Null if it does not answer. */
  resolve(interfaceName: string, address: string): Promise<string | null>
}

/** RFC 5227 has three probes and up to seven seconds; a station that answers ARP does so within milliseconds. */
const PROBE = ["-D", "-c", "2", "-w", "2"]
const RESOLVE = ["-D", "-c", "1", "-w", "1"]
const LIMITS = { timeoutMs: 10_000, maximumOutputBytes: 64 * 1024 }

/**
 * The LAN, through the `arping` of iputils.
 *
 * @param failed Called when the LAN cannot be asked: the program is missing, or the interface is down.
 */
export function createLan(failed: (why: string) => void, arping = "arping"): Lan {
  const ask = async (words: readonly string[], interfaceName: string, address: string) => {
    const asked = runCommand(arping, [...words, "-I", interfaceName, address], LIMITS)
    const result = await asked.catch((error: unknown) => ({ stdout: "", stderr: String(error) }))
    const mac = macIn(result.stdout)
    if (mac === null && !/^Sent \d+ probes/m.test(result.stdout))
      failed(`arping said: ${result.stderr.trim() || result.stdout.trim() || "nothing"}`)
    return mac
  }
  return {
    probe: (interfaceName, address) => ask(PROBE, interfaceName, address),
    resolve: (interfaceName, address) => ask(RESOLVE, interfaceName, address),
  }
}

/** `Unicast reply from 10.4.0.148 [56:61:6D:23:D8:C8]  0.646ms`, in upper case. */
export function macIn(text: string): string | null {
  return /\[([0-9A-F]{2}(?::[0-9A-F]{2}){5})\]/i.exec(text)?.[1]?.toUpperCase() ?? null
}
