import { join } from "node:path"

import { CONFIG_FILE } from "../../contract/archive.ts"
import { causeOf } from "../../contract/fields.ts"
import { entryStateOf, isAsWritten } from "../../contract/entry-state.ts"
import { STATUS_FILE } from "../../contract/layout.ts"
import { decodeStatus } from "../../contract/status.ts"
import { findingsFor } from "../../contract/well.ts"
import { type Declaration, sourceText } from "../../core/declare/declaration.ts"
import { explainService } from "../../core/explain/service.ts"
import { byPlace } from "../../kit/problem.ts"
import { blocksOf } from "../input/config-text.ts"
import { EXIT } from "../../terminal/exit-status.ts"
import { type Explanation, explanationText } from "./explanation.ts"
import { chooseNode, type Manifests, manifestsOf, buildOffline } from "../input/offline.ts"
import { problemLines } from "../output/problem-lines.ts"
import type { RenderOptions } from "./render.ts"
import { agentSignsIn } from "../../heartbeats/read.ts"
import { openSource } from "../input/source.ts"
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
  const found = explanationOf(vip, manifests, { ...options, announced: onVolume ? announcedIn(options) : new Set() })
  if (found === null) {
    terminal.err(problemLines(manifests.problems))
    terminal.err(`kkv: Cannot explain "${vip}": ${whatThereIs(manifests)}\n`)
    return EXIT.no
  }
  const explanation = onVolume ? asApplied(found, options) : found
  if (options.output === "json") terminal.out(`${JSON.stringify(explanation, null, 2)}\n`)
  else terminal.out(explanationText(explanation, coloursOf(terminal)))
  return EXIT.good
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

function explanationOf(
  vip: string,
  { objects, configMaps }: Manifests,
  options: ExplainOptions & { readonly announced: ReadonlySet<string> },
): Explanation | null {
  if (configMaps.length === 0) return null
  const { facts } = chooseNode({ objects, configMaps }, options)
  const { built, rendered } = buildOffline(objects, configMaps, {
    facts,
    settings: options.settings,
    announced: options.announced,
  })
  const named = built.entries.filter(({ declaration }) => isNamed(declaration, vip))
  const entry = named.find((one) => one.vip !== null) ?? named[0]
  if (entry === undefined) return null
  const { source, place, services } = entry.declaration
  return {
    vip,
    entry: { object: sourceText(source), place, text: entry.text },
    state: entryStateOf({
      form: entry.state,
      unserved: entry.vip === null ? 0 : entry.waiting.length,
      isInEffect: true,
    }),
    outdated: null,
    problem: causeOf(entry.problems.find(({ severity }) => severity === "error")),
    services: services.map((target) => explainService(target, entry, { ...objects, nodes: built.own.nodes })),
    config:
      rendered === null
        ? null
        : { file: `keepalived.conf for node ${facts.name}`, blocks: blocksOf(rendered.text, vip) },
    problems: entry.problems.toSorted(byPlace),
  }
}

/** Whether a declaration has this name or this address. */
function isNamed({ name, addresses }: Declaration, vip: string): boolean {
  return name === vip || addresses.some(({ text }) => text === vip)
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
    ({ object, entry }) => object === explanation.entry.object && entry === explanation.vip,
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
