import { entryStateOf } from "../../contract/entry-state.ts"
import type { Drained } from "../../contract/node/drain.ts"
import { type Cause, causeOf } from "../../contract/fields.ts"
import type { Status, StatusDrift, StatusKeepalived, StatusNodes, StatusVip } from "../../contract/status.ts"
import type { StatusVrrp } from "../../contract/vrrp.ts"
import { type DeclarationId, partsOf, vipIdOf } from "../../core/declare/declaration.ts"
import type { EntryOutcome } from "../../core/model/types.ts"
import { type RealServer, type VipModel, vipsOf } from "../../core/model/keepalived-model.ts"
import type { Problem } from "../../kit/problem.ts"
import { roleOf, type Snapshot } from "../agent/state.ts"
import type { Observation } from "../agent/observe.ts"
import { captureProblems } from "../capture/problems.ts"
import { interferenceProblem, NO_INTERFERENCE } from "../effect/interference.ts"
import type { NodeWatchState } from "../nodes/node-watch.ts"
import { faultProblem, type StandingFault } from "../faults/standing-faults.ts"
import type { SidecarCode } from "../problem-codes.ts"

/** Values that the status shows and the snapshot does not hold. */
export interface StatusContext {
  readonly node: string
  readonly pinned: string | null
  readonly drained: Drained | null
  readonly keepalivedVersion: string | null
  /** Null when nodes are not probed. */
  readonly nodes: NodeWatchState | null
  readonly faults: readonly StandingFault[]
}

/** The status for users, probes and sync, made only from a snapshot. */
export function statusOf(snapshot: Snapshot, context: StatusContext): Omit<Status, "time"> {
  const { observation, inEffect } = snapshot
  const { outcome, code, reason } = outcomeOf(snapshot)
  const generation =
    observation?.kind === "candidate" || observation?.kind === "no-model" ? observation.generation.sequence : null
  return {
    ...{ outcome, code, reason },
    observedGeneration: generation,
    appliedGeneration: inEffect?.generation?.sequence ?? null,
    appliedSha256: inEffect?.sha256 ?? null,
    pinned: context.pinned,
    drained: context.drained,
    node: context.node,
    vrrp: vrrpOf(snapshot),
    keepalived: keepalivedOf(snapshot),
    drift: driftOf(snapshot),
    keepalivedVersion: context.keepalivedVersion,
    nodes: context.nodes === null ? null : nodesOf(context.nodes),
    vips: statusVipsOf(snapshot),
    problems: [...context.faults.map(faultProblem), ...problemsOf(snapshot)],
  }
}

function nodesOf({ watched, unreachable, unheard, isCutOff }: NodeWatchState): StatusNodes {
  const unheardNames = unheard.slice(0, MOST_NAMES)
  return { watched, unreachable, unheard: unheard.length, unheardNames, cutOff: isCutOff }
}

/** Maximum length of a list, so that one line of the status holds it. */
const MOST_NAMES = 10

/** The outcome of the newest generation, and the code and reason if it is not a success. */
function outcomeOf({ observation, outcome, inEffect }: Snapshot): Pick<Status, "outcome" | "code" | "reason"> {
  const waiting = (reason: string) => ({ outcome: "waiting", code: null, reason }) as const
  if (observation === null) return waiting("the agent has just started")
  if (observation.kind === "no-generation" && observation.problems.length === 0 && inEffect === null)
    return waiting(observation.reason)
  if (observation.kind !== "candidate") {
    const cause = unusableOf(observation)
    return { outcome: "rejected", code: cause?.code ?? null, reason: cause?.message ?? null }
  }
  if (observation.release.sha256 === inEffect?.sha256)
    return { outcome: outcome?.kind === "unchanged" ? "unchanged" : "applied", code: null, reason: null }
  if (outcome === null || outcome.kind === "applied" || outcome.kind === "unchanged")
    return waiting("the newest generation is being applied")
  return { outcome: outcome.kind, code: OUTCOME_CODES[outcome.kind], reason: outcome.reason }
}

