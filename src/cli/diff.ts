import { EXIT } from "./exit-status.ts"
import { chooseNode, manifestsOf, type NodeChoice } from "./offline.ts"
import { problemLines } from "./problem-lines.ts"
import { type RenderOptions, renderingOf } from "./render.ts"
import { openSource, type Source } from "./source.ts"
import { coloursOf, type Terminal } from "./terminal.ts"
import { type NamedText, unifiedDiff } from "./unified-diff.ts"

/**
 * Prints what changes in keepalived.conf from one source to another. A side that is no configuration yet is rendered,
 * for the node of the other side where that is one.
 */
export async function diff(
  [old, new_]: readonly [old: string, new_: string],
  options: RenderOptions,
  terminal: Terminal,
): Promise<number> {
  const sources = [await openSource(old, terminal), await openSource(new_, terminal)] as const
  const choice = choiceOf(sources, options)
  const left = configOf(sources[0], { ...options, ...choice }, terminal)
  const right = configOf(sources[1], { ...options, ...choice }, terminal)
  const text = unifiedDiff(
    left,
    right,
    coloursOf({ ...terminal, colour: terminal.colour && options.output === "text" }),
  )
  if (options.output === "json") terminal.out(`${JSON.stringify({ same: text === null, diff: text ?? "" }, null, 2)}\n`)
  else terminal.out(text ?? "")
  return text === null ? EXIT.good : EXIT.no
}

/** The flags count; then what a written configuration says; then the first Node that both sides have. */
function choiceOf(sources: readonly [Source, Source], options: RenderOptions): NodeChoice {
  const written = sources.flatMap(({ config }) => config?.text ?? [])[0] ?? ""
  const given = {
    node: options.node ?? /^ *router_id (\S+)$/m.exec(written)?.[1] ?? null,
    interface: options.interface ?? /^ *interface (\S+)$/m.exec(written)?.[1] ?? null,
  }
  if (given.node !== null && given.interface !== null) return given
  const [one, other] = sources.map((source) => manifestsOf([source], options.servicesConfigmap).objects)
  if (one === undefined || other === undefined) return given
  const names = new Set(other.nodes.map(({ object }) => object.metadata.name))
  const common = one.nodes.filter(({ object }) => names.has(object.metadata.name))
  const nodes = common.length > 0 ? common : [...one.nodes, ...other.nodes]
  const { facts } = chooseNode({ ...one, nodes }, given)
  return { node: facts.name, interface: facts.interface }
}

function configOf(source: Source, options: RenderOptions, terminal: Terminal): NamedText {
  if (source.config !== null) return { name: source.config.file, text: source.config.text }
  const { config, problems } = renderingOf([source], options)
  terminal.err(problemLines(problems))
  if (config === null) throw new Error(`Cannot compare "${source.name}": no keepalived.conf can be made from it`)
  return { name: source.name, text: config }
}
