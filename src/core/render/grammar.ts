import { ADDRESS, HOST_PREFIX, INTERFACE } from "../address/pattern.ts"
import { SCHEDULERS } from "../declare/schedulers.ts"

/** A block of keepalived.conf, with the lines that it may contain. */
export interface Block {
  readonly name: string
  /** The most frequent lines first. */
  readonly lines: readonly Line[]
}

export interface Line {
  /** The whole line without leading spaces, with its line end. Its groups are the values in `tells`. Sticky. */
  readonly pattern: RegExp
  readonly opens: Block | null
  /** The value that is compared with the model. */
  readonly tells: "instance" | "address" | "virtual server" | "protocol" | "real server" | null
}

function line(pattern: string, opens: Block | null = null, tells: Line["tells"] = null): Line {
  return { pattern: new RegExp(`${pattern}\\n`, "y"), opens, tells }
}

function block(name: string, ...lines: readonly (Line | string)[]): Block {
  return { name, lines: lines.map((one) => (typeof one === "string" ? line(one) : one)) }
}

function addresses(name: string): Block {
  return block(`vrrp_instance ${name}`, line(`(${ADDRESS})${HOST_PREFIX} dev (${INTERFACE})`, null, "address"))
}

const TCP_CHECK = block(
  "virtual_server real_server TCP_CHECK",
  String.raw`connect_port \d{1,5}`,
  String.raw`connect_timeout \d+`,
)

const REAL_SERVER = block(
  "virtual_server real_server",
  "weight [01]",
  "inhibit_on_failure",
  line(String.raw`TCP_CHECK \{`, TCP_CHECK),
)

const VIRTUAL_SERVER = block(
  "virtual_server",
  line(String.raw`real_server ${ADDRESS} \d{1,5} \{`, REAL_SERVER, "real server"),
  String.raw`delay_loop \d+`,
  `lvs_sched (?:${SCHEDULERS.join("|")})`,
  "lvs_method (?:NAT|DR)",
  String.raw`persistence_timeout \d+`,
  line("protocol (TCP|UDP)", null, "protocol"),
)

const VRRP_INSTANCE = block(
  "vrrp_instance",
  "state BACKUP",
  `interface ${INTERFACE}`,
  String.raw`virtual_router_id \d{1,3}`,
  String.raw`priority \d{1,3}`,
  String.raw`advert_int \d+(?:\.\d+)?`,
  "nopreempt",
  line(String.raw`track_file \{`, block("vrrp_instance track_file", "release", "drained")),
  `unicast_src_ip ${ADDRESS}`,
  line(String.raw`unicast_peer \{`, block("vrrp_instance unicast_peer", `${ADDRESS} min_ttl 255`)),
  line(String.raw`virtual_ipaddress \{`, addresses("virtual_ipaddress")),
  line(String.raw`virtual_ipaddress_excluded \{`, addresses("virtual_ipaddress_excluded")),
)

const GLOBAL_DEFS = block(
  "global_defs",
  "router_id [A-Za-z0-9.-]+",
  "max_auto_priority -1",
  "dynamic_interfaces",
  "vrrp_version [23]",
  "vrrp_skip_check_adv_addr",
  String.raw`vrrp_garp_master_(?:delay|repeat|refresh|refresh_repeat) \d+`,
  "vrrp_higher_prio_send_advert",
  "lvs_flush_on_stop VS",
)

/**
 * The only lines that a rendered keepalived.conf may contain. Everything else, such as an include or a script, is refused.
 *
 * Source: keepalived.conf(5).
 */
export const FILE = block(
  "",
  line(String.raw`virtual_server (${ADDRESS}) ([1-9]\d{0,4}) \{`, VIRTUAL_SERVER, "virtual server"),
  line(String.raw`global_defs \{`, GLOBAL_DEFS),
  line(String.raw`track_file release \{`, block("track_file", "file /[A-Za-z0-9._/-]+", "weight 0")),
  line(String.raw`track_file drained \{`, block("track_file", "file /[A-Za-z0-9._/-]+", "weight 1")),
  line(String.raw`vrrp_instance ([A-Za-z0-9][A-Za-z0-9_.-]*) \{`, VRRP_INSTANCE, "instance"),
)

/** A comment that keepalived cannot misread. */
export const COMMENT = /# [A-Za-z0-9 .,:;'/_-]*\n/y

/** Maximum characters of a line: keepalived splits longer lines into keywords (MAXBUF 1024). */
export const LONGEST_LINE = 1000