/** Why the newest generation gives no configuration, so that what runs continues. */
function unusableOf(observation: Exclude<Observation, { readonly kind: "candidate" }>): Cause<SidecarCode> | null {
  const error = observation.problems.find(isError)
  if (observation.kind === "no-model") return causeOf(error)
  const code = observation.reading === "absent" ? "GENERATION_ABSENT" : "GENERATION_UNREADABLE"
  return { code: error?.code ?? code, message: observation.reason }
}

/** The states of the instances in effect, as keepalived reports them. Before any is in effect: of those that it reports. */
export function vrrpOf({ roles, inEffect }: Snapshot): readonly StatusVrrp[] {
  const unknown = { interface: null, advertInterval: null, priority: null }
  const instances = inEffect?.model.instances ?? [...roles.keys()].map((name) => ({ name, ...unknown }))
  return instances.map(({ name, interface: interfaceName, advertInterval, priority }) => ({
    ...{ instance: name, interface: interfaceName },
    ...roleOf({ roles }, name),
    ...{ advertInterval, priority },
  }))
}

function keepalivedOf({ running, observation }: Snapshot): StatusKeepalived {
  // Before the first look it is unknown.
  if (running === null) return observation === null ? "unknown" : "stopped"
  return running.vrrp === null ? "without-vrrp" : "running"
}

function driftOf({ drift, inEffect }: Snapshot): StatusDrift {
  if (inEffect === null || drift === null) return "unknown"
  if (drift.difference === null) return "none"
  return drift.repaired ? "repaired" : "found"
}

/** Everything that a user should correct or know, in the order of the places. */
export function problemsOf(snapshot: Snapshot): readonly Problem<SidecarCode>[] {
  const { observation, drift, inEffect, interference = NO_INTERFERENCE, captured } = snapshot
  // Problems of an earlier generation do not concern the one in effect.
  const outcome = isInEffect(snapshot) ? null : snapshot.outcome
  const own: Problem<SidecarCode>[] = []
  const add = (code: SidecarCode, message: string) =>
    own.push({ code, severity: "error", path: ["keepalived"], place: null, message })
  if (outcome?.kind === "rejected" || outcome?.kind === "rolled-back" || outcome?.kind === "stranded") {
    add(OUTCOME_CODES[outcome.kind], outcome.reason)
    if (outcome.kind === "rejected")
      for (const { line, message } of outcome.diagnostics)
        add("REFUSED_BY_KEEPALIVED", line === null ? message : `line ${line} of the candidate: ${message}`)
  }
  if (drift !== null && drift.difference !== null)
    add(
      "DRIFT",
      `The kernel differs from what is in effect: ${drift.difference}${drift.repaired ? " (being repaired)" : drift.waits === true ? " (repaired when the pause after the last repair is over)" : ""}`,
    )
  const foreign = inEffect === null ? null : interferenceProblem(interference, inEffect.model)
  if (foreign !== null) own.push(foreign)
  if (captured !== undefined && inEffect !== null) own.push(...captureProblems(captured, inEffect.model))
  if (observation === null) return own
  if (observation.kind === "candidate") return [...own, ...observation.built.problems]
  return [...own, ...observation.problems]
}

const OUTCOME_CODES = {
  rejected: "CONFIG_REJECTED",
  "rolled-back": "ROLLED_BACK",
  stranded: "STRANDED",
} as const

function isInEffect({ observation, inEffect }: Snapshot): boolean {
  return observation?.kind === "candidate" && observation.release.sha256 === inEffect?.sha256
}

function isError(problem: Problem<SidecarCode>): boolean {
  return problem.severity === "error"
}

function statusVipsOf(snapshot: Snapshot): readonly StatusVip[] {
  if (snapshot.observation?.kind !== "candidate") return heldVips(snapshot)
  const { entries } = snapshot.observation.built
  const running = snapshot.inEffect === null ? [] : vipsOf(snapshot.inEffect.model)
  const announced = new Set(running.map(({ id, address }) => vipIdOf(id, address)))
  const effect = { isApplied: isInEffect(snapshot), announced }
  return [...entries.map((entry) => vipOf(entry, effect)), ...goingVips(entries, snapshot)]
}

