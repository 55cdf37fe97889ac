/** One alert of the component prometheus-rule and of docs/metrics.md. */
export interface Alert {
  readonly name: string
  /** PromQL. */
  readonly expression: string
  /** How long the expression must be true, in Prometheus' words. */
  readonly duration: string
  readonly severity: "critical" | "warning"
  readonly summary: string
  /** Page and heading below docs/ that say what to do. */
  readonly page: string
}

/** In the order of their urgency. */
export const ALERTS: readonly Alert[] = [
  {
    name: "KkvNoMaster",
    // A sum would be NaN while one node does not know its role.
    expression:
      "absent(kkv_master == 1) or (count by (vrrp_instance) (kkv_master) unless count by (vrrp_instance) (kkv_master == 1))",
    duration: "1m",
    severity: "critical",
    summary: "no node announces the VIPs",
    page: "troubleshooting.md#fault-or-no-master",
  },
  {
    name: "KkvTwoMasters",
    expression: "count by (vrrp_instance) (kkv_master == 1) > 1",
    duration: "1m",
    severity: "critical",
    summary: "several nodes announce the VIPs",
    page: "troubleshooting.md#two-masters",
  },
  {
    name: "KkvAbsent",
    expression: "absent(kkv_well)",
    duration: "5m",
    severity: "critical",
    summary: "no sidecar answers Prometheus",
    page: "troubleshooting.md#a-pod-that-is-not-ready",
  },
  {
    name: "KkvAgentDown",
    // sync of the same pod answers, and the sidecar does not.
    expression: "group by (node) (kkv_sync_build_info) unless group by (node) (kkv_build_info)",
    duration: "2m",
    severity: "critical",
    summary: "the sidecar on {{ $labels.node }} does not answer Prometheus; keepalived may run without it",
    page: "troubleshooting.md#a-pod-that-is-not-ready",
  },
  {
    name: "KkvKeepalivedDown",
    expression: "kkv_keepalived_running == 0",
    duration: "1m",
    severity: "critical",
    summary: "keepalived does not run on {{ $labels.node }}",
    page: "concepts.md#health",
  },
  {
    name: "KkvGuardHeld",
    expression: "max by (guard) (kkv_guard_held) > 0",
    duration: "1m",
    severity: "critical",
    summary: "the guard {{ $labels.guard }} holds a change that removes most VIPs or endpoints",
    page: "concepts.md#guards",
  },
  {
    name: "KkvEntryBroken",
    expression: 'max by (state) (kkv_entries{state=~"held|partial|left-out"}) > 0',
    duration: "1m",
    severity: "warning",
    summary: "an entry of the ConfigMap is {{ $labels.state }}",
    page: "troubleshooting.md#an-entry-without-effect",
  },
  {
    name: "KkvEntryUnserved",
    expression: 'max(kkv_entries{state="unserved"}) > 0',
    duration: "5m",
    severity: "warning",
    summary: "a VIP is announced, and its Service has no ready pod",
    page: "troubleshooting.md#refused-connections",
  },
  {
    name: "KkvEntryPending",
    expression: 'max by (node) (kkv_entries{state="pending"}) > 0',
    duration: "5m",
    severity: "warning",
    summary: "an entry waits on {{ $labels.node }}",
    page: "troubleshooting.md#a-new-vip-that-waits",
  },
  {
    name: "KkvVrrpFault",
    expression: 'kkv_vrrp_state{state=~"fault|unknown"} == 1',
    duration: "1m",
    severity: "warning",
    summary: "{{ $labels.node }} cannot take the VIPs: VRRP is {{ $labels.state }}",
    page: "troubleshooting.md#fault-or-no-master",
  },
  {
    name: "KkvFlapping",
    expression: 'sum by (vrrp_instance) (increase(kkv_vrrp_transitions_total{state="master"}[1h])) > 5',
    duration: "1m",
    severity: "warning",
    summary: "the VIPs move again and again",
    page: "troubleshooting.md#two-masters",
  },
  {
    name: "KkvConfigNotApplied",
    expression: "kkv_config_last_reload_successful == 0",
    duration: "2m",
    severity: "warning",
    summary: "the newest configuration is not in effect on {{ $labels.node }}",
    page: "troubleshooting.md#a-commit-without-effect",
  },
  {
    name: "KkvGenerationBehind",
    expression: 'kkv_config_generation{state="seen"} > ignoring (state) kkv_config_generation{state="applied"}',
    duration: "5m",
    severity: "warning",
    summary: "{{ $labels.node }} runs an older generation than it has read",
    page: "troubleshooting.md#a-commit-without-effect",
  },
  {
    name: "KkvSlowReload",
    expression: "histogram_quantile(0.9, sum by (node, le) (rate(kkv_reload_duration_seconds_bucket[30m]))) > 10",
    duration: "30m",
    severity: "warning",
    summary: "a change takes more than 10 s on {{ $labels.node }}",
    page: "performance.md",
  },
  {
    name: "KkvDrift",
    expression: "kkv_drift == 1",
    duration: "5m",
    severity: "warning",
    summary: "the kernel of {{ $labels.node }} differs from what is in effect",
    page: "troubleshooting.md#requests-are-refused-again-and-again",
  },
  {
    name: "KkvFault",
    expression: "max by (node, code) (kkv_faults) > 0",
    duration: "5m",
    severity: "warning",
    summary: "{{ $labels.code }} on {{ $labels.node }}",
    page: "problems.md#other-codes",
  },
  {
    name: "KkvNodeUnreachable",
    expression: 'max(kkv_nodes{state="unreachable"}) > 0',
    duration: "1m",
    severity: "warning",
    summary: "a node with pods behind VIPs does not answer, and gets no new connections",
    page: "maintenance.md#replacing-a-node",
  },
  {
    name: "KkvCutOff",
    expression: "kkv_nodes_cut_off == 1",
    duration: "1m",
    severity: "warning",
    summary: "{{ $labels.node }} does not reach half of the nodes",
    page: "troubleshooting.md#two-masters",
  },
  {
    name: "KkvSyncSilent",
    expression: "kkv_sync_heartbeat_age_seconds > 30",
    duration: "1m",
    severity: "warning",
    summary: "sync on {{ $labels.node }} shows no sign of life: no change arrives",
    page: "troubleshooting.md#sync-holds-its-source",
  },
  {
    name: "KkvSyncFails",
    expression: 'increase(kkv_sync_passes_total{result=~"held|failed"}[15m]) > 0',
    duration: "5m",
    severity: "warning",
    summary: "sync on {{ $labels.node }} does not publish what it reads",
    page: "troubleshooting.md#sync-holds-its-source",
  },
  {
    name: "KkvSyncErrors",
    expression: 'increase(kkv_sync_log_lines_total{level="error"}[15m]) > 0',
    duration: "5m",
    severity: "warning",
    summary: "the log of sync on {{ $labels.node }} has errors",
    page: "troubleshooting.md#api-server-down",
  },
  {
    name: "KkvApiTrouble",
    expression: 'max by (node, cause) (kkv_sync_api_trouble{cause=~"credentials|rights|other"}) > 0',
    duration: "2m",
    severity: "warning",
    summary: "the API server does not serve sync on {{ $labels.node }}: {{ $labels.cause }}",
    page: "troubleshooting.md#api-server-down",
  },
  {
    name: "KkvSourceOld",
    expression: "kkv_source_age_seconds > 150",
    duration: "1m",
    severity: "warning",
    summary: "what {{ $labels.node }} knows of the cluster is old",
    page: "troubleshooting.md#api-server-down",
  },
  {
    name: "KkvUnknown",
    expression: "max by (node, what) (kkv_unknown) > 0",
    duration: "5m",
    severity: "warning",
    summary: "the state of {{ $labels.what }} on {{ $labels.node }} is unknown",
    page: "concepts.md#health",
  },
  {
    name: "KkvNotWell",
    expression: "kkv_well == 0",
    duration: "5m",
    severity: "warning",
    summary: "something is not well on {{ $labels.node }}; kkv status there says what",
    page: "troubleshooting.md#first-commands",
  },
  {
    name: "KkvNodesDiffer",
    expression: 'count(count_values("hash", kkv_generation_hash)) > 1',
    duration: "10m",
    severity: "warning",
    summary: "the nodes have different generations in effect; kkv status on each says which, and why",
    page: "troubleshooting.md#first-commands",
  },
  {
    name: "KkvVersionsDiffer",
    expression: "count(count by (version, keepalived) (kkv_build_info)) > 1",
    duration: "1h",
    severity: "warning",
    summary: "the nodes run different versions: a rollout has stopped",
    page: "maintenance.md#upgrading",
  },
]

