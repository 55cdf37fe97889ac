import {
  VizLegendOptionsBuilder,
  type DataSourceRef,
  LegendDisplayMode,
  LegendPlacement,
} from "@grafana/grafana-foundation-sdk/common"
import * as grafana from "@grafana/grafana-foundation-sdk/dashboard"
import { DataqueryBuilder } from "@grafana/grafana-foundation-sdk/prometheus"
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat"
import { PanelBuilder as StateTimelineBuilder } from "@grafana/grafana-foundation-sdk/statetimeline"
import { PanelBuilder as TimeseriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries"

/** The data source that the user chooses at the top of the dashboard. */
const SOURCE: DataSourceRef = { type: "prometheus", uid: "${datasource}" }

/** A query, and the name of its series. */
type Query = readonly [expression: string, legend: string]

interface Panel {
  readonly title: string
  /** One sentence for a person who does not know the metric. */
  readonly description: string
  readonly queries: readonly Query[]
  /** Columns of 24. */
  readonly width: number
}

/** Keepalived's advert interval is 1 s unless `--advert-interval` says otherwise; a backup waits for about three of them. */
const THREE_ADVERTS: Query = ["vector(3)", "three adverts (interval 1 s)"]

/** The Grafana dashboard. A VRRP instance, a node and a state of an entry each are one more series, never one more panel. */
export function dashboard(): grafana.Dashboard {
  return new grafana.DashboardBuilder("kube-keepalived-vip")
    .uid("kube-keepalived-vip")
    .tags(["kubernetes", "kube-keepalived-vip"])
    .readonly()
    .refresh("30s")
    .time({ from: "now-6h", to: "now" })
    .withVariable(new grafana.DatasourceVariableBuilder("datasource").label("Data source").type("prometheus"))
    .annotation(contentChanges())
    .withRow(new grafana.RowBuilder("Who announces the VIPs"))
    .withPanel(masters())
    .withPanel(wellNodes())
    .withPanel(roles())
    .withRow(new grafana.RowBuilder("Entries and generations"))
    .withPanel(lines(ENTRIES))
    .withPanel(lines(GENERATIONS))
    .withPanel(contents())
    .withRow(new grafana.RowBuilder("Changes"))
    .withPanel(lines(DURATIONS).unit("s"))
    .withPanel(lines(ATTEMPTS))
    .withRow(new grafana.RowBuilder("Traffic (node_exporter, collector ipvs)"))
    .withPanel(lines(CONNECTIONS).unit("cps"))
    .withPanel(lines(ACTIVE))
    .withRow(new grafana.RowBuilder("Health"))
    .withPanel(findings())
    .withPanel(lines(AGES).unit("s"))
    .build()
}

/** A mark where the content in effect changes on a node. */
function contentChanges() {
  return new grafana.AnnotationQueryBuilder()
    .name("Changes of the content in effect")
    .datasource(SOURCE)
    .enable(true)
    .iconColor("blue")
    .expr("changes(kkv_generation_hash[1m]) > 0")
    .titleFormat("{{node}}: another content is in effect")
    .step("60s")
}

const ENTRIES: Panel = {
  title: "Entries by state",
  description: "Entries of the VIP ConfigMaps. Each state is the largest number that any node reports.",
  queries: [["max by (state) (kkv_entries)", "{{state}}"]],
  width: 8,
}
const GENERATIONS: Panel = {
  title: "Generation in effect, by node",
  description: "Each pod counts its own generations: compare the changes, not the numbers.",
  queries: [['kkv_config_generation{state="applied"}', "{{node}}"]],
  width: 8,
}
const DURATIONS: Panel = {
  title: "Duration of config test and change (90th percentile)",
  description: "A change that takes longer than three adverts may cost the role of a master.",
  queries: [
    ["histogram_quantile(0.9, sum by (le) (rate(kkv_config_test_duration_seconds_bucket[30m])))", "config test"],
    ["histogram_quantile(0.9, sum by (le) (rate(kkv_reload_duration_seconds_bucket[30m])))", "whole change"],
    THREE_ADVERTS,
  ],
  width: 12,
}
const ATTEMPTS: Panel = {
  title: "Changes by result",
  description: "Attempts to apply a configuration, on all nodes, in five minutes.",
  queries: [["sum by (result) (increase(kkv_apply_total[5m]))", "{{result}}"]],
  width: 12,
}
const CONNECTIONS: Panel = {
  title: "New connections",
  description: "All virtual servers of a node. A backup forwards nothing.",
  queries: [["sum by (instance) (rate(node_ipvs_connections_total[5m]))", "{{instance}}"]],
  width: 12,
}
const ACTIVE: Panel = {
  title: "Open connections, by VIP",
  description: "Active connections of all nodes.",
  queries: [["sum by (local_address) (node_ipvs_backend_connections_active)", "{{local_address}}"]],
  width: 12,
}
const AGES: Panel = {
  title: "Age of what the nodes know",
  description: "Time since sync last confirmed what it knows of the cluster, and since its last sign of life.",
  queries: [
    ["kkv_source_age_seconds", "{{node}}: cluster"],
    ["kkv_sync_heartbeat_age_seconds", "{{node}}: sync"],
  ],
  width: 12,
}

function masters() {
  return new StatBuilder()
    .title("Masters")
    .description("Each VRRP instance has one master. Two of them do not hear each other.")
    .datasource(SOURCE)
    .withTarget(query(["count by (vrrp_instance) (kkv_master == 1) or vector(0)", "{{vrrp_instance}}"]))
    .thresholds(steps({ color: "red" }, { value: 1, color: "green" }, { value: 2, color: "red" }))
    .span(4)
    .height(HEIGHT)
}

function wellNodes() {
  return new StatBuilder()
    .title("Nodes that are not well")
    .description("kkv status on such a node says why.")
    .datasource(SOURCE)
    .withTarget(query(["count(kkv_well == 0) or vector(0)", "nodes"]))
    .thresholds(steps({ color: "green" }, { value: 1, color: "red" }))
    .span(4)
    .height(HEIGHT)
}

function contents() {
  return new StatBuilder()
    .title("Different contents in effect")
    .description("1 when all nodes have the same content in effect.")
    .datasource(SOURCE)
    .withTarget(query(['count(count_values("hash", kkv_generation_hash)) or vector(0)', "contents"]))
    .thresholds(steps({ color: "red" }, { value: 1, color: "green" }, { value: 2, color: "orange" }))
    .span(8)
    .height(HEIGHT)
}

/** 0 unknown, 1 master, 2 backup, 3 fault. */
function roles() {
  const of = (state: string) => `sum by (node, vrrp_instance) (kkv_vrrp_state{state="${state}"})`
  const expression = `${of("master")} + 2 * ${of("backup")} + 3 * ${of("fault")}`
  return timeline({
    title: "Role of each node",
    description: "As keepalived reports it. No bar: the node does not answer Prometheus.",
    queries: [[expression, "{{node}} {{vrrp_instance}}"]],
    width: 16,
  }).mappings([words({ 0: ["unknown", "yellow"], 1: ["MASTER", "green"], 2: ["backup", "blue"], 3: ["FAULT", "red"] })])
}

function findings() {
  return timeline({
    title: "What is not well",
    description: "The parts that are not well, with the number of findings.",
    queries: [
      ["sum by (node, about) (kkv_not_well) > 0", "{{node}}: {{about}}"],
      ["kkv_guard_held > 0", "{{node}}: guard {{guard}}"],
      ["sum by (node, code) (kkv_faults) > 0", "{{node}}: {{code}}"],
    ],
    width: 12,
  }).colorScheme(new grafana.FieldColorBuilder().mode(grafana.FieldColorModeId.Fixed).fixedColor("orange"))
}

function timeline({ title, description, queries, width }: Panel): StateTimelineBuilder {
  const panel = new StateTimelineBuilder().title(title).description(description).datasource(SOURCE)
  return panel.targets(queries.map(query)).mergeValues(true).span(width).height(HEIGHT)
}

function lines({ title, description, queries, width }: Panel): TimeseriesBuilder {
  const legend = new VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(LegendDisplayMode.List)
    .placement(LegendPlacement.Bottom)
  const panel = new TimeseriesBuilder().title(title).description(description).datasource(SOURCE).legend(legend)
  return panel.targets(queries.map(query)).min(0).span(width).height(HEIGHT)
}

/** Rows of the grid. */
const HEIGHT = 8

function query([expression, legend]: Query, at = 0): DataqueryBuilder {
  return new DataqueryBuilder()
    .refId(String.fromCharCode("A".charCodeAt(0) + at))
    .datasource(SOURCE)
    .expr(expression)
    .legendFormat(legend)
}

interface Step {
  /** Absent for the first, which begins at minus infinity. */
  readonly value?: number
  readonly color: string
}

function steps(...all: readonly Step[]): grafana.ThresholdsConfigBuilder {
  const thresholds = all.map(({ value, color }) => ({ value: value ?? null, color }))
  return new grafana.ThresholdsConfigBuilder().mode(grafana.ThresholdsMode.Absolute).steps(thresholds)
}

function words(all: Readonly<Record<number, readonly [text: string, color: string]>>): grafana.ValueMap {
  const options = Object.entries(all).map(([value, [text, color]]) => [value, { text, color }] as const)
  return { type: grafana.MappingType.ValueToText, options: Object.fromEntries(options) }
}
