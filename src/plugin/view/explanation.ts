import type { Colours } from "../../terminal/screen.ts"
import { table } from "../../kit/text/format.ts"
import type { Read } from "../ports.ts"
import type { ServiceView } from "../read/services.ts"
import { span } from "../../kit/text/span.ts"
import type { InstallationState, VipState } from "./state.ts"

/** What `kubectl kkv explain --output json` prints for each VIP; see docs/kubectl-kkv.md. */
export interface VipExplanation {
  readonly vip: string
  /** `namespace/name` of the VipReport. */
  readonly installation: string
  /** Null if no node reports that it serves this VIP. */
  readonly state: VipState | null
  /** The entry, where the ConfigMap of the report's name has it; null if that cannot be told. */
  readonly entry: { readonly configMap: string; readonly name: string; readonly text: string } | null
  readonly services: readonly { readonly service: string; readonly found: Read<ServiceView | null> }[]
  /** What the nodes report about this VIP. */
  readonly troubles: readonly { readonly reason: string; readonly note: string; readonly nodes: string }[]
}

/** The troubles of an installation that name this VIP, or its entry. @param entry The name of its entry; null if unknown. */
export function troublesAbout(
  { troubles }: InstallationState,
  vip: string,
  entry: string | null,
): VipExplanation["troubles"] {
  const name = vip.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
  const named = new RegExp(`(^|[^0-9a-fA-F.:])${name}([^0-9a-fA-F.:]|[.:]?$|[.:]\\s)`)
  const quotedEntry = entry === null || entry === vip ? null : JSON.stringify(entry)
  return troubles.filter(({ note }) => named.test(note) || (quotedEntry !== null && note.startsWith(`${quotedEntry}:`)))
}

/** The explanation for people. */
export function explanationText(
  one: VipExplanation,
  { colours, now }: { readonly colours: Colours; readonly now: Date },
): string {
  const { vip, state, entry, services, troubles, installation } = one
  const lines = [
    `${colours.bold(vip)}: ${stateWords(state, { colours, now })}`,
    ...(entry === null ? [] : [`  ${entryTitle(entry, vip)}`, ...entryLines(entry.text)]),
    ...troubles.map(({ reason, note, nodes }) => `  ${colours.red(reason)} on ${nodes}: ${note}`),
    ...services.flatMap(({ service, found }) => ["", ...serviceLines(service, found, colours)]),
    "",
    ...hintLines(installation, state, vip),
  ]
  return `${lines.join("\n")}\n`
}

function stateWords(
  state: VipState | null,
  { colours, now }: { readonly colours: Colours; readonly now: Date },
): string {
  if (state === null) return `${colours.yellow("unknown")}: no node reports that it holds this VIP`
  const shown = state.state === "applied" ? colours.green(state.state) : colours.yellow(state.state)
  const since = state.since === null ? "" : ` for ${span(now.getTime() - Date.parse(state.since))}`
  const holders = state.holders.length === 0 ? ", holder unknown" : ` on ${state.holders.join(" and ")}${since}`
  const verified = state.verified === false ? "; the node has not verified it" : ""
  const problem = state.problem === null ? "" : ` (${state.problem})`
  return `${shown}${problem}${holders}${verified}`
}

function entryTitle({ configMap, name }: { readonly configMap: string; readonly name: string }, vip: string): string {
  return `entry${name === vip ? "" : ` ${JSON.stringify(name)}`} in ConfigMap ${configMap}`
}

function entryLines(text: string): readonly string[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "")
  return lines.length === 0
    ? ["    (empty: the VIP is announced and nothing is forwarded)"]
    : lines.map((line) => `    ${line}`)
}

function serviceLines(service: string, found: Read<ServiceView | null>, colours: Colours): readonly string[] {
  const head = colours.bold(`Service ${service}`)
  if (found.kind === "unknown") return [head, `  unknown: ${found.why}`]
  if (found.value === null) return [head, "  this Service does not exist"]
  const { ports, endpoints, type } = found.value
  const portLines = ports.map(
    ({ port, protocol, targetPort, name }) =>
      `  port ${port}/${protocol}${name === "" ? "" : ` (${name})`}, target port ${targetPort}`,
  )
  if (endpoints.kind === "unknown") return [`${head} (${type})`, ...portLines, `  endpoints unknown: ${endpoints.why}`]
  const rows = table(endpoints.value.map(({ address, node, state, pod }) => [address, state, node ?? "-", pod ?? "-"]))
  const shown = rows.map((row, at) => `    ${endpoints.value[at]?.state === "ready" ? row : colours.yellow(row)}`)
  return [`${head} (${type})`, ...portLines, ...(shown.length === 0 ? ["    no endpoints"] : shown)]
}

/** What only the node itself knows: the lines of keepalived.conf, and which pods are unreachable from there. */
function hintLines(installation: string, state: VipState | null, vip: string): readonly string[] {
  const [namespace = ""] = installation.split("/")
  const [holder] = state?.holders ?? []
  if (holder === undefined) return []
  const pod = `"$(kubectl -n ${namespace} get pods -o name --field-selector spec.nodeName=${holder})"`
  return ["The lines of keepalived.conf on the holder:", `  kubectl -n ${namespace} exec ${pod} -- kkv explain ${vip}`]
}
