import { REPORT_STALE_MS } from "../../contract/report/node-report.ts"
import type { Cluster } from "../../contract/report/cluster.ts"
import type { Moment } from "../../contract/heartbeat.ts"
import { counted, listed } from "../../kit/text/format.ts"
import { span } from "../../kit/text/span.ts"
import type { Lan } from "../lan/arping.ts"
import { bad, type Finding, good } from "./finding.ts"

/** A node of the election. */
export interface Peer {
  readonly name: string
  readonly address: string
}

export interface PeerQuestion {
  /** The other nodes of the election; null if unknown. */
  readonly peers: readonly Peer[] | null
  /** The interface of the VIPs; null if unknown. */
  readonly interfaceName: string | null
  readonly lan: Pick<Lan, "resolve">
  /** Reports of the other nodes; null if unknown. */
  readonly cluster: { readonly cluster: Cluster; readonly moment: Moment } | null
}

/** Maximum number of nodes that are asked: each takes a second, and all are asked at the same time. */
const MOST_ASKED = 32

/** Which of the other nodes do not answer on the LAN of the VIPs, and which of them do not report. */
export async function peerChecks(question: PeerQuestion): Promise<readonly Finding[]> {
  return [...(await onLan(question)), ...reporting(question)]
}

async function onLan({ peers, interfaceName, lan }: PeerQuestion): Promise<readonly Finding[]> {
  const check = "peers on the LAN"
  if (peers === null || interfaceName === null)
    return [bad(check, "unknown", "it is unknown which nodes there are", { causes: "see sync", action: "see sync" })]
  const asked = peers.slice(0, MOST_ASKED)
  if (asked.length === 0) return [good(check, "there is no other node")]
  const answers = await Promise.all(
    asked.map(async (peer) => ({ peer, mac: await lan.resolve(interfaceName, peer.address) })),
  )
  const silent = answers.flatMap(({ peer, mac }) => (mac === null ? [`${peer.name} (${peer.address})`] : []))
  const rest = peers.length > asked.length ? ` (of the first ${asked.length} of ${peers.length})` : ""
  if (silent.length === 0)
    return [
      good(
        check,
        `${counted(asked.length, "node")} ${asked.length === 1 ? "answers" : "answer"} on ${interfaceName}${rest}`,
      ),
    ]
  const one = silent.length === 1
  return [
    bad(check, "wrong", `${listed(silent)} ${one ? "does" : "do"} not answer ARP on ${interfaceName}${rest}`, {
      causes: `${one ? "it is" : "they are"} down, or not on this LAN: then ${one ? "it hears" : "they hear"} no adverts, and can become a second master`,
      action: "start it, or look at the cable, the VLAN and the switch; remove the Node of a machine that is gone",
    }),
  ]
}

function reporting({ cluster: reading }: PeerQuestion): readonly Finding[] {
  const check = "peers' reports"
  if (reading === null) return [good(check, "not compared: sync has left no reports of other nodes")]
  const { cluster, moment } = reading
  const old = cluster.nodes.flatMap(({ name, ready, report }) => {
    const renewed = report?.renewed ?? null
    if (renewed === null || !ready) return []
    const ms = (moment.uptime - renewed) * 1000
    return ms > REPORT_STALE_MS ? [`${name} for ${span(ms)}`] : []
  })
  if (old.length === 0) return [good(check, "each node that is Ready renews its report")]
  return [
    bad(check, "wrong", `silent: ${listed(old)}`, {
      causes: "what they hold and whether they can take over is unknown",
      action: "look at the pods there: kubectl get pods -o wide",
    }),
  ]
}
