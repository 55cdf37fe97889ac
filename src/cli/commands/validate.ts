import type { ModelSettings } from "../../core/model/settings.ts"
import type { ConfigMap } from "../../core/objects/kinds.ts"
import { byPlace, type Problem } from "../../kit/problem.ts"
import { EXIT } from "../output/exit-status.ts"
import { chooseNode, type Manifests, manifestsOf, virtualServersAskedFor, buildOffline } from "../input/offline.ts"
import { countProblems, problemLines, problemSummary } from "../output/problem-lines.ts"
import { openSource } from "../input/source.ts"
import type { Terminal } from "../output/terminal.ts"
import { counted } from "../output/format.ts"
import type { CliCode } from "../problem-codes.ts"

export interface ValidateOptions {
  /** `namespace/name` of each; empty: the only ConfigMap. */
  readonly servicesConfigmaps: readonly string[]
  readonly settings: ModelSettings
  readonly output: "text" | "json"
}

/** What `kkv validate --output json` prints; see docs/commands.md. */
interface Report {
  readonly good: boolean
  /** `namespace/name` of the ConfigMaps that were read, in their order. */
  readonly configMaps: readonly string[]
  readonly vips: number
  readonly virtualServers: number
  /** Number of these without an endpoint now; they are not in keepalived.conf until they have one. */
  readonly waiting: number
  readonly problems: readonly Problem<CliCode>[]
  readonly notes: readonly string[]
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
  if (options.output === "json") terminal.out(`${JSON.stringify(report, null, 2)}\n`)
  else printReport(report, terminal)
  return report.good ? EXIT.good : EXIT.no
}

function reportOf(manifests: Manifests, settings: ModelSettings): Report {
  const { configMaps } = manifests
  const notes: string[] = []
  const problems = [...manifests.problems, ...entryProblems(manifests, settings, notes)]
  return {
    good: countProblems(problems).errors === 0,
    configMaps: configMaps.map(({ object }) => nameOf(object)),
    vips: configMaps.reduce((sum, { object }) => sum + Object.keys(object.data).length, 0),
    ...virtualServersAskedFor(manifests),
    problems: problems.toSorted(byPlace),
    notes,
  }
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

function printReport(report: Report, terminal: Terminal): void {
  terminal.out(problemLines(report.problems))
  for (const note of report.notes) terminal.out(`note: ${note}\n`)
  const { configMaps, vips, virtualServers, waiting, problems } = report
  const waits = waiting === 0 ? "" : ` (${waiting} without a ready pod)`
  const good = `${counted(vips, "VIP")}, ${counted(virtualServers, "virtual server")}${waits}`
  const summary = problemSummary(problems)
  const verdict = report.good ? `${good}: ${problems.length === 0 ? "no problems" : summary}` : summary
  terminal.out(`${verdict}${sourcesText(configMaps)}\n`)
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
