import type { SyncStatus } from "../contract/sync-status.ts"
import type { Clock } from "../kit/clock.ts"
import type { Problem } from "../kit/problem.ts"
import type { ClusterSource, Published, Publisher, StatusWriter } from "./ports.ts"
import type { SyncProblemCode } from "./problem-codes.ts"
import type { Publish } from "./publication.ts"

/** How a pass ended. */
export type PassOutcome =
  | { readonly kind: "published"; readonly published: Published }
  | { readonly kind: "unchanged"; readonly published: Published }
  /** The input has problems: what was published last, if anything, stays. */
  | {
      readonly kind: "held"
      readonly published: Published | null
      readonly problems: readonly Problem<SyncProblemCode>[]
    }
  | { readonly kind: "settling"; readonly retryAfterMs: number }

export interface ReconcilePorts {
  readonly source: ClusterSource
  readonly publish: Publish
  readonly publisher: Publisher
  readonly status: StatusWriter
  /** The source in words, for the status. */
  readonly sourceName: string
  readonly clock: Pick<Clock, "now">
  /** ISO 8601, for people. */
  readonly now: () => string
}

/** Makes the one pass: read, select, publish what is new, say how it went. */
export function createReconcile(ports: ReconcilePorts): () => Promise<PassOutcome> {
  const report = createReport(ports)
  const hesitate = createHesitation(ports)
  return async () => {
    const outcome = hesitate(await pass(ports))
    if (outcome.kind !== "settling") await report(outcome)
    return outcome
  }
}

async function pass({ source, publish, publisher }: ReconcilePorts): Promise<PassOutcome> {
  const reading = source.read()
  if (reading.kind === "settling") return reading
  const published = publisher.current()
  // What is not found may stand in what cannot be read: so the files first.
  if (reading.problems.length > 0) return { kind: "held", published, problems: reading.problems }
  const next = publish(reading.objects, reading.resources)
  if (isProblems(next)) return { kind: "held", published, problems: next }
  if (published?.contentSha256 === next.contentSha256) return { kind: "unchanged", published }
  return { kind: "published", published: await publisher.publish(next) }
}

/** Long enough for an editor or `git checkout` to finish what it began. */
const DOUBT_MS = 50

/** A problem is believed when it is still there after a moment: files are often replaced in more than one step. */
function createHesitation({ clock }: ReconcilePorts): (outcome: PassOutcome) => PassOutcome {
  let heldSince: number | null = null
  return (outcome) => {
    if (outcome.kind === "settling") return outcome
    if (outcome.kind !== "held") {
      heldSince = null
      return outcome
    }
    heldSince ??= clock.now()
    const retryAfterMs = heldSince + DOUBT_MS - clock.now()
    return retryAfterMs > 0 ? { kind: "settling", retryAfterMs } : outcome
  }
}

function isProblems(next: ReturnType<Publish>): next is readonly Problem<SyncProblemCode>[] {
  return Array.isArray(next)
}

/** Writes the status when it says something new; `since` stays as long as the state does. */
function createReport({ status, sourceName, now }: ReconcilePorts) {
  let last: SyncStatus | null = null
  return async (outcome: Exclude<PassOutcome, { readonly kind: "settling" }>): Promise<void> => {
    const { published } = outcome
    const state = outcome.kind !== "held" ? "published" : published === null ? "waiting" : "held"
    const next: SyncStatus = {
      state,
      since: last?.state === state ? last.since : now(),
      source: sourceName,
      sequence: published?.sequence ?? null,
      directory: published?.directory ?? null,
      problems: outcome.kind === "held" ? outcome.problems : [],
    }
    if (last !== null && JSON.stringify(last) === JSON.stringify(next)) return
    await status.write(next)
    last = next
  }
}