/** Why a metric has no alert of its own. */
export const WITHOUT_ALERT: Readonly<Record<string, string>> = {
  kkv_apply_total: "for graphs; KkvConfigNotApplied says that the newest attempt failed",
  kkv_config_last_reload_success_timestamp_seconds:
    "for graphs: the sidecar makes no attempt while nothing changes, which may be months",
  kkv_config_test_duration_seconds: "for graphs: a part of the attempts that KkvSlowReload measures",
  kkv_events_total: "for graphs; KkvFault and KkvNotWell say what is not well now",
  kkv_not_well: "KkvNotWell; this metric says which part",
  kkv_notify_total: "for graphs; KkvFault says that the last call failed",
  kkv_poll_recovered_total:
    "for graphs: the poll has done its work. If it grows steadily, the volume reports no file events",
  kkv_vrrp_last_transition_timestamp_seconds: "for graphs; KkvFlapping counts the changes",
  kkv_vip_state: "for graphs; KkvEntryBroken counts the entries",
  kkv_vip_pods: "for graphs and for alerts of your own about single VIPs",
  kkv_vip_unserved_ports: "for graphs; KkvEntryUnserved counts the entries",
  kkv_watcher_errors_total: "for graphs: the poll goes on without the watcher",
  kkv_sync_generation: "for graphs; KkvGenerationBehind compares what the sidecar has read",
  kkv_sync_pass_duration_seconds: "for graphs: no VIP waits for sync's passes",
  kkv_sync_source_age_seconds: "KkvSourceOld; the sidecar of the node has the same age",
}
