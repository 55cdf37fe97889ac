import { entriesOf, type RawEntry } from "../../core/declare/entries.ts"
import { parseEntry } from "../../core/declare/parse-entry.ts"
import type { ModelSettings } from "../../core/model/settings.ts"
import type { ConfigMap } from "../../core/objects/kinds.ts"
import { byPlace, type Problem } from "../../kit/problem.ts"
import { EXIT } from "../../terminal/exit-status.ts"
import { chooseNode, type Manifests, manifestsOf, virtualServersAskedFor, buildOffline } from "../input/offline.ts"
import { countProblems, problemLines, problemSummary } from "../output/problem-lines.ts"
import { githubText } from "../output/github.ts"
import { junitText } from "../output/junit.ts"
import { sarifText } from "../output/sarif.ts"
import type { Validation, ValidationFormat } from "../output/validation.ts"
import { openSource } from "../input/source.ts"
import type { Terminal } from "../output/terminal.ts"
import { counted } from "../../kit/text/format.ts"
import type { CliCode } from "../problem-codes.ts"

export interface ValidateOptions {
  /** `namespace/name` of each; empty: the only ConfigMap. */
  readonly servicesConfigmaps: readonly string[]
  readonly settings: ModelSettings
  readonly output: ValidationFormat
}

/** Prints everything that is wrong with the manifests below some paths. */
export async function validate(
  paths: readonly string[],
  options: ValidateOptions,
  terminal: Terminal,
): Promise<number> {
  const sources = []
  for (const path of paths) sources.push(await openSource(path, terminal))
  const report = reportOf(manifestsOf(sources, options.servicesConfigmaps), options.settings)
  terminal.out(textOf(report, options.output))
  return report.good ? EXIT.good : EXIT.no
}

function reportOf(manifests: Manifests, settings: ModelSettings): Validation {
  const { configMaps } = manifests
  const notes: string[] = []
  const problems = [...manifests.problems, ...entryProblems(manifests, settings, notes)]
  return {
    good: countProblems(problems).errors === 0,
    configMaps: configMaps.map(({ object }) => nameOf(object)),
    vips: configMaps.flatMap(entriesOf).reduce((sum, raw) => sum + vipsIn(raw), 0),
    ...virtualServersAskedFor(manifests),
    problems: problems.toSorted(byPlace),
    notes,
  }
}

/** Number of VIPs that an entry asks for. Without a readable address it counts as one. */
function vipsIn(raw: RawEntry): number {
  return Math.max(1, parseEntry(raw).value.addresses.length)
}

function entryProblems(
  { objects, configMaps, hasEndpoints, hasServices }: Manifests,
  settings: ModelSettings,
  notes: string[],
): readonly Problem<CliCode>[] {
  if (configMaps.length === 0) return []
  const { facts } = chooseNode({ objects, configMaps }, { node: null, interface: null })
  let found: readonly Problem<CliCode>[] = buildOffline(objects, configMaps, { facts, settings }).problems.filter(
    ({ code }) => !ABOUT_THIS_NODE.has(code),
  )
  const unasked = (code: string, note: string) => {
    const kept = found.filter((problem) => problem.code !== code)
    if (kept.length < found.length) notes.push(note)
    found = kept
  }
  if (!hasServices)
    unasked(
      "SERVICE_NOT_FOUND",
      "the manifests have no Service: the check that the Services of the entries exist is skipped",
    )
  if (!hasEndpoints)
    unasked("NO_ENDPOINTS", "the manifests have no EndpointSlice or Endpoints: the check for ready pods is skipped")
  return found
}

function textOf(report: Validation, format: ValidationFormat): string {
  switch (format) {
    case "text":
      return `${problemLines(report.problems)}${report.notes.map((note) => `note: ${note}\n`).join("")}${verdictOf(report)}\n`
    case "json":
      return `${JSON.stringify(report, null, 2)}\n`
    case "github":
      return githubText(report, verdictOf(report))
    case "sarif":
      return sarifText(report)
    case "junit":
      return junitText(report, verdictOf(report))
  }
}

function verdictOf({ good, configMaps, vips, virtualServers, waiting, problems }: Validation): string {
  const waits = waiting === 0 ? "" : ` (${waiting} without a ready pod)`
  const counts = `${counted(vips, "VIP")}, ${counted(virtualServers, "virtual server")}${waits}`
  const summary = problemSummary(problems)
  const verdict = good ? `${counts}: ${problems.length === 0 ? "no problems" : summary}` : summary
  return `${verdict}${sourcesText(configMaps)}`
}

function sourcesText(configMaps: readonly string[]): string {
  if (configMaps.length === 0) return ""
  return ` (ConfigMap${configMaps.length === 1 ? "" : "s"} ${configMaps.join(", ")})`
}

function nameOf({ metadata }: ConfigMap): string {
  return `${metadata.namespace}/${metadata.name}`
}

/** Manifests need not contain the Nodes; only a node knows which of them it is. */
const ABOUT_THIS_NODE: ReadonlySet<string> = new Set(["NODE_UNKNOWN", "UNICAST_NEEDS_PEERS"])
