import type { ModelSettings } from "../../core/model/settings.ts"
import { EXIT } from "../../terminal/exit-status.ts"
import { chooseNode, manifestsOf, type NodeChoice, buildOffline } from "../input/offline.ts"
import { countProblems, problemLines } from "../output/problem-lines.ts"
import { openSource, type Source } from "../input/source.ts"
import type { Terminal } from "../output/terminal.ts"
import type { Problem } from "../../kit/problem.ts"
import type { CliCode } from "../problem-codes.ts"

export interface RenderOptions extends NodeChoice {
  readonly servicesConfigmaps: readonly string[]
  readonly settings: ModelSettings
  readonly output: "text" | "json"
}

/** A keepalived.conf made from manifests, with the problems and notes. */
export interface Rendering {
  /** Null if something above the entries is wrong. */
  readonly config: string | null
  readonly sha256: string | null
  readonly node: string
  readonly interface: string
  readonly problems: readonly Problem<CliCode>[]
  readonly notes: readonly string[]
}

/** Prints the keepalived.conf made from the manifests below some paths; leaves out and reports what breaks a rule. */
export async function render(paths: readonly string[], options: RenderOptions, terminal: Terminal): Promise<number> {
  const sources = []
  for (const path of paths) sources.push(await openSource(path, terminal))
  const rendering = renderingOf(sources, options)
  if (options.output === "json") terminal.out(`${JSON.stringify(rendering, null, 2)}\n`)
  else {
    terminal.err(problemLines(rendering.problems))
    for (const note of rendering.notes) terminal.err(`note: ${note}\n`)
    terminal.out(rendering.config ?? "")
  }
  return countProblems(rendering.problems).errors === 0 ? EXIT.good : EXIT.no
}

/**
 * Renders the manifests of all sources as one tree.
 *
 * @param announced VIPs that run, as far as known.
 */
export function renderingOf(
  sources: readonly Source[],
  options: Omit<RenderOptions, "output">,
  announced: ReadonlySet<string> = new Set(),
): Rendering {
  const { objects, configMaps, problems } = manifestsOf(sources, options.servicesConfigmaps)
  const { facts, notes } = chooseNode({ objects, configMaps }, options)
  const node = { node: facts.name, interface: facts.interface, notes }
  if (configMaps.length === 0) return { config: null, sha256: null, problems, ...node }
  const walked = buildOffline(objects, configMaps, { facts, settings: options.settings, announced })
  return {
    config: walked.rendered?.text ?? null,
    sha256: walked.rendered?.sha256 ?? null,
    problems: [...problems, ...walked.problems],
    ...node,
  }
}
