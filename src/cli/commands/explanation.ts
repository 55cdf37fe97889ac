import type { EntryState } from "../../contract/entry-state.ts"
import type { Cause } from "../../contract/fields.ts"
import { type Place, placeText, type Problem } from "../../kit/problem.ts"
import type { ConfigBlock } from "../input/config-text.ts"
import type { ExplainedEndpoint, ExplainedSource } from "../../core/explain/endpoints.ts"
import type { ExplainedPort, ExplainedService } from "../../core/explain/service.ts"
import { problemLine } from "../output/problem-lines.ts"
import type { Colours } from "../../terminal/screen.ts"
import { caretText } from "../../kit/text/caret.ts"
import { table } from "../../kit/text/format.ts"
import type { CliCode } from "../problem-codes.ts"

/** The explanation of one VIP, as `kkv explain --output json` prints it; see docs/commands.md. */
export interface Explanation {
  readonly vip: string
  /** `object` holds the entry: `ConfigMap default/vips`. */
  readonly entry: {
    readonly object: string
    /** Its key there: the address, or the name of a long form. */
    readonly name: string
    readonly place: Place | null
    readonly text: string
  }
  /** From manifests: the state on a node that has them in effect. From the volumes: the state that the sidecar reports. */
  readonly state: EntryState
  /** Why the state is old; null if the sidecar lives, or is not asked. */
  readonly outdated: string | null
  /** Why the state is not the good one; null if it is. */
  readonly problem: Cause<string> | null
  /** In the entry's order. */
  readonly services: readonly ExplainedService[]
  /** Null without a keepalived.conf. */
  readonly config: { readonly file: string; readonly blocks: readonly ConfigBlock[] } | null
  readonly problems: readonly Problem<CliCode>[]
}

/** The line of a place; null if it is not known. */
export type LineAt = (place: Place) => string | null

/** The explanation for people. */
export function explanationText(
  explanation: Explanation,
  { colours, lineAt }: { readonly colours: Colours; readonly lineAt: LineAt },
): string {
  const { vip, entry, state, outdated, problem, services, config, problems } = explanation
  const bad = state !== "applied"
  const lines = [
    `${colours.bold(vip)}: ${bad ? colours.yellow(state) : colours.green(state)}`,
    ...(outdated === null ? [] : [`  ${outdated}`]),
    ...(bad && problem !== null ? [`  ${problem.code}: ${problem.message}`] : []),
    `  entry  ${entry.name === vip ? "" : `${JSON.stringify(entry.name)}, `}${placed(entry.place)}`,
    ...entryLines(entry.text),
    ...services.flatMap((service) => ["", ...serviceLines(service, colours)]),
    "",
    ...configLines(config, colours),
    ...(problems.length === 0
      ? []
      : ["", colours.bold("Problems"), ...problems.flatMap((one) => problemText(one, lineAt))]),
  ]
  return `${lines.join("\n")}\n`
}

function problemText(problem: Problem<CliCode>, lineAt: LineAt): readonly string[] {
  const line = problem.place === null ? null : lineAt(problem.place)
  const quote = line === null ? [] : caretText(line, problem.place?.column ?? null).split("\n")
  return [`  ${problemLine(problem)}`, ...quote.map((one) => `    ${one}`)]
}

function entryLines(text: string): readonly string[] {
  if (text.trim() === "") return ["         (empty: the VIP is announced and nothing is forwarded)"]
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => `         ${JSON.stringify(line).slice(1, -1)}`)
}

function serviceLines(
  { service, forwardingMethod, place, ports }: ExplainedService,
  colours: Colours,
): readonly string[] {
  const head = `${colours.bold(`Service ${service}`)} (${forwardingMethod})  ${placed(place)}`
  if (place === null) return [head, "  this Service does not exist"]
  return [head, ...ports.flatMap((port) => portLines(port, colours))]
}

function portLines(port: ExplainedPort, colours: Colours): readonly string[] {
  const name = port.name === "" ? "" : ` (${port.name})`
  const result = port.virtualServer === null ? "no virtual server" : `virtual server ${port.virtualServer}`
  const head = `  port ${port.port}/${port.protocol}${name}, target port ${port.targetPort}: ${result}`
  if (port.sources.length === 0) return [head, "    no EndpointSlice and no Endpoints belong to it"]
  return [head, ...port.sources.flatMap((source) => sourceLines(source, colours))]
}

function sourceLines({ kind, name, place, endpoints }: ExplainedSource, colours: Colours): readonly string[] {
  const rows = table(endpoints.map(endpointCells))
  const shown = rows.map((row, at) => `      ${endpoints[at]?.weight === null ? colours.yellow(row) : row}`)
  return [`    ${kind} ${name}  ${placed(place)}`, ...(shown.length === 0 ? ["      no endpoints"] : shown)]
}

function endpointCells({ address, port, node, condition, weight, why }: ExplainedEndpoint): readonly string[] {
  const is = weight === null ? "not a real server" : `real server, weight ${weight}`
  return [`${address}${port === null ? "" : `:${port}`}`, node === null ? "" : `on ${node}`, condition, `${is}: ${why}`]
}

function configLines(config: Explanation["config"], colours: Colours): readonly string[] {
  if (config === null) return ["These manifests do not give a keepalived.conf: kkv validate shows the problems"]
  const head = colours.bold(config.file)
  if (config.blocks.length === 0) return [head, "  this VIP is not in it"]
  return [head, ...config.blocks.flatMap((block) => blockLines(block))]
}

function blockLines({ kind, key, first, last, lines }: ConfigBlock): readonly string[] {
  const width = String(last).length
  const what = kind === "address" ? "announced" : `virtual server ${key}`
  const range = first === last ? `line ${first}` : `lines ${first}-${last}`
  return [
    `  ${range}: ${what}`,
    ...lines.map((line, at) => `    ${String(first + at).padStart(width)} | ${line}`.trimEnd()),
  ]
}

function placed(place: Place | null): string {
  return place === null ? "(not found)" : placeText(place)
}
