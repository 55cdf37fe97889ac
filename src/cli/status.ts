import { existsSync } from "node:fs"
import { join } from "node:path"

import {
  type Age,
  HEARTBEAT_BYTES,
  HEARTBEAT_DIRECTORY,
  HEARTBEAT_FILE,
  heartbeatAge,
  readHeartbeat,
  SILENT_SECONDS,
} from "../contract/heartbeat.ts"
import { isUnwell, type StatusVrrp, vrrpText } from "../contract/vrrp.ts"
import { POINTER_FILE, STATUS_FILE } from "../contract/layout.ts"
import { decodePointer, type Pointer } from "../contract/pointer.ts"
import { decodeStatus, type Status, type StatusVip } from "../contract/status.ts"
import { decodeSyncStatus, type SyncStatus } from "../contract/sync-status.ts"
import { readRegularFile } from "../kit/safe-read.ts"
import { bootId, uptimeSeconds } from "../kit/uptime.ts"
import { EXIT } from "./exit-status.ts"
import { problemLine } from "./problem-lines.ts"
import { type Colours, coloursOf, type Terminal } from "./terminal.ts"
import { readContractFile } from "./volume-files.ts"
import { counted, table } from "./words.ts"

export interface StatusOptions {
  readonly desired: string
  readonly applied: string
  readonly output: "text" | "json"
}

/** What `kkv status --output json` prints; see docs/commands.md. */
interface Report {
  readonly healthy: boolean
  /** Why it is not; empty where it is. */
  readonly reasons: readonly string[]
  readonly sidecar: Status
  /** Null where the volume of sync is not there to be read. */
  readonly pointer: Pointer | null
  readonly sync: SyncStatus | null
  /** How long ago sync last showed that it lives; null where the volume of sync is not there to be read. */
  readonly syncSilence: Age | null
}

/** Prints what the sidecar of this node made of the newest generation, and what sync made of its source. */
export async function status(options: StatusOptions, terminal: Terminal): Promise<number> {
  const file = join(options.applied, STATUS_FILE)
  const sidecar = readContractFile(file, decodeStatus)
  if (sidecar === null) throw new Error(`Cannot read "${file}": there is none; ${absenceHint(options)}`)
  const pointer = readContractFile(join(options.desired, POINTER_FILE), decodePointer)
  const sync = readContractFile(join(options.desired, STATUS_FILE), decodeSyncStatus)
  const found = { sidecar, pointer, sync, syncSilence: silenceIn(options.desired) }
  const reasons = reasonsOf(found)
  const report: Report = { healthy: reasons.length === 0, reasons, ...found }
  terminal.out(options.output === "json" ? `${JSON.stringify(report, null, 2)}\n` : page(report, coloursOf(terminal)))
  return Promise.resolve(report.healthy ? EXIT.good : EXIT.no)
}

function silenceIn(desired: string): Age | null {
  if (!existsSync(desired)) return null
  const path = join(desired, HEARTBEAT_DIRECTORY, HEARTBEAT_FILE)
  const reading = readHeartbeat(() => readRegularFile(path, HEARTBEAT_BYTES))
  const age = heartbeatAge(reading, { uptime: uptimeSeconds(), bootId: bootId() })
  return age.kind === "age" ? { kind: "age", seconds: Math.round(age.seconds) } : age
}

function absenceHint({ applied }: StatusOptions): string {
  return existsSync(applied)
    ? "the sidecar has not ended its first pass yet"
    : "run this where the sidecar runs, or name its directory with --applied"
}

type Found = Omit<Report, "healthy" | "reasons">

