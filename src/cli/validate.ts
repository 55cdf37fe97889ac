import type { ModelSettings } from "../core/model/settings.ts"
import { byPlace, type Problem } from "../kit/problem.ts"
import { EXIT } from "./exit-status.ts"
import { chooseNode, type Manifests, manifestsOf, virtualServersAskedFor, walkOffline } from "./offline.ts"
import { countProblems, problemLines, problemSummary } from "./problem-lines.ts"
import { openSource } from "./source.ts"
import type { Terminal } from "./terminal.ts"
import { counted } from "./words.ts"

export interface ValidateOptions {
  /** `namespace/name`; null: the only ConfigMap there is. */
  readonly servicesConfigmap: string | null
  readonly settings: ModelSettings
  readonly output: "text" | "json"
}

/** What `kkv validate --output json` prints; see docs/commands.md. */
interface Report {
  readonly good: boolean
  readonly vips: number
  readonly virtualServers: number
  readonly problems: readonly Problem[]
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
  const report = reportOf(manifestsOf(sources, options.servicesConfigmap), options.settings)
  if (options.output === "json") terminal.out(`${JSON.stringify(report, null, 2)}\n`)
  else printReport(report, terminal)
  return report.good ? EXIT.good : EXIT.no
}

function reportOf(manifests: Manifests, settings: ModelSettings): Report {
  const { configMap, objects } = manifests
  const notes: string[] = []
  const problems = [...manifests.problems, ...entryProblems(manifests, settings, notes)]
  return {
    good: countProblems(problems).errors === 0,
    vips: configMap === null ? 0 : Object.keys(configMap.object.data).length,
    virtualServers: configMap === null ? 0 : virtualServersAskedFor(objects, configMap),
    problems: problems.toSorted(byPlace),
    notes,
  }
}

function entryProblems(
  { objects, configMap, hasEndpoints }: Manifests,
  settings: ModelSettings,
  notes: string[],
): readonly Problem[] {
  if (configMap === null) return []
  const { facts } = chooseNode(objects, { node: null, interface: null })
  const found = walkOffline(objects, configMap, { facts, settings }).problems.filter(
    ({ code }) => !ABOUT_THIS_NODE.has(code),
  )
  if (hasEndpoints) return found
  const kept = found.filter(({ code }) => code !== "NO_ENDPOINTS")
  if (kept.length < found.length)
    notes.push("no EndpointSlice or Endpoints here: whether any pod is ready was not looked at")
  return kept
}

function printReport(report: Report, terminal: Terminal): void {
  terminal.out(problemLines(report.problems))
  for (const note of report.notes) terminal.out(`note: ${note}\n`)
  const { vips, virtualServers, problems } = report
  const good = `${counted(vips, "VIP")}, ${counted(virtualServers, "virtual server")}`
  const summary = problemSummary(problems)
  terminal.out(`${report.good ? `${good}: ${problems.length === 0 ? "no problems" : summary}` : summary}\n`)
}

/** Manifests need not hold the Nodes; which of them this is, only a node can tell. */
const ABOUT_THIS_NODE: ReadonlySet<string> = new Set(["NODE_UNKNOWN", "NODE_WITHOUT_ADDRESS", "UNICAST_NEEDS_PEERS"])
