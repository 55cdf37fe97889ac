import { ADDRESS } from "../../core/address/pattern.ts"
import type { VirtualServerKey } from "../ports.ts"
import { type Capture, type Owner, type ServiceField, shownRule } from "./capture.ts"

/** Table and maps of kube-proxy in nftables mode. Source: Kubernetes, pkg/proxy/nftables/proxier.go. */
export const KUBE_PROXY_TABLE = "ip kube-proxy"
/** The maps, in the order of the requests. */
export const KUBE_PROXY_MAPS = [
  "service-ips",
  "no-endpoint-services",
  "service-nodeports",
  "no-endpoint-nodeports",
] as const
const MAPS: ReadonlySet<string> = new Set(KUBE_PROXY_MAPS)
/** The set of the addresses that serve node ports. */
export const NODE_PORT_ADDRESSES = "nodeport-ips"

/**
 * Takes the lines that `nft list` prints of kube-proxy's maps and keeps those of some virtual servers; a cluster has tens
 * of thousands of others.
 */
export function createMapReader(servers: readonly VirtualServerKey[]): {
  readonly line: (line: string) => void
  /** The captures of the packets; a drop hides other elements of the same virtual server. */
  readonly captures: () => readonly Capture[]
} {
  const byKey = new Map(servers.map((server) => [keyOf(server.address, server.protocol, String(server.port)), server]))
  const byPort = Map.groupBy(servers, ({ protocol, port }) => portKeyOf(protocol, String(port)))
  const addresses = new Set(servers.map(({ address }) => address))
  const nodePortAddresses = new Set<string>()
  const onPorts: { readonly key: string; readonly found: Found }[] = []
  const captured = new Map<string, Capture>()
  let map = ""
  const note = (server: VirtualServerKey, found: Found) => {
    const key = keyOf(server.address, server.protocol, String(server.port))
    if (captured.get(key)?.effect !== "dropped") captured.set(key, captureBy(server, found))
  }
  const line = (text: string) => {
    map = /^\s*(?:map|set) (\S+) \{/.exec(text)?.[1] ?? map
    if (map === NODE_PORT_ADDRESSES) {
      for (const [address] of text.matchAll(ADDRESSES)) if (addresses.has(address)) nodePortAddresses.add(address)
      return
    }
    if (!MAPS.has(map)) return
    for (const [element, address = "", protocol = "", port = "", comment = "", verdict = ""] of text.matchAll(
      ELEMENT,
    )) {
      const found = { element: `${map}: ${element}`, comment, verdict, isNodePort: address === "" }
      const server = byKey.get(keyOf(address, protocol, port))
      if (server !== undefined) note(server, found)
      else if (address === "" && byPort.has(portKeyOf(protocol, port)))
        onPorts.push({ key: portKeyOf(protocol, port), found })
    }
  }
  const captures = () => {
    for (const { key, found } of onPorts)
      for (const server of byPort.get(key) ?? []) if (nodePortAddresses.has(server.address)) note(server, found)
    return [...captured.values()]
  }
  return { line, captures }
}

interface Found {
  readonly element: string
  readonly comment: string
  readonly verdict: string
  readonly isNodePort: boolean
}

const ADDRESSES = new RegExp(ADDRESS, "g")
/** `10.4.0.50 . tcp . 80 comment "default/web:http" : goto external-TJCMAZV6-default/web/tcp/http`; of a node port without an address. */
const ELEMENT = new RegExp(
  String.raw`(?:(${ADDRESS}) \. )?\b([a-z]+) \. (\d+)(?: comment "([^"]*)")? : (drop|reject|goto [^\s,}]+|jump [^\s,}]+)`,
  "g",
)

function captureBy(server: VirtualServerKey, { element, comment, verdict, isNodePort }: Found): Capture {
  const isDropped = !/^(?:goto|jump) (?:service|external)-/.test(verdict)
  return {
    server,
    taker: "kube-proxy",
    effect: isDropped ? "dropped" : "forwarded",
    owner: ownerOf(comment, verdict, isNodePort),
    to: null,
    rule: shownRule(element),
  }
}

/** The comment has `namespace/name:port`, the chain `external-HASH-namespace/name/protocol/port`. */
function ownerOf(comment: string, verdict: string, isNodePort: boolean): Owner | null {
  const name =
    /^([a-z0-9.-]+\/[a-z0-9.-]+)(?::|$)/.exec(comment)?.[1] ??
    /-[A-Z0-9]{8}-([a-z0-9.-]+\/[a-z0-9.-]+)(?:\/|$)/.exec(verdict)?.[1]
  const field: ServiceField = isNodePort ? "node port" : verdict.startsWith("goto service-") ? "cluster IP" : "external"
  return name === undefined ? null : { kind: "service", name, field }
}

function keyOf(address: string, protocol: string, port: string): string {
  return `${address} ${portKeyOf(protocol, port)}`
}

function portKeyOf(protocol: string, port: string): string {
  return `${protocol.toLowerCase()} ${port}`
}
