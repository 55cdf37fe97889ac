import { existsSync } from "node:fs"

import { ADDRESS, HOST_PREFIX } from "../../core/address/pattern.ts"
import { GUARD_PERCENT, guardChange } from "../../core/model/guards.ts"
import { EXIT } from "../../terminal/exit-status.ts"
import { chooseNode, manifestsOf, type NodeChoice, buildOffline } from "../input/offline.ts"
import { problemLine, problemLines } from "../output/problem-lines.ts"
import { type RenderOptions, renderingOf } from "./render.ts"
import { archivesOf } from "../input/archives.ts"
import { openSource, type Source } from "../input/source.ts"
import type { Terminal } from "../output/terminal.ts"
import { coloursOf } from "../../terminal/screen.ts"
import { type NamedText, unifiedDiff } from "../output/unified-diff.ts"
import { listed } from "../../kit/text/format.ts"

/**
 * Prints what changes in keepalived.conf from one source to another. Manifests are rendered, if possible for the node of
 * the configuration on the other side.
 */
export async function diff(
  [old, new_]: readonly [old: string, new_: string],
  options: RenderOptions & { readonly state: string },
  terminal: Terminal,
): Promise<number> {
  const sources = [
    await openSource(pathOf(old, options.state), terminal),
    await openSource(pathOf(new_, options.state), terminal),
  ] as const
  const choice = choiceOf(sources, options)
  const context = { ...options, ...choice, announced: announcedIn(sources) }
  const left = configOf(sources[0], context, terminal)
  const right = configOf(sources[1], context, terminal)
  terminal.err(guardNote(sources, { ...options, ...choice }))
  const text = unifiedDiff(
    left,
    right,
    coloursOf({ ...terminal, colour: terminal.colour && options.output === "text" }),
  )
  if (options.output === "json") terminal.out(`${JSON.stringify({ same: text === null, diff: text ?? "" }, null, 2)}\n`)
  else terminal.out(text ?? "")
  return text === null ? EXIT.good : EXIT.no
}

/** Finds the archive with a number of `kkv history`, if no file has that name. */
function pathOf(word: string, state: string): string {
  if (!/^\d{1,20}$/.test(word) || existsSync(word)) return word
  const archives = archivesOf(state)
  const found = archives.find(({ sequence }) => sequence === Number(word))
  if (found !== undefined) return found.path
  const known =
    archives.length === 0 ? "nothing yet" : `only ${listed(archives.map(({ sequence }) => String(sequence)))}`
  throw new Error(`Cannot compare ${word}: no file has this name, and the archive in ${state} has ${known}`)
}

/** Warns if the nodes will hold this step. */
function guardNote(sources: readonly [Source, Source], options: RenderOptions): string {
  const [old, new_] = sources.map((source) => (source.config === null ? walkOf(source, options) : null))
  const model = old?.built.model ?? null
  if (model === null || old === null || old === undefined || new_ === null || new_ === undefined) return ""
  const { configMaps, objects, built } = new_
  const before = { model, nodes: old.objects.nodes.length, percent: GUARD_PERCENT, believesInLostEndpoints: false }
  const verdict = guardChange(before, { configMaps, built, nodes: objects.nodes.length })
  return verdict.kind === "pass" ? "" : `note: the nodes will hold this: ${problemLine(verdict.problem)}\n`
}

function walkOf(source: Source, options: RenderOptions) {
  const { objects, configMaps } = manifestsOf([source], options.servicesConfigmaps)
  if (configMaps.length === 0) return null
  const { facts } = chooseNode({ objects, configMaps }, options)
  return { objects, configMaps, built: buildOffline(objects, configMaps, { facts, settings: options.settings }).built }
}

/** Uses the flags first, then the written configuration, then the first Node that both sides have. */
function choiceOf(sources: readonly [Source, Source], options: RenderOptions): NodeChoice {
  const written = sources.flatMap(({ config }) => config?.text ?? [])[0] ?? ""
  const given = {
    node: options.node ?? /^ *router_id (\S+)$/m.exec(written)?.[1] ?? null,
    interface: options.interface ?? /^ *interface (\S+)$/m.exec(written)?.[1] ?? null,
  }
  if (given.node !== null && given.interface !== null) return given
  const [one, other] = sources.map((source) => manifestsOf([source], options.servicesConfigmaps).objects)
  if (one === undefined || other === undefined) return given
  const names = new Set(other.nodes.map(({ object }) => object.metadata.name))
  const common = one.nodes.filter(({ object }) => names.has(object.metadata.name))
  const nodes = common.length > 0 ? common : [...one.nodes, ...other.nodes]
  const { facts } = chooseNode({ objects: { ...one, nodes }, configMaps: [] }, given)
  return { node: facts.name, interface: facts.interface }
}

/** The VIPs of a written configuration: a Node may list them because they run. */
function announcedIn(sources: readonly Source[]): ReadonlySet<string> {
  const texts = sources.flatMap(({ config }) => config?.text ?? [])
  return new Set(texts.flatMap((text) => [...text.matchAll(ANNOUNCED)].map(([, address = ""]) => address)))
}

const ANNOUNCED = new RegExp(`^ *(${ADDRESS})${HOST_PREFIX} dev `, "gm")

type Context = RenderOptions & { readonly announced: ReadonlySet<string> }

function configOf(source: Source, options: Context, terminal: Terminal): NamedText {
  if (source.config !== null) return { name: source.config.file, text: source.config.text }
  const { config, problems } = renderingOf([source], options, options.announced)
  terminal.err(problemLines(problems))
  if (config === null) throw new Error(`Cannot compare "${source.name}": no keepalived.conf can be made from it`)
  return { name: source.name, text: config }
}
