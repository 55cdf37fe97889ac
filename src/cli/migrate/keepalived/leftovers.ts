import type { Differences } from "../differences.ts"
import type { Statement } from "./words.ts"

/** Statements of which nothing is read: what they become, by keyword. */
const DECIDED: Readonly<Record<string, string>> = {
  ...words(
    "state priority nopreempt preempt preempt_delay dont_track_primary",
    "priorities from the order of the nodes",
  ),
  ...words("garp_master_delay garp_master_repeat garp_master_refresh garp_master_refresh_repeat", "our own intervals"),
  ...words("garp_lower_prio_delay garp_lower_prio_repeat garp_interval gna_interval", "our own intervals"),
  ...words("accept higher_prio_send_advert lower_prio_no_advert strict_mode", "our own choice"),
  ...words("unicast_src_ip unicast_peer mcast_src_ip", "the addresses of the Nodes, which sync knows"),
  ...words("delay_loop alpha omega ha_suspend inhibit_on_failure delay_before_retry retry", "our own intervals"),
  ...words("connect_timeout connect_port nb_get_retry warmup fall rise interval timeout", "our own intervals"),
  ...words("authentication", "nothing: VRRP version 3 has no authentication, and ours has version 3"),
  ...words("global_defs", "our own global settings"),
  ...words("vrrp_sync_group", "nothing: one instance has all VIPs, which move together"),
  ...words("net_mask lvs_sync_daemon_inteface lvs_sync_daemon_interface", "nothing"),
  ...words("persistence_granularity", "each client by its own address"),
  ...words("debug version", "nothing"),
}

const NO_EQUIVALENT: Readonly<Record<string, string>> = {
  include: "name the file on the command line, too",
  sorry_server: "let a Service name a pod that always answers",
  weight: "run more pods on strong nodes: all servers count alike",
  track_script: "use a readiness probe, which takes a pod out",
  vrrp_script: "use a readiness probe, which takes a pod out",
  notify: "use the alerts of docs/metrics.md in its place",
  notify_master: "use the alerts of docs/metrics.md in its place",
  notify_backup: "use the alerts of docs/metrics.md in its place",
  notify_fault: "use the alerts of docs/metrics.md in its place",
  smtp_alert: "use the alerts of docs/metrics.md in its place",
}

/** A script that asks the API server, as the guides for kubeadm have it. */
const SCRIPT = /^(?:vrrp|track)_script\b.*api-?server/is
/** What to do with a VIP of the API server. */
export const API_SERVER =
  "leave this VIP with keepalived: if nodes reach the API server by it, our pods cannot start before it answers"

function words(text: string, becomes: string): Readonly<Record<string, string>> {
  return Object.fromEntries(text.split(" ").map((word) => [word, becomes]))
}

/** Reports a statement of which nothing is read, once for each keyword and what follows it. */
export function reportLeftover(file: string, statement: Statement, differences: Differences): void {
  const { words: all, line } = statement
  const [keyword = ""] = all
  const place = { file, line, column: null }
  const becomes = Object.hasOwn(DECIDED, keyword) ? DECIDED[keyword] : undefined
  if (becomes !== undefined) return differences.different({ place, was: keyword, becomes }, `decided ${keyword}`)
  const todo = Object.hasOwn(NO_EQUIVALENT, keyword) ? NO_EQUIVALENT[keyword] : undefined
  const text = textOf(statement)
  const said = {
    place,
    was: text,
    becomes: "nothing",
    todo: SCRIPT.test(text) ? API_SERVER : (todo ?? "look for its meaning in keepalived.conf(5)"),
  }
  differences.missing(said, `missing ${text}`)
}

/** The words of a statement and of all that it contains. */
export function textOf({ words: own, block }: Statement): string {
  if (block === null) return own.join(" ")
  return [...own, "{", block.map(textOf).join("; "), "}"].join(" ")
}
