import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { parse } from "yaml"

import { createMetrics } from "../src/sidecar/report/metrics.ts"
import { createSyncMetrics } from "../src/sync/metrics.ts"
import { ALERTS, WITHOUT_ALERT } from "../scripts/alerts.ts"
import { STATUS, SYNC_SIGNS } from "./cli/support/volume.ts"
import { running } from "./sidecar/running-agent.ts"

const path = join(import.meta.dirname, "../docs/metrics.md")

const HEAD = `# Metrics

The sidecar answers \`GET /metrics\` on 127.0.0.1, port 8080, and sync on port 10112. The component \`components/pod-monitor\` adds the node's address and
a PodMonitor for Prometheus; it gives each series the label \`node\`. This page is generated from the code (\`make golden\`).

Both programs also have the usual metrics of a Node.js process (\`process_…\`, \`nodejs_…\`). No metric names a Service, and none a VIP unless
\`--metrics-per-vip\` asks for it.

## Dashboard

The component \`components/grafana-dashboard\` has a Grafana dashboard as a ConfigMap with the label \`grafana_dashboard: "1"\`, which the
sidecar of the Grafana chart loads; or import its \`dashboard.json\` by hand. The panels about traffic need the collector \`ipvs\` of
node_exporter. The dashboard is checked against Grafana's schema, and was not loaded into a Grafana here.

## Alerts

The component \`components/prometheus-rule\` has these alerts as a PrometheusRule; the \`spec\` of its file is a rule file for a Prometheus
without the operator. Each alert has the annotation \`runbook_url\`. promtool checks the rules in \`make test\`.
If one Prometheus has several installations, add a label that tells them apart to each expression.

`

/** Where a person on call finds the pages. */
const PAGES = "https://github.com/kube-keepalived-vip/kube-keepalived-vip/blob/main/docs"

/** The table of the alerts. */
function alertTable(): string {
  const rows = ALERTS.map(({ name, severity, duration, summary, page }) => {
    const meaning = summary.replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, "_$1_")
    return `| \`${name}\` | ${severity} | ${duration} | ${meaning} | [${page.replace(".md", "").replace("#", ": ")}](${page}) |\n`
  })
  return `| Alert | Severity | After | Meaning | What to do |\n| --- | --- | --- | --- | --- |\n${rows.join("")}`
}

/** The alerts as an object for the Prometheus Operator. */
function ruleObject(): string {
  const rules = ALERTS.map(
    ({ name, expression, duration, severity, summary, page }) =>
      `        - alert: ${name}\n          expr: ${expression}\n          for: ${duration}\n          labels: {severity: ${severity}}\n` +
      `          annotations:\n            summary: ${JSON.stringify(summary)}\n            runbook_url: ${PAGES}/${page}\n`,
  )
  return `# Made from scripts/alerts.ts (make golden).
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: kube-keepalived-vip
  namespace: kube-keepalived-vip
spec:
  groups:
    - name: kube-keepalived-vip
      rules:
${rules.join("")}`
}

/** The alerts of a metric, or why it has none. */
function alertOf(metric: string): string {
  const names = ALERTS.filter(({ expression }) => new RegExp(`\\b${metric}(?:_bucket)?\\b`).test(expression))
  const reason = WITHOUT_ALERT[metric]
  assert.is(names.length > 0, reason === undefined, `${metric} needs an alert, or a reason why it has none`)
  return reason ?? names.map(({ name }) => `\`${name}\``).join(", ")
}