interface Effect {
  /** Whether the newest generation is in effect. */
  readonly isApplied: boolean
  /** The VIPs that keepalived has, by vipIdOf(). */
  readonly announced: ReadonlySet<string>
}

function vipOf(entry: EntryOutcome, { isApplied, announced }: Effect): StatusVip {
  const unserved = entry.vip === null ? 0 : entry.waiting.length
  const { id, name } = entry.declaration
  const vip = entry.address ?? name
  const found = causeOf(entry.problems.find(isError) ?? entry.problems[0])
  return {
    ...countsOf(entry.vip),
    ...{ vip, ...originOf(id), services: entry.services, unserved },
    state: entryStateOf({ form: entry.state, unserved, isInEffect: isApplied }),
    inEffect: announced.has(vipIdOf(id, vip)),
    problem: found ?? (entry.state !== "pending" ? null : entry.vip === null ? UNCHECKED : REPLACED),
  }
}

/** A VIP that is in effect and that the newest generation does not have: it goes when that generation comes into effect. */
function goingVips(entries: readonly EntryOutcome[], snapshot: Snapshot): readonly StatusVip[] {
  if (isInEffect(snapshot)) return []
  const ids = new Set(entries.map(({ declaration, address }) => vipIdOf(declaration.id, address ?? "")))
  return runningVips(snapshot).flatMap((vip) =>
    ids.has(vipIdOf(`${vip.object} ${vip.entry}`, vip.vip))
      ? []
      : [{ ...vip, state: "pending" as const, problem: GONE }],
  )
}

const GONE: Cause<SidecarCode> = {
  code: "ENTRY_GONE",
  message: "its entry is gone; it stays until the newest generation is in effect",
}
const REPLACED: Cause<SidecarCode> = {
  code: "ENTRY_GONE",
  message: "its entry does not name it any more; it stays until the addresses that its entry names now are announced",
}
const UNCHECKED: Cause<SidecarCode> = {
  code: "ADDRESS_UNCHECKED",
  message:
    "the sidecar is asking the LAN whether the address is in use, before it announces the address for the first time",
}

/** Without a complete generation, the running configuration stays: every VIP of it is held. */
function heldVips(snapshot: Snapshot): readonly StatusVip[] {
  const { observation } = snapshot
  const problem = observation === null || observation.kind === "candidate" ? null : unusableOf(observation)
  return runningVips(snapshot).map((vip) => ({ ...vip, state: "held" as const, problem }))
}

function runningVips({ inEffect }: Snapshot): readonly Omit<StatusVip, "state" | "problem">[] {
  return (inEffect === null ? [] : vipsOf(inEffect.model)).map((vip) => ({
    ...countsOf(vip),
    ...{ vip: vip.address, ...originOf(vip.id), inEffect: true, unserved: 0 },
    services: [...new Set(vip.virtualServers.map(({ service }) => service))],
  }))
}

/** The object and the entry that ask for a VIP. */
function originOf(id: DeclarationId): Pick<StatusVip, "object" | "entry"> {
  const { object, name } = partsOf(id)
  return { object, entry: name }
}

type Counts = Pick<StatusVip, "virtualServers" | "realServers" | "readyPods" | "drainingPods" | "unreachablePods">

/** A pod may be a real server of several ports: it counts once. */
function countsOf(vip: VipModel | null): Counts {
  const servers = vip?.virtualServers ?? []
  const reals = servers.flatMap(({ realServers }) => realServers)
  const draining = reals.filter((one) => one.draining)
  const others = reals.filter((one) => !one.draining)
  return {
    virtualServers: servers.length,
    realServers: reals.length,
    readyPods: podsOf(others.filter(({ weight }) => weight > 0)),
    drainingPods: podsOf(draining),
    unreachablePods: podsOf(others.filter(({ weight }) => weight === 0)),
  }
}

function podsOf(realServers: readonly RealServer[]): number {
  return new Set(realServers.map(({ address }) => address)).size
}
