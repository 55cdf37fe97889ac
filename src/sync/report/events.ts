import { ofInstance } from "../../contract/vrrp.ts"
import { STALE_SECONDS } from "../../contract/well.ts"
import type { NodeReport, Trouble } from "../../contract/report/node-report.ts"
import { STALE_NOTE } from "./node-troubles.ts"
import { counted } from "../../kit/text/format.ts"
import type { Notice } from "./recorder.ts"
import type { Summary } from "../../contract/report/vip-report.ts"
import { isReady } from "./summary.ts"

/** A notice without the object that it is about. */
export type EventText = Omit<Notice, "regarding">

/** News of one node, for its Pod. */
export function eventsOfNode(before: NodeReport | null, after: NodeReport): readonly EventText[] {
  const isNews = before?.state !== "applied" || before.configMap !== after.configMap
  const role = [...roleNotes(before, after), ...drainNotes(before, after)]
  if (after.state === "applied" && isNews) {
    return [
      ...role,
      normal("Applied", `Version ${after.configMap} of the ConfigMap is in effect: ${counted(after.vips, "VIP")}`),
    ]
  }
  return [...role, ...newOf(before?.troubles ?? [], after.troubles).map(({ reason, note }) => warning(reason, note))]
}

/** The same text each time, so that a flapping role is one Event with a count. A role from before the start is not news. */
function roleNotes(before: NodeReport | null, { roles }: NodeReport): readonly EventText[] {
  if (before === null || roles === null) return []
  return roles.flatMap(({ instance, state, since, reason }) => {
    const old = before.roles?.find((one) => one.instance === instance)
    if (state !== "master" || (old?.state === "master" && old.since === since)) return []
    const what = `the VIPs${ofInstance(instance, roles.length)}`
    return [normal("BecameMaster", `This node holds ${what} now: ${reason ?? "keepalived gives no reason"}`)]
  })
}

/** A drain from before the start is not news. */
function drainNotes(before: NodeReport | null, { drained = null }: NodeReport): readonly EventText[] {
  const old = before?.drained ?? null
  if (before === null || old?.since === drained?.since) return []
  if (drained === null) return [normal("DrainEnded", "This node takes part again as before")]
  const what = "it hands its VIPs over, and takes them only if no other node announces them"
  return [normal("Drained", `A user drained this node (${drained.reason}): ${what}`)]
}

/** News of all nodes together. */
export interface ClusterEvent extends EventText {
  /** The ConfigMap that it is about (`ConfigMap default/vips`), or all of them; null for the first. */
  readonly about: string | null
}

/** News of all nodes together, for the ConfigMaps. */
export function eventsOfCluster(before: Summary | null, after: Summary): readonly ClusterEvent[] {
  const isNews = before === null || !isReady(before) || before.configMap !== after.configMap
  if (isReady(after) && isNews)
    return [{ ...normal("Applied", `${after.conditions[0]?.message}: ${counted(after.vips, "VIP")}`), about: "all" }]
  return newOf(before?.troubles ?? [], after.troubles).map(({ reason, note, nodes, about = null }) => ({
    ...warning(reason, `${note} on ${nodes}`),
    about,
  }))
}

const STALE_MS = STALE_SECONDS * 1000

/** Notes about a silent API server: once, at once if a part of it still answers, else when it is back. */
export interface StalenessEvents {
  /** @param staleMs Silence of the part that is silent longest, in ms. */
  of(staleMs: number): readonly EventText[]
  /** Called when the notes are written. */
  markReported(notes: readonly EventText[]): void
}

export function createStalenessEvents(): StalenessEvents {
  let longestMs = 0
  let isTold = false
  return {
    of: (staleMs) => {
      if (staleMs >= STALE_MS) {
        longestMs = Math.max(longestMs, staleMs)
        if (isTold) return []
        return [warning("SourceStale", STALE_NOTE)]
      }
      const was = longestMs
      if (was === 0 || isTold) {
        longestMs = 0
        isTold = false
        return []
      }
      const note = `The Kubernetes API did not answer for ${Math.round(was / 1000)} s; what was in effect stayed`
      return [warning("SourceStale", note)]
    },
    markReported: (notes) => {
      if (notes.length > 0) isTold = true
    },
  }
}

function newOf<T extends Trouble>(before: readonly Trouble[], after: readonly T[]): readonly T[] {
  const known = new Set(before.map(({ reason, note }) => `${reason} ${note}`))
  return after.filter(({ reason, note }) => !known.has(`${reason} ${note}`))
}

function normal(reason: string, note: string): EventText {
  return { type: "Normal", reason, note }
}

function warning(reason: string, note: string): EventText {
  return { type: "Warning", reason, note }
}
