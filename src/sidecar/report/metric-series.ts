import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client"

/** Upper ends of the histograms' buckets, in seconds. */
const DURATIONS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/**
 * Every metric of the sidecar: its name, its help text, and the names of its labels.
 *
 * @param perVip Whether to have series that name VIPs: some for each entry of the ConfigMaps.
 */
export function createSeries(perVip: boolean) {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Counter({ name, help, labelNames, registers })
  const gauge = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Gauge({ name, help, labelNames, registers })
  const histogram = (name: string, help: string) => new Histogram({ name, help, buckets: DURATIONS, registers })
  return {
    registry,
    applies: counter("kkv_apply_total", "Attempts to apply a configuration", "result"),
    reload: histogram("kkv_reload_duration_seconds", "From the start of an attempt to its verified end"),
    test: histogram("kkv_config_test_duration_seconds", "Duration of keepalived --config-test"),
    events: counter("kkv_events_total", "Things that should not happen, by kind", "kind"),
    silence: gauge("kkv_sync_heartbeat_age_seconds", "Seconds since the last sign of life of sync; +Inf if unknown"),
    source: gauge(
      "kkv_source_age_seconds",
      "Seconds since sync last confirmed that it has the current content of its source; +Inf if unknown",
    ),
    unknown: gauge("kkv_unknown", "1 if the state is unknown, which does not count as well", "what"),
    well: gauge("kkv_well", "1 when all is well, as kkv status says"),
    findings: gauge("kkv_not_well", "1 for each part that is not well", "about"),
    success: gauge(
      "kkv_config_last_reload_successful",
      "1 when the newest generation is in effect, 0 when it could not be applied; NaN while it waits",
    ),
    successTime: gauge(
      "kkv_config_last_reload_success_timestamp_seconds",
      "When an attempt last ended well; NaN before the first",
    ),
    generation: gauge(
      "kkv_config_generation",
      "Sequence of the generation that the sidecar has seen, and of the one in effect",
      "state",
    ),
    vips: gauge("kkv_entries", "VIPs of entries by state; an entry in the long form has one for each address", "state"),
    master: gauge("kkv_master", "1 when this node is master of the VRRP instance; NaN if unknown", "vrrp_instance"),
    vrrpState: gauge(
      "kkv_vrrp_state",
      "1 for the state that the VRRP instance has on this node, 0 for the others",
      "vrrp_instance",
      "state",
    ),
    transitions: counter(
      "kkv_vrrp_transitions_total",
      "Changes of the state of the VRRP instance on this node, by the new state",
      "vrrp_instance",
      "state",
    ),
    transitionTime: gauge(
      "kkv_vrrp_last_transition_timestamp_seconds",
      "Time of the last change of the state of the VRRP instance on this node; 0 if unknown",
      "vrrp_instance",
    ),
    notified: counter("kkv_notify_total", "Calls of the program of --notify", "result"),
    running: gauge("kkv_keepalived_running", "1 when keepalived runs; NaN if unknown"),
    drift: gauge("kkv_drift", "1 when the kernel differs from what is in effect; NaN before the first comparison"),
    recovered: counter("kkv_poll_recovered_total", "Changes that the poll found and the file watcher did not"),
    watcherErrors: counter("kkv_watcher_errors_total", "Errors of the file watcher"),
    nodes: gauge("kkv_nodes", "Nodes that the sidecar probes, by their answer", "state"),
    cutOff: gauge(
      "kkv_nodes_cut_off",
      "1 while half of the nodes or more do not answer: this node may be cut off, so the sidecar does not judge the others",
    ),
    hash: gauge(
      "kkv_generation_hash",
      "First 48 bits of the sha256 of the generation in effect: equal on nodes that have the same content in effect; absent if there is none",
    ),
    build: gauge("kkv_build_info", "1; the versions of this program and of keepalived", "version", "keepalived"),
    guards: gauge("kkv_guard_held", "1 while a guard holds back a change that removes too much", "guard"),
    perVip: perVip
      ? {
          state: gauge("kkv_vip_state", "1 for the state of this entry (--metrics-per-vip)", "object", "vip", "state"),
          pods: gauge(
            "kkv_vip_pods",
            "Pods behind this VIP that get new connections, that only finish theirs, and those on a node that does not answer (--metrics-per-vip)",
            "object",
            "vip",
            "state",
          ),
          unserved: gauge(
            "kkv_vip_unserved_ports",
            "Ports of the Services of this VIP without a ready pod (--metrics-per-vip)",
            "object",
            "vip",
          ),
        }
      : null,
    standing: gauge("kkv_faults", "Current faults of this node, by code; no sample for a code without a fault", "code"),
  }
}
