import { existsSync } from "node:fs"
import { join } from "node:path"

import type { Age } from "../../contract/heartbeat.ts"
import { POINTER_FILE, STATUS_FILE } from "../../contract/layout.ts"
import type { Pin } from "../../contract/node/pin.ts"
import { decodePointer, type Pointer } from "../../contract/pointer.ts"
import { decodeStatus, type Status, type StatusNodes, type StatusVip } from "../../contract/status.ts"
import { decodeSyncStatus, type SyncStatus } from "../../contract/sync-status.ts"
import type { StatusVrrp } from "../../contract/vrrp.ts"
import { findingsFor } from "../../contract/well.ts"
import type { AgentSigns, SyncSigns } from "../../contract/signs.ts"
import type { Problem } from "../../kit/problem.ts"
import { EXIT } from "../../terminal/exit-status.ts"
import { placeOf } from "../output/problem-lines.ts"
import { agentSignsIn, syncBeatIn } from "../../heartbeats/read.ts"
import type { Terminal } from "../output/terminal.ts"
import { type Colours, coloursOf } from "../../terminal/screen.ts"
import { readContractFile, readPin } from "../input/volume-files.ts"
import { firstOf, table } from "../../kit/text/format.ts"

export interface StatusOptions {
  readonly desired: string
  readonly applied: string
  /** The node's directory, with the pin. */
  readonly state: string
  readonly output: "text" | "json"
}

/** What `kkv status --output json` prints; see docs/commands.md. */
interface Report {
  readonly healthy: boolean
  /** Why it is not; empty if it is. */
  readonly reasons: readonly string[]
  readonly sidecar: Status
  /** Time since the sidecar showed that it lives, and that it checked keepalived: the status is from then. */
  readonly agent: AgentSigns
  /** The pin of a rollback; null if nothing is pinned. */
  readonly pin: Pin | null
  /** Null if the volume of sync cannot be read. */
  readonly pointer: Pointer | null
  readonly sync: SyncStatus | null
  /** Time since sync showed that it lives; null if the volume of sync cannot be read. */
  readonly syncSilence: Age | null
  /** Age of sync's knowledge of the source; null likewise. */
  readonly sourceAge: Age | null
}

/** Prints what the sidecar of this node made of the newest generation, and what sync made of its source. */
export async function status(options: StatusOptions, terminal: Terminal): Promise<number> {
  const file = join(options.applied, STATUS_FILE)
  const sidecar = readContractFile(file, decodeStatus)
  if (sidecar === null) throw new Error(`Cannot read "${file}": it does not exist; ${absenceHint(options)}`)
  const agent = agentSignsIn(options.applied)
  const pointer = readContractFile(join(options.desired, POINTER_FILE), decodePointer)
  const said = readContractFile(join(options.desired, STATUS_FILE), decodeSyncStatus)
  const ages = existsSync(options.desired) ? syncBeatIn(options.desired) : null
  const sync: SyncSigns | null = ages === null ? null : { ...ages, published: pointer?.sequence ?? null, status: said }
  const reasons = findingsFor("status", { status: sidecar, agent, sync }).map(({ text }) => text)
  const pin = sidecar.pinned === null ? null : readPin(options.state)
  const report: Report = {
    healthy: reasons.length === 0,
    ...{ reasons, sidecar, agent, pin, pointer, sync: said },
    ...{ syncSilence: ages?.silence ?? null, sourceAge: ages?.sourceAge ?? null },
  }
  terminal.out(options.output === "json" ? `${JSON.stringify(report, null, 2)}\n` : page(report, coloursOf(terminal)))
  return Promise.resolve(report.healthy ? EXIT.good : EXIT.no)
}

function absenceHint({ applied }: StatusOptions): string {
  return existsSync(applied)
    ? "the sidecar has not completed its first pass yet"
    : "run this where the sidecar runs, or name its directory with --applied"
}