function reasonsOf({ sidecar, pointer, sync, syncSilence }: Found): readonly string[] {
  const reasons: string[] = []
  if (isUnwell(sidecar.vrrp)) reasons.push(vrrpText(sidecar.vrrp))
  if (sidecar.outcome !== "applied" && sidecar.outcome !== "unchanged")
    reasons.push(`the last pass ended as ${sidecar.outcome}${sidecar.reason === null ? "" : `: ${sidecar.reason}`}`)
  for (const state of ["held", "partial", "left-out", "pending"] as const) {
    const vips = sidecar.vips.filter((vip) => vip.state === state)
    if (vips.length > 0)
      reasons.push(`${counted(vips.length, "VIP")} ${vips.length === 1 ? "is" : "are"} ${WORDS[state]}`)
  }
  if (sidecar.pinned !== null) reasons.push(`pinned to ${sidecar.pinned}; "kkv resume" ends that`)
  else if (pointer !== null && pointer.sequence !== sidecar.observedGeneration)
    reasons.push(
      `stale: generation ${pointer.sequence} is published, the sidecar has read ${orNone(sidecar.observedGeneration)}`,
    )
  if (sync !== null && sync.state !== "published") reasons.push(SYNC_WORDS[sync.state])
  if (syncSilence?.kind === "unknown") reasons.push(`Cannot tell whether sync lives: ${syncSilence.why}`)
  else if (syncSilence !== null && syncSilence.seconds > SILENT_SECONDS)
    reasons.push(`sync has been silent for ${syncSilence.seconds} s: what runs goes on, and no change arrives`)
  return reasons
}

const SYNC_WORDS = {
  held: "sync holds: its source has problems",
  failed: "sync cannot write its volume: what runs goes on, and no change arrives",
  waiting: "sync has published nothing yet",
} as const

const WORDS = {
  held: "held in the last good form",
  partial: "announced in part",
  "left-out": "left out",
  pending: "not applied yet",
} as const

function page(report: Report, colours: Colours): string {
  const { sidecar, pointer, sync } = report
  const good = report.healthy ? colours.green("healthy") : colours.red("not healthy")
  const role = sidecar.vrrp.state === "master" ? colours.bold("MASTER") : sidecar.vrrp.state.toUpperCase()
  const facts = table([
    ["Node", `${sidecar.node}${sidecar.interface === null ? "" : `, interface ${sidecar.interface}`}`],
    ["VRRP", vrrpLine(sidecar.vrrp)],
    ["Outcome", `${sidecar.outcome}, as of ${sidecar.time}`],
    ["Generation", generationText(sidecar, pointer)],
    ...(sidecar.pinned === null ? [] : [["Pinned", sidecar.pinned]]),
    ["Source", sync === null ? "not to be seen from here" : `${sync.source}: ${sync.state} since ${sync.since}`],
    ["keepalived", sidecar.keepalivedVersion ?? "cannot be run"],
  ])
  const sections = [
    [`${role} on ${sidecar.node}: ${good}`, ...report.reasons.map((reason) => `  ${reason}`)],
    facts,
    vipLines(sidecar.vips, colours),
    problemSection("Problems", sidecar, colours),
    sync === null ? [] : problemSection("Problems of the source", sync, colours),
  ]
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`
}

function vrrpLine({ state, since, reason }: StatusVrrp): string {
  const time = since === null ? "" : ` since ${since}`
  return `${state.toUpperCase()}${time}${reason === null ? "" : `: ${reason}`}`
}

function generationText(sidecar: Status, pointer: Pointer | null): string {
  const published = pointer === null ? "" : `, published ${pointer.sequence}`
  return `observed ${orNone(sidecar.observedGeneration)}, applied ${orNone(sidecar.appliedGeneration)}${published}`
}

function vipLines(vips: readonly StatusVip[], colours: Colours): readonly string[] {
  if (vips.length === 0) return ["No VIPs"]
  const [head = "", ...rows] = table([
    ["VIP", "STATE", "VIRTUAL SERVERS", "REAL SERVERS", "SERVICES"],
    ...vips.map((vip) => [
      vip.entry === vip.vip ? vip.vip : `${vip.vip} (${vip.entry})`,
      vip.state,
      String(vip.virtualServers),
      String(vip.realServers),
      vip.services.join(", ") || "-",
    ]),
  ])
  const lines = rows.flatMap((row, at) => {
    const vip = vips[at]
    if (vip === undefined) return []
    const shown = vip.state === "applied" ? row : colours.yellow(row)
    return vip.reason === null ? [shown] : [shown, `  ${vip.reason}`]
  })
  return [colours.bold(head), ...lines]
}

function problemSection(title: string, { problems }: Pick<Status, "problems">, colours: Colours): readonly string[] {
  return problems.length === 0 ? [] : [colours.bold(title), ...problems.map((problem) => `  ${problemLine(problem)}`)]
}

function orNone(sequence: number | null): string {
  return sequence === null ? "none" : String(sequence)
}
