import type { DesiredCode } from "../desired/codes.ts"

/** What can be wrong with what was asked for, in the words of keepalived and LVS. */
export type ModelCode =
  | DesiredCode
  | "CONFIGMAP_MISSING"
  | "VIP_IS_NODE_ADDRESS"
  | "VIP_OUTSIDE_RANGES"
  | "ADDRESS_ON_HOST"
  | "VIRTUAL_SERVER_ON_HOST"
  | "PORT_CONFLICT"
  | "PORT_MAPPING_NEEDS_NAT"
  | "ENDPOINT_IS_VIP"
  | "REFUSED_BY_KEEPALIVED"
  | "IPVS_MISSING"
  | "NODE_UNKNOWN"
  | "NODE_WITHOUT_ADDRESS"
  | "NODE_UNREACHABLE"
  | "UNICAST_NEEDS_PEERS"
  | "MASS_REMOVAL"
  | "ENDPOINTS_LOST"
  | "NODES_LOST"
  | "ALLOWANCE_STALE"
  | "TOO_MANY_VIPS"