function page(report: Report, colours: Colours): string {
  const { sidecar, pointer, sync } = report
  const { drained = null } = sidecar
  const good = report.healthy ? colours.green("healthy") : colours.red("not healthy")
  const facts = table([
    ["Node", `${sidecar.node}${interfacesText(sidecar.vrrp)}`],
    ...vrrpRows(sidecar.vrrp),
    ["Outcome", `${sidecar.outcome}, as of ${sidecar.time}`],
    ["Generation", generationText(sidecar, pointer)],
    ...(sidecar.pinned === null ? [] : [["Pinned", pinText(sidecar.pinned, report.pin)]]),
    ...(drained === null ? [] : [["Drained", `since ${drained.since}: ${drained.reason}`]]),
    ...(sidecar.nodes === null ? [] : [["Nodes", nodesText(sidecar.nodes)]]),
    ["Source", sourceText(report)],
    ["keepalived", `${sidecar.keepalivedVersion ?? "cannot be run"}, ${sidecar.keepalived}`],
    ["Agent", agentText(report.agent)],
  ])
  const sections = [
    [
      `${roleText(sidecar.vrrp, colours)} on ${sidecar.node}: ${good}`,
      ...report.reasons.map((reason) => `  ${reason}`),
    ],
    facts,
    vipLines(sidecar.vips, colours),
    problemSection("Problems", sidecar, { colours, place: placeOfEntry }),
    sync === null ? [] : problemSection("Problems of the source", sync, { colours, place: placeOf }),
  ]
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`
}

/** `MASTER`; with several instances `MASTER of vips, BACKUP of lan`. */
function roleText(vrrp: Status["vrrp"], colours: Colours): string {
  const words = vrrp.map(({ instance, state }) => {
    const role = state === "master" ? colours.bold("MASTER") : state.toUpperCase()
    return vrrp.length === 1 ? role : `${role} of ${instance}`
  })
  return words.length === 0 ? "UNKNOWN" : words.join(", ")
}

function interfacesText(vrrp: Status["vrrp"]): string {
  const names = [...new Set(vrrp.flatMap((one) => one.interface ?? []))]
  if (names.length === 0) return ""
  return `, ${names.length === 1 ? "interface" : "interfaces"} ${names.join(", ")}`
}

function vrrpRows(vrrp: Status["vrrp"]): string[][] {
  if (vrrp.length === 0) return [["VRRP", "UNKNOWN"]]
  return vrrp.map((one) => [vrrp.length === 1 ? "VRRP" : `VRRP ${one.instance}`, vrrpLine(one)])
}

function vrrpLine({ state, since, reason }: StatusVrrp): string {
  const time = since === null ? "" : ` since ${since}`
  return `${state.toUpperCase()}${time}${reason === null ? "" : `: ${reason}`}`
}

function sourceText({ sync, sourceAge }: Report): string {
  if (sync === null || sourceAge === null) return "not visible from here"
  const read = sourceAge.kind === "age" ? `read ${ago(sourceAge)}` : "time of last read unknown"
  return `${sync.source}: ${sync.state} since ${sync.since}, ${read}`
}

function agentText({ silence }: AgentSigns): string {
  return silence.kind === "age" ? `showed that it lives ${ago(silence)}` : "unknown whether it lives"
}

function ago({ seconds }: Extract<Age, { kind: "age" }>): string {
  return `${Math.round(seconds)} s ago`
}

function generationText(sidecar: Status, pointer: Pointer | null): string {
  const published = pointer === null ? "" : `, published ${pointer.sequence}`
  return `observed ${orNone(sidecar.observedGeneration)}, applied ${orNone(sidecar.appliedGeneration)}${published}`
}

function vipLines(vips: readonly StatusVip[], colours: Colours): readonly string[] {
  if (vips.length === 0) return ["No VIPs"]
  const isOfSeveral = new Set(vips.map(({ object }) => object)).size > 1
  const [head = "", ...rows] = table([
    ["VIP", "STATE", "VIRTUAL SERVERS", "READY PODS", "REAL SERVERS", "SERVICES"],
    ...vips.map((vip) => [
      nameOf(vip, isOfSeveral),
      vip.state,
      String(vip.virtualServers),
      vip.services.length === 0 ? "-" : String(vip.readyPods),
      String(vip.realServers),
      vip.services.join(", ") || "-",
    ]),
  ])
  const lines = rows.flatMap((row, at) => {
    const vip = vips[at]
    if (vip === undefined) return []
    const shown = vip.state === "applied" ? row : colours.yellow(row)
    return vip.problem === null ? [shown] : [shown, `  ${vip.problem.code}: ${vip.problem.message}`]
  })
  return [colours.bold(head), ...lines]
}

/** The VIP, with its entry where that has another name, and its object where there are several. */
function nameOf({ vip, object, entry }: StatusVip, isOfSeveral: boolean): string {
  const origin = [...(isOfSeveral ? [object] : []), ...(entry === vip ? [] : [entry])].join(", ")
  return origin === "" ? vip : `${vip} (${origin})`
}

interface Section {
  readonly colours: Colours
  /** The place of a problem, in words for users. */
  readonly place: (problem: Problem<string>) => string
}

function problemSection(
  title: string,
  { problems }: Pick<Status, "problems">,
  { colours, place }: Section,
): readonly string[] {
  if (problems.length === 0) return []
  const marks = { error: colours.red("error:"), warning: colours.yellow("warning:") }
  return [
    colours.bold(title),
    ...problems.map((problem) => `  ${marks[problem.severity]} ${place(problem)}: ${problem.code}: ${problem.message}`),
  ]
}

/** Users do not have the files of the volume, but the ConfigMap and the key of an entry in it. */
function placeOfEntry({ path }: Problem<string>): string {
  const [object, field, key] = path
  return field === "data" && key !== undefined ? `${object}, entry ${key}` : path.join(" ")
}

function pinText(pinned: string, pin: Pin | null): string {
  return pin === null ? pinned : `generation ${pin.sequence} since ${pin.pinnedAt}: ${pin.reason}`
}

function nodesText({ watched, unreachable, unheard, unheardNames, cutOff }: StatusNodes): string {
  return [
    `${watched - unreachable.length - unheard} of ${watched} reachable`,
    ...(unreachable.length === 0 ? [] : [`silent: ${unreachable.join(", ")}`]),
    ...(unheard === 0 ? [] : [`never heard: ${firstOf(unheardNames, unheardNames.length, unheard)}`]),
    ...(cutOff ? ["half of them or more are silent: this node may be cut off, so it judges no other node"] : []),
  ].join("; ")
}

function orNone(sequence: number | null): string {
  return sequence === null ? "none" : String(sequence)
}
