import { virtualServerKey } from "../../core/model/keepalived-model.ts"
import type { KernelRealServer, KernelVirtualServer } from "../ports.ts"

/**
 * Makes the reader of the whole IPVS table. The kernel gives it in pieces by netlink, and an entry that is added or deleted
 * between two pieces can hide a neighbour. So a table counts when two reads in a row agree. If it changes all the time, the
 * result is everything that any of several reads has seen.
 *
 * @param save Returns the output of `ipvsadm -Sn`.
 */
export function createTableReader(save: () => Promise<string>): () => Promise<readonly KernelVirtualServer[]> {
  let last: { readonly text: string; readonly servers: readonly KernelVirtualServer[] } | null = null
  return async () => {
    const seen: (readonly KernelVirtualServer[])[] = []
    while (seen.length < MAXIMUM_READS) {
      const text = await save()
      if (text === last?.text) return last.servers
      last = { text, servers: parseSavedTable(text) }
      seen.push(last.servers)
    }
    return unionOf(seen)
  }
}

/** Maximum reads for one answer. */
const MAXIMUM_READS = 4

/** Each virtual server, as the newest of these tables has it. */
function unionOf(tables: readonly (readonly KernelVirtualServer[])[]): readonly KernelVirtualServer[] {
  const servers = new Map<string, KernelVirtualServer>()
  for (const table of tables) for (const server of table) servers.set(virtualServerKey(server), server)
  return [...servers.values()]
}

/**
 * The virtual servers in the output of `ipvsadm -Sn`, in its order. Those of a firewall mark have no address and are left out.
 *
 * `-A -t 10.4.0.50:80 -s wlc -p 300 -M 255.255.255.255` and `-a -t 10.4.0.50:80 -r 10.2.1.11:8080 -m -w 1`
 *
 * @throws When a line does not match ipvsadm(8): an incomplete answer must not count as a complete one.
 */
export function parseSavedTable(text: string): readonly KernelVirtualServer[] {
  const servers: KernelVirtualServer[] = []
  const found = new Map<string, KernelRealServer[]>()
  for (const line of text.split("\n")) {
    if (line === "") continue
    const [command, kind = "", place = "", ...words] = line.trimEnd().split(" ")
    if (kind === "-f") continue
    const key = `${kind} ${place}`
    const protocol = PROTOCOLS[kind]
    if (command === "-A" && protocol !== undefined) {
      const realServers: KernelRealServer[] = []
      found.set(key, realServers)
      servers.push({ ...addressAndPort(place), protocol, ...schedulingOf(words), realServers })
    } else if (command === "-a" && protocol !== undefined) found.get(key)?.push(realServerOf(words))
    else throw new Error(`Cannot read the IPVS table: ipvsadm -Sn printed "${line}"`)
  }
  return servers
}

const PROTOCOLS: Readonly<Record<string, KernelVirtualServer["protocol"]>> = {
  "-t": "TCP",
  "-u": "UDP",
  "--sctp-service": "SCTP",
}

function schedulingOf(words: readonly string[]): Pick<KernelVirtualServer, "scheduler" | "persistenceTimeout"> {
  const persistence = wordAfter("-p", words)
  return {
    scheduler: wordAfter("-s", words) ?? "",
    persistenceTimeout: persistence === undefined ? null : Number(persistence),
  }
}

function realServerOf(words: readonly string[]): KernelRealServer {
  const method = words.find((word) => word in METHODS) ?? "-g"
  return {
    ...addressAndPort(wordAfter("-r", words) ?? ""),
    forwardingMethod: METHODS[method] ?? "DR",
    weight: Number(wordAfter("-w", words)),
  }
}

const METHODS: Readonly<Record<string, KernelRealServer["forwardingMethod"]>> = { "-m": "NAT", "-g": "DR", "-i": "TUN" }

function wordAfter(option: string, words: readonly string[]): string | undefined {
  const at = words.indexOf(option)
  return at === -1 ? undefined : words[at + 1]
}

/** `10.4.0.50:80` or `[fd04::50]:80`. */
function addressAndPort(place: string): { readonly address: string; readonly port: number } {
  const colon = place.lastIndexOf(":")
  const address = place.slice(0, colon)
  return { address: address.startsWith("[") ? address.slice(1, -1) : address, port: Number(place.slice(colon + 1)) }
}
