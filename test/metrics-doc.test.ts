import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { createMetrics } from "../src/sidecar/report/metrics.ts"
import { createSyncMetrics } from "../src/sync/metrics.ts"
import { STATUS, SYNC_SIGNS } from "./cli/support/volume.ts"
import { running } from "./sidecar/running-agent.ts"

const path = join(import.meta.dirname, "../docs/metrics.md")

const HEAD = `# Metrics

The sidecar answers \`GET /metrics\` on 127.0.0.1, port 8080, and sync on port 10112. The component \`components/pod-monitor\` adds the node's address and
a PodMonitor for Prometheus; it gives each series the label \`node\`. This page is generated from the code (\`make golden\`).

## What deserves an alert

| Expression | Meaning | What to do |
| --- | --- | --- |
| \`sum(kkv_master) == 0\` for 1 m | no node announces the VIPs | [troubleshooting](troubleshooting.md) |
| \`sum(kkv_master) > 1\` for 1 m | two nodes announce the VIPs | they do not hear each other's adverts: [troubleshooting](troubleshooting.md) |
| \`kkv_well == 0\` for 5 m | something is not well on this node | \`kkv status\` there says what |
| \`absent(kkv_well)\` for 5 m | no sidecar answers | look at the pods |
| \`max(kkv_entries{state=~"held|partial|left-out"}) > 0\` | an entry of the ConfigMap is broken | [problem codes](problems.md) |
| \`max(kkv_entries{state="unserved"}) > 0\` for 5 m | a VIP is announced, and its Service has no ready pod | look at the pods of the Service |
| \`max by (guard) (kkv_guard_held) > 0\` | a guard holds a change that takes most VIPs away | [guards](concepts.md#guards) |
| \`kkv_source_age_seconds > 150\` | what sync knows is old | look at the API server, and at sync's log |
| \`count(count_values("hash", kkv_config_hash)) > 1\` for 5 m | nodes run different configurations | \`kkv status\` on the node that is behind |
`

/** The lines of a table: each metric of a page, and what it says. */
function tableOf(title: string, page: string): string {
  const types = new Map([...page.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", type = ""]) => [name, type]))
  const rows = [...page.matchAll(/^# HELP (\S+) (.*)$/gm)]
    .filter(([, name = ""]) => name.startsWith("kkv_"))
    .map(([, name = "", help = ""]) => {
      const labels = new RegExp(`^${name}(?:_bucket)?\\{([^}]*)\\}`, "m").exec(page)?.[1] ?? ""
      const names = [...labels.matchAll(/(\w+)="/g)].map(([, label = ""]) => label).filter((label) => label !== "le")
      return `| \`${name}\` | ${types.get(name)} | ${names.map((label) => `\`${label}\``).join(", ")} | ${help.replaceAll("|", "\\|")} |\n`
    })
  return `\n## ${title}\n\n| Metric | Type | Labels | Meaning |\n| --- | --- | --- | --- |\n${rows.toSorted().join("")}`
}

async function sidecarPage(): Promise<string> {
  const { agent } = await running()
  const watch = { pollRecovered: 0, watcherErrors: 0 }
  const nodes = { watched: 5, unreachable: ["a"], unheard: ["b"], isCutOff: true }
  const status = { ...STATUS, appliedSha256: "a".repeat(64), keepalivedVersion: "2.3.3" }
  const page = await createMetrics().page(agent.snapshot(), { watch, status, sync: SYNC_SIGNS, nodes, faults: [] })
  await agent.stop()
  return page
}

test("docs/metrics.md has every metric", async () => {
  const sync = await createSyncMetrics(() => 1_500).page()
  const text = [HEAD, tableOf("Sidecar", await sidecarPage()), tableOf("sync", sync)].join("")
  if (process.env["UPDATE_GOLDEN"] !== undefined) writeFileSync(path, text)
  assert.is(readFileSync(path, "utf8"), text)
})

test.run()
