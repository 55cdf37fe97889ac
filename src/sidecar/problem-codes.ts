import { CONTRACT_CODES } from "../contract/decode-file.ts"
import { MODEL_CODES } from "../core/model/problem-codes.ts"
import { OBJECT_CODES } from "../core/objects/problem-codes.ts"

/**
 * Faults of the node rather than of an input: the codes of faults that persist.
 *
 * `PASS_FAILED`: a look at the inputs, an attempt to apply or a comparison with the kernel failed.
 * `RECORD_FAILED`: a record that outlives a pass cannot be written.
 * `ROLE_DISAGREES`: keepalived and the kernel disagree about this node's role.
 * `DRAIN_UNREADABLE`: `drain.json` cannot be read; the node stays as drained, or not drained, as it was.
 * `HANDOVER_FAILED`: a drained node cannot hand its VIPs over.
 * `UNICAST_SOURCE_GONE`: the source address of unicast adverts is not on the interface.
 * `BACKUP_STUCK`: this backup hears no master and does not take over.
 * `FORWARDING_UNKNOWN`: the node's rules cannot be read, so it is unknown whether IPVS gets the packets.
 * `GENERATION_UNREADABLE`: the generation that sync published last cannot be read, and this persists.
 * `SYNC_FAILED`: sync reports in its heartbeat that it cannot write its volume.
 * `STATUS_FAILED`: the status cannot be written; the file shows an older state.
 * `HEARTBEAT_FAILED`: the heartbeat cannot be written.
 * `JOB_FAILED`: a periodic job failed.
 * `MASQUERADE_FAILED`: iptables cannot give our chain the rules that the VIPs need.
 * `NOTIFY_FAILED`: the program of --notify failed, or took too long.
 * `CONNTRACK_FAILED`: conntrack cannot delete the UDP flows of a virtual server that just began to forward.
 */
export type StandingCode = (typeof STANDING_CODES)[number]
export const STANDING_CODES = [
  "PASS_FAILED",
  "RECORD_FAILED",
  "GENERATION_UNREADABLE",
  "SYNC_FAILED",
  "ROLE_DISAGREES",
  "BACKUP_STUCK",
  "DRAIN_UNREADABLE",
  "HANDOVER_FAILED",
  "UNICAST_SOURCE_GONE",
  "FORWARDING_UNKNOWN",
  "STATUS_FAILED",
  "HEARTBEAT_FAILED",
  "JOB_FAILED",
  "MASQUERADE_FAILED",
  "CONNTRACK_FAILED",
  "NOTIFY_FAILED",
] as const

/** Rules of the node that come before IPVS. */
export type CaptureCode = (typeof CAPTURE_CODES)[number]
export const CAPTURE_CODES = [
  "FORWARDED_BY_KUBE_PROXY",
  "DROPPED_BY_KUBE_PROXY",
  "FORWARDED_BY_HOSTPORT",
  "FORWARDED_BY_RULE",
  "DROPPED_BY_RULE",
] as const

/**
 * All problems that the sidecar reports. Its own:
 *
 * - `INTERFACE_UNKNOWN`: no interface of this node fits.
 * - `CONFIG_REJECTED`, `ROLLED_BACK`, `STRANDED`: how an attempt to apply ended.
 * - `GENERATION_ABSENT`: the volume has no generation, although one is in effect.
 * - `ENTRY_GONE`, `ADDRESS_UNCHECKED`: why a VIP is pending.
 * - `DRIFT`, `KUBE_PROXY_IPVS`, `FOREIGN_CHANGES`: another program changes what is in effect.
 */
export type SidecarCode = (typeof SIDECAR_CODES)[number]
export const SIDECAR_CODES = [
  ...OBJECT_CODES,
  ...MODEL_CODES,
  ...CONTRACT_CODES,
  ...STANDING_CODES,
  ...CAPTURE_CODES,
  "INTERFACE_UNKNOWN",
  "CONFIG_REJECTED",
  "ROLLED_BACK",
  "STRANDED",
  "GENERATION_ABSENT",
  "ENTRY_GONE",
  "ADDRESS_UNCHECKED",
  "DRIFT",
  "KUBE_PROXY_IPVS",
  "FOREIGN_CHANGES",
] as const
