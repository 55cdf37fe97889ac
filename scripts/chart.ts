/**
 * Writes what of the Helm chart has its source elsewhere: copies of manifests/, and from scripts/chart/values.ts the values, their schema
 * and the README. Usage: node scripts/chart.ts [--check]
 *   --check  changes nothing; exit status 1 if a file is not as it would be written
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"

import { chartYaml } from "./chart/chart-yaml.ts"
import { valuesSchema } from "./chart/keys.ts"
import { readme } from "./chart/readme.ts"
import { ROOT } from "./chart/release.ts"
import { valuesYaml } from "./chart/values-yaml.ts"

const CHART = "charts/kube-keepalived-vip"

/** What the templates begin with: the objects themselves are in no template. */
const COPIED = [
  ...["cluster-role", "configmap", "daemonset", "role", "service-account", "view-role", "vipreport-crd"].map(
    (name) => `manifests/base/${name}.yaml`,
  ),
  "manifests/components/admission/policy.yaml",
  "manifests/components/grafana-dashboard/dashboard.json",
  "manifests/components/pod-monitor/pod-monitor.yaml",
  "manifests/components/prometheus-rule/prometheus-rule.yaml",
]

const made = new Map([
  ["Chart.yaml", chartYaml()],
  ["values.yaml", valuesYaml()],
  ["values.schema.json", `${JSON.stringify(valuesSchema(), null, 2)}\n`],
  ["README.md", readme()],
  ...COPIED.map((source) => [`manifests/${basename(source)}`, copyOf(source)] as const),
])

if (process.argv.includes("--check")) {
  const differing = differences()
  for (const line of differing) process.stderr.write(`${line}\n`)
  if (differing.length > 0) process.stderr.write("Run `npm run chart` and commit what changed\n")
  process.exitCode = differing.length === 0 ? 0 : 1
} else {
  rmSync(join(ROOT, CHART, "manifests"), { recursive: true, force: true })
  mkdirSync(join(ROOT, CHART, "manifests"))
  for (const [file, text] of made) writeFileSync(join(ROOT, CHART, file), text)
}

/** JSON has no room for a comment. */
function copyOf(source: string): string {
  const text = readFileSync(join(ROOT, source), "utf8")
  return source.endsWith(".json") ? text : `# Copy of ${source} (npm run chart).\n${text}`
}

function differences(): readonly string[] {
  const copies = readdirSync(join(ROOT, CHART, "manifests")).map((file) => `manifests/${file}`)
  const lines = copies.filter((file) => !made.has(file)).map((file) => `${CHART}/${file}: no source makes it`)
  for (const [file, text] of made) {
    const path = join(ROOT, CHART, file)
    if (!existsSync(path)) lines.push(`${CHART}/${file}: it is missing`)
    else if (readFileSync(path, "utf8") !== text) lines.push(`${CHART}/${file}: its source makes another text`)
  }
  return lines
}
