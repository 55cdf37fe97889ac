/**
 * Faults of the node rather than of an input: the codes of faults that persist.
 *
 * `PASS_FAILED`: a look at the inputs, an attempt to apply or a comparison with the kernel failed.
 * `RECORD_FAILED`: a record that outlives a pass cannot be written.
 * `ROLE_DISAGREES`: keepalived and the kernel disagree about this node's role.
 * `UNICAST_SOURCE_GONE`: the source address of unicast adverts is not on the interface.
 * `BACKUP_STUCK`: this backup hears no master and does not take over.
 * `FORWARDING_UNKNOWN`: the node's rules cannot be read, so it is unknown whether IPVS gets the packets.
 * `GENERATION_UNREADABLE`: the generation that sync published last cannot be read, and this persists.
 * `SYNC_FAILED`: sync reports in its heartbeat that it cannot write its volume.
 * `STATUS_FAILED`: the status cannot be written; the file shows an older state.
 * `HEARTBEAT_FAILED`: the heartbeat cannot be written.
 * `JOB_FAILED`: a periodic job failed.
 * `MASQUERADE_FAILED`: iptables cannot give our chain the rules that the VIPs need.
 * `CONNTRACK_FAILED`: conntrack cannot delete the UDP flows of a virtual server that just began to forward.
 */
export type StandingCode =
  | "PASS_FAILED"
  | "RECORD_FAILED"
  | "GENERATION_UNREADABLE"
  | "SYNC_FAILED"
  | "ROLE_DISAGREES"
  | "BACKUP_STUCK"
  | "UNICAST_SOURCE_GONE"
  | "FORWARDING_UNKNOWN"
  | "STATUS_FAILED"
  | "HEARTBEAT_FAILED"
  | "JOB_FAILED"
  | "MASQUERADE_FAILED"
  | "CONNTRACK_FAILED"
