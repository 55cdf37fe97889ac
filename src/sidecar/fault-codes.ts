/**
 * What can be wrong with the node rather than with an input: the codes of standing faults.
 *
 * `PASS_FAILED`: a look at the inputs, an attempt to apply or a comparison with the kernel met a fault.
 * `RECORD_FAILED`: a record that outlives a pass cannot be written.
 * `ROLE_DISAGREES`: keepalived says one thing of this node's role, and the kernel shows another.
 * `UNICAST_SOURCE_GONE`: the address that unicast adverts are sent from is not on the interface.
 * `BACKUP_STUCK`: this backup hears no master and does not take over.
 * `FORWARDING_UNKNOWN`: the node's rules cannot be read, so nobody knows whether IPVS gets the packets.
 * `GENERATION_UNREADABLE`: what sync has published last cannot be read, and that has lasted.
 * `SYNC_FAILED`: sync says in its heartbeat that it cannot write its volume.
 * `STATUS_FAILED`: the status cannot be written; what stands in the file is older than what is so.
 * `HEARTBEAT_FAILED`: the heartbeat cannot be written.
 * `JOB_FAILED`: what is done now and then was not done.
 * `MASQUERADE_FAILED`: iptables cannot give our chain the rules that the VIPs need.
 * `CONNTRACK_FAILED`: conntrack cannot forget the UDP flows of a virtual server that has only just begun to forward.
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
