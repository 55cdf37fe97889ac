import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client"

/** Upper ends of the histograms' buckets, in seconds. */
const DURATIONS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** Every metric of the sidecar, with its help text. */
export function createSeries() {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const applies = new Counter({
    name: "kkv_apply_total",
    help: "Attempts to apply a configuration",
    labelNames: ["result"],
    registers,
  })
  const reload = new Histogram({
    name: "kkv_reload_duration_seconds",
    help: "From the start of an attempt to its verified end",
    buckets: DURATIONS,
    registers,
  })
  const test = new Histogram({
    name: "kkv_config_test_duration_seconds",
    help: "Duration of keepalived --config-test",
    buckets: DURATIONS,
    registers,
  })
  const events = new Counter({
    name: "kkv_events_total",
    help: "Things that should not happen, by kind",
    labelNames: ["kind"],
    registers,
  })
  const silence = new Gauge({
    name: "kkv_sync_heartbeat_age_seconds",
    help: "Seconds since the last sign of life of sync; +Inf if unknown",
    registers,
  })
  const source = new Gauge({
    name: "kkv_source_age_seconds",
    help: "Seconds since sync last confirmed that it has the current content of its source; +Inf if unknown",
    registers,
  })
  const unknown = new Gauge({
    name: "kkv_unknown",
    help: "1 if the state is unknown, which does not count as well",
    labelNames: ["what"],
    registers,
  })
  const well = new Gauge({
    name: "kkv_well",
    help: "1 when all is well, as kkv status says",
    registers,
  })
  const findings = new Gauge({
    name: "kkv_not_well",
    help: "1 for each part that is not well",
    labelNames: ["about"],
    registers,
  })
  const success = new Gauge({
    name: "kkv_config_last_reload_successful",
    help: "1 when the newest attempt ended well; NaN before the first",
    registers,
  })
  const successTime = new Gauge({
    name: "kkv_config_last_reload_success_timestamp_seconds",
    help: "When an attempt last ended well; NaN before the first",
    registers,
  })
  const generation = new Gauge({
    name: "kkv_config_generation",
    help: "Sequence of the generation that the sidecar has seen, and of the one in effect",
    labelNames: ["state"],
    registers,
  })
  const vips = new Gauge({ name: "kkv_entries", help: "Entries by state", labelNames: ["state"], registers })
  const master = new Gauge({
    name: "kkv_master",
    help: "1 when this node is master of the VRRP instance; NaN if unknown",
    labelNames: ["vrrp_instance"],
    registers,
  })
  const vrrpState = new Gauge({
    name: "kkv_vrrp_state",
    help: "1 for the state that the VRRP instance has on this node, 0 for the others",
    labelNames: ["vrrp_instance", "state"],
    registers,
  })
  const transitions = new Counter({
    name: "kkv_vrrp_transitions_total",
    help: "Changes of the state of the VRRP instance on this node, by the new state",
    labelNames: ["vrrp_instance", "state"],
    registers,
  })
  const transitionTime = new Gauge({
    name: "kkv_vrrp_last_transition_timestamp_seconds",
    help: "Time of the last change of the state of the VRRP instance on this node; 0 if unknown",
    labelNames: ["vrrp_instance"],
    registers,
  })
  const running = new Gauge({
    name: "kkv_keepalived_running",
    help: "1 when keepalived runs; NaN if unknown",
    registers,
  })
  const drift = new Gauge({
    name: "kkv_drift",
    help: "1 when the kernel differs from what is in effect; NaN before the first comparison",
    registers,
  })
  const recovered = new Counter({
    name: "kkv_poll_recovered_total",
    help: "Changes that the poll found and the file watcher did not",
    registers,
  })
  const watcherErrors = new Counter({ name: "kkv_watcher_errors_total", help: "Errors of the file watcher", registers })
  const nodes = new Gauge({
    name: "kkv_nodes",
    help: "Nodes that the sidecar probes, by their answer",
    labelNames: ["state"],
    registers,
  })
  const cutOff = new Gauge({
    name: "kkv_nodes_cut_off",
    help: "1 while half of the nodes or more do not answer: this node may be cut off, so the sidecar does not judge the others",
    registers,
  })
  const hash = new Gauge({
    name: "kkv_generation_hash",
    help: "First 48 bits of the sha256 of the generation in effect: equal on nodes that have the same content in effect; absent if there is none",
    registers,
  })
  const build = new Gauge({
    name: "kkv_build_info",
    help: "1; the versions of this program and of keepalived",
    labelNames: ["version", "keepalived"],
    registers,
  })
  const guards = new Gauge({
    name: "kkv_guard_held",
    help: "1 while a guard holds back a change that removes too much",
    labelNames: ["guard"],
    registers,
  })
  const standing = new Gauge({
    name: "kkv_faults",
    help: "Current faults of this node, by code; no sample for a code without a fault",
    labelNames: ["code"],
    registers,
  })
  return {
    registry,
    applies,
    reload,
    test,
    events,
    silence,
    source,
    unknown,
    well,
    findings,
    success,
    successTime,
    generation,
    vips,
    master,
    vrrpState,
    transitions,
    transitionTime,
    running,
    drift,
    recovered,
    watcherErrors,
    nodes,
    cutOff,
    hash,
    build,
    guards,
    standing,
  }
}
