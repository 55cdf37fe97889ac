import { join } from "node:path"

import { CONFIG_FILE } from "../../contract/archive.ts"
import { causeOf } from "../../contract/fields.ts"
import { entryStateOf, isAsWritten } from "../../contract/entry-state.ts"
import { STATUS_FILE } from "../../contract/layout.ts"
import { decodeStatus } from "../../contract/status.ts"
import { findingsFor } from "../../contract/well.ts"
import { sourceText } from "../../core/declare/declaration.ts"
import { explainService } from "../../core/explain/service.ts"
import type { NodeFacts } from "../../core/model/settings.ts"
import type { EntryOutcome } from "../../core/model/types.ts"
import { byPlace } from "../../kit/problem.ts"
import { blocksOf } from "../input/config-text.ts"
import { EXIT } from "../../terminal/exit-status.ts"
import { type Explanation, explanationText, type LineAt } from "./explanation.ts"
import { chooseNode, type Manifests, manifestsOf, buildOffline, type OfflineBuild } from "../input/offline.ts"
import { problemLines } from "../output/problem-lines.ts"
import type { RenderOptions } from "./render.ts"
import { agentSignsIn } from "../../heartbeats/read.ts"
import { openSource, type Source } from "../input/source.ts"
import type { Terminal } from "../output/terminal.ts"
import { coloursOf } from "../../terminal/screen.ts"
import { readContractFile, readIfPresent } from "../input/volume-files.ts"
import { listed } from "../../kit/text/format.ts"

export interface ExplainOptions extends RenderOptions {
  readonly desired: string
  readonly applied: string
}

/**
 * Prints which objects and lines led to which lines of keepalived.conf for one VIP. Without paths it reads the volumes:
 * the lines are then those of the running file, and the state is the sidecar's.
 */
export async function explain(
  [vip, ...paths]: readonly [vip: string, ...paths: string[]],
  options: ExplainOptions,
  terminal: Terminal,
): Promise<number> {
  const onVolume = paths.length === 0
  const sources = []
  for (const path of onVolume ? [options.desired] : paths) sources.push(await openSource(path, terminal))
  const manifests = manifestsOf(sources, options.servicesConfigmaps)
  const announced = onVolume ? announcedIn(options) : new Set<string>()
  const found = explanationsOf(vip, manifests, { ...options, announced })
  if (found.length === 0) {
    terminal.err(problemLines(manifests.problems))
    terminal.err(`kkv: Cannot explain "${vip}": ${whatThereIs(manifests)}\n`)
    return EXIT.no
  }
  const explanations = onVolume ? found.map((one) => asApplied(one, options)) : found
  if (options.output === "json") for (const one of explanations) terminal.out(`${JSON.stringify(one, null, 2)}\n`)
  else {
    const look = { colours: coloursOf(terminal), lineAt: linesIn(sources) }
    terminal.out(explanations.map((one) => explanationText(one, look)).join("\n"))
  }
  return EXIT.good
}

/** Maximum characters of a line that is shown: JSON may be one line. */
const LONGEST_LINE = 300

/** Finds the line of a place; null if no source has its file, or if it is too long to show. */
function linesIn(sources: readonly Source[]): LineAt {
  const texts = new Map(sources.flatMap(({ files }) => files.map(({ file, text }) => [file, text])))
  return ({ file, line }) => {
    const found = line === null ? undefined : texts.get(file)?.split("\n")[line - 1]
    return found === undefined || found.length > LONGEST_LINE ? null : found
  }
}

function whatThereIs({ configMaps }: Manifests): string {
  if (configMaps.length === 0) return "the manifests have no ConfigMap with VIPs"
  return configMaps
    .map(({ object: { data, metadata } }) => {
      const keys = Object.keys(data)
      return `${metadata.namespace}/${metadata.name} has ${keys.length === 0 ? "no entries" : `only ${listed(keys)}`}`
    })
    .join("; ")
}

/** One explanation for an address; one for each VIP of the entry for a name. */
function explanationsOf(
  target: string,
  { objects, configMaps }: Manifests,
  options: ExplainOptions & { readonly announced: ReadonlySet<string> },
): readonly Explanation[] {
  if (configMaps.length === 0) return []
  const { facts } = chooseNode({ objects, configMaps }, options)
  const { built, rendered } = buildOffline(objects, configMaps, {
    facts,
    settings: options.settings,
    announced: options.announced,
  })
  return meantBy(target, built.entries).map((entry) =>
    explanationOf(entry, { target, objects, facts, built, rendered }),
  )
}

interface Built extends Pick<OfflineBuild, "built" | "rendered"> {
  readonly target: string
  readonly objects: Manifests["objects"]
  readonly facts: NodeFacts
}

function explanationOf(entry: EntryOutcome, { target, objects, facts, built, rendered }: Built): Explanation {
  const { source, name, place, services } = entry.declaration
  const vip = entry.address ?? target
  return {
    vip,
    entry: { object: sourceText(source), name, place, text: entry.text },
    state: entryStateOf({
      form: entry.state,
      unserved: entry.vip === null ? 0 : entry.waiting.length,
      isInEffect: true,
    }),
    outdated: null,
    problem: causeOf(entry.problems.find(({ severity }) => severity === "error")),
    services: services.map((one) => explainService(one, entry, { ...objects, nodes: built.own.nodes })),
    config:
      rendered === null
        ? null
        : { file: `keepalived.conf for node ${facts.name}`, blocks: blocksOf(rendered.text, vip) },
    problems: entry.problems.toSorted(byPlace),
  }
}

/** The outcome that has an address, preferably one that runs; or all outcomes of the entry with a name. */
function meantBy(target: string, entries: readonly EntryOutcome[]): readonly EntryOutcome[] {
  const having = entries.filter(({ address }) => address === target)
  const named = entries.filter(({ declaration }) => declaration.name === target)
  const all = having.length > 0 ? having : named
  const first = all.find((one) => one.vip !== null) ?? all[0]
  if (first === undefined) return []
  return having.length > 0 ? [first] : named.filter(({ declaration }) => declaration.id === first.declaration.id)
}

/** The VIPs that run, from the sidecar's status: a Node may list them because they run. */
function announcedIn({ applied }: ExplainOptions): ReadonlySet<string> {
  const status = readContractFile(join(applied, STATUS_FILE), decodeStatus)
  return new Set(status?.vips.flatMap(({ vip, state }) => (state === "left-out" ? [] : [vip])))
}

/** The same with the state that the sidecar reports and the lines of the running file. */
function asApplied(explanation: Explanation, { applied }: ExplainOptions): Explanation {
  const status = readContractFile(join(applied, STATUS_FILE), decodeStatus)
  const signs = { agent: agentSignsIn(applied), sync: null }
  const findings = status === null ? [] : findingsFor("status", { status, ...signs })
  const reported = status?.vips.find(
    ({ object, entry, vip }) =>
      object === explanation.entry.object && entry === explanation.entry.name && vip === explanation.vip,
  )
  const file = join(applied, CONFIG_FILE)
  const text = readIfPresent(file)
  return {
    ...explanation,
    // A VIP that the status does not report as in effect is not in effect.
    state: reported?.state ?? (isAsWritten(explanation.state) ? "pending" : explanation.state),
    outdated: findings.find(({ about }) => about === "agent")?.text ?? null,
    problem: reported?.problem ?? explanation.problem,
    config: text === null ? explanation.config : { file, blocks: blocksOf(text, reported?.vip ?? explanation.vip) },
  }
}
