import type { Trouble } from "../../contract/node/history.ts"
import { isAsWritten } from "../../contract/entry-state.ts"
import type { Status, StatusVip } from "../../contract/status.ts"
import type { Clock } from "../../kit/time/clock.ts"
import { firstOf } from "../../kit/text/format.ts"
import { GUARD_CODES } from "../../core/model/guards.ts"

/** Minimum time between two events of one kind, in ms: a trouble that comes and goes must not push the others out of the history. */
const PAUSE_MS = 60_000
/** Maximum VIPs that an event names. */
const MOST_NAMES = 3

/** Notes in the history what went wrong, when the status begins to say so. */
export function createTroubleNotes({ add, clock }: { readonly add: (event: Trouble) => void; readonly clock: Clock }) {
  const noted = new Map<Trouble["what"], number>()
  return (before: Status | null, status: Status): void => {
    // The agent before this one has noted what it found.
    if (before === null) return
    for (const { what, reason } of troublesBetween(before, status)) {
      const now = clock.now()
      if (now - (noted.get(what) ?? Number.NEGATIVE_INFINITY) < PAUSE_MS) continue
      noted.set(what, now)
      add({ kind: "trouble", what, time: status.time, sequence: status.observedGeneration, reason })
    }
  }
}

/** What is wrong in a status and was not in the one before. */
function troublesBetween(before: Status, status: Status): readonly Pick<Trouble, "what" | "reason">[] {
  return [...outcomeTroubles(before, status), ...heldTroubles(before, status), ...repairs(before, status)]
}

function outcomeTroubles(
  before: Status,
  { outcome, code, reason }: Status,
): readonly Pick<Trouble, "what" | "reason">[] {
  if (outcome !== "rejected" && outcome !== "rolled-back" && outcome !== "stranded") return []
  if (before.outcome === outcome && before.code === code) return []
  const what = outcome === "rejected" && GUARD_CODES.has(code ?? "") ? "guard" : outcome
  return [{ what, reason: `${code === null ? "" : `${code}: `}${reason ?? ""}` }]
}

function heldTroubles(before: Status, status: Status): readonly Pick<Trouble, "what" | "reason">[] {
  // All VIPs are held while the whole generation is not in effect, which has an event of its own.
  if (status.outcome === "rejected") return []
  const known = new Set(before.vips.filter(isBroken).map(keyOf))
  const found = status.vips.filter((vip) => isBroken(vip) && !known.has(keyOf(vip)))
  if (found.length === 0) return []
  const names = found.map(({ entry, state, problem }) => `${entry} is ${state} (${problem?.code ?? "unknown"})`)
  return [{ what: "held", reason: firstOf(names, MOST_NAMES) }]
}

function isBroken({ state }: StatusVip): boolean {
  return !isAsWritten(state) && state !== "pending"
}

function keyOf({ object, entry, state }: StatusVip): string {
  return `${object} ${entry} ${state}`
}

function repairs(before: Status, { drift, problems }: Status): readonly Pick<Trouble, "what" | "reason">[] {
  if (drift !== "repaired" || before.drift === "repaired") return []
  return [{ what: "repair", reason: problems.find(({ code }) => code === "DRIFT")?.message ?? "the kernel differed" }]
}