/** The lines of a table: each metric of a page, and what it says. */
function tableOf(title: string, page: string): string {
  const types = new Map([...page.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", type = ""]) => [name, type]))
  const rows = [...page.matchAll(/^# HELP (\S+) (.*)$/gm)]
    .filter(([, name = ""]) => name.startsWith("kkv_"))
    .map(([, name = "", help = ""]) => {
      const labels = new RegExp(`^${name}(?:_bucket)?\\{([^}]*)\\}`, "m").exec(page)?.[1] ?? ""
      const names = [...labels.matchAll(/(\w+)="/g)].map(([, label = ""]) => label).filter((label) => label !== "le")
      return `| \`${name}\` | ${types.get(name)} | ${names.map((label) => `\`${label}\``).join(", ")} | ${help.replaceAll("|", "\\|")} | ${alertOf(name)} |\n`
    })
  return `\n## ${title}\n\n| Metric | Type | Labels | Meaning | Alert |\n| --- | --- | --- | --- | --- |\n${rows.toSorted().join("")}`
}

const FAULT = { key: "record", code: "RECORD_FAILED", message: "Cannot write", since: new Date(0) } as const

async function sidecarPage(): Promise<string> {
  const { agent } = await running()
  const watch = { pollRecovered: 0, watcherErrors: 0 }
  const nodes = { watched: 5, unreachable: ["a"], unheard: ["b"], isCutOff: true }
  const status = { ...STATUS, appliedSha256: "a".repeat(64), keepalivedVersion: "2.3.3" }
  const metrics = createMetrics({ perVip: true })
  const page = await metrics.page(agent.snapshot(), { watch, status, sync: SYNC_SIGNS, nodes, faults: [FAULT] })
  await agent.stop()
  return page
}

test("docs/metrics.md has every metric, and an alert for it or a reason", async () => {
  const sync = await createSyncMetrics({ staleMs: () => 1_500, faults: () => [] }).page()
  const text = [HEAD, alertTable(), tableOf("Sidecar", await sidecarPage()), tableOf("sync", sync)].join("")
  if (process.env["UPDATE_GOLDEN"] !== undefined) writeFileSync(path, text)
  assert.is(readFileSync(path, "utf8"), text)
})

test("the alerts use metrics, labels and values that there are", async () => {
  const page = (await sidecarPage()) + (await createSyncMetrics({ staleMs: () => 1_500, faults: () => [] }).page())
  for (const { name, expression } of ALERTS) {
    const selectors = [...expression.matchAll(/\b(kkv_\w+)(?:\{(\w+)=~?"([^"]+)"\})?/g)]
    assert.ok(selectors.length > 0, name)
    for (const [, metric = "", label, values = ""] of selectors) {
      assert.match(page, new RegExp(`^${metric}[ {]`, "m"), name)
      if (label === undefined) continue
      for (const value of values.split("|"))
        assert.match(page, new RegExp(`^${metric}\\{[^}]*\\b${label}="${value}"`, "m"), `${name}: ${value}`)
    }
    const { by = "" } = /by \((?<by>[^)]*)\)/.exec(expression)?.groups ?? {}
    for (const label of by.split(", ").filter((one) => one !== "" && one !== "node"))
      assert.match(page, `${label}="`, `${name}: ${label}`)
  }
})

test("the component prometheus-rule has every alert, as YAML readers read it", () => {
  const rulePath = join(import.meta.dirname, "../manifests/components/prometheus-rule/prometheus-rule.yaml")
  if (process.env["UPDATE_GOLDEN"] !== undefined) writeFileSync(rulePath, ruleObject())
  const text = readFileSync(rulePath, "utf8")
  assert.is(text, ruleObject())
  const rules: readonly { readonly alert: string; readonly expr: string }[] = parse(text).spec.groups[0].rules
  assert.equal(
    rules.map(({ alert, expr }) => [alert, expr]),
    ALERTS.map(({ name, expression }) => [name, expression]),
  )
})

test("the alerts lead to headings that there are", () => {
  for (const { page } of ALERTS) {
    const [file = "", anchor] = page.split("#")
    const headings = [...readFileSync(join(path, "..", file), "utf8").matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w -]/g, "")
        .replaceAll(" ", "-"),
    )
    assert.ok(anchor === undefined || headings.includes(anchor), page)
  }
})

test.run()
