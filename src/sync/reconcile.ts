import type { SyncStatus } from "../contract/sync-status.ts"
import type { Clock } from "../kit/time/clock.ts"
import { rootFaultCode } from "../kit/fault.ts"
import type { Problem } from "../kit/problem.ts"
import type { ClusterSource, Published, Publisher, StatusWriter } from "./ports.ts"
import type { SyncProblemCode } from "./problem-codes.ts"
import type { Draft, Publication, Publish } from "./publication.ts"
import { damageProblem, volumeProblem } from "./volume-problem.ts"

/** The outcome of a pass. */
export type PassOutcome =
  /** `problems` are those of ConfigMaps that stay in the form that was published last, or are missing. */
  | {
      readonly kind: "published" | "unchanged"
      readonly published: Published
      readonly problems: readonly Problem<SyncProblemCode>[]
    }
  /** The input has problems: the current generation, if any, stays. */
  | {
      readonly kind: "held"
      readonly published: Published | null
      readonly problems: readonly Problem<SyncProblemCode>[]
    }
  /** sync cannot write the volume: the current generation, if any, stays. */
  | {
      readonly kind: "failed"
      readonly published: Published | null
      /** The fault first, then the problems of the input. */
      readonly problems: readonly Problem<SyncProblemCode>[]
      readonly fault: unknown
    }
  | { readonly kind: "settling"; readonly retryAfterMs: number }

type Settled = Exclude<PassOutcome, { readonly kind: "settling" }>

export interface ReconcilePorts {
  readonly source: ClusterSource
  readonly publish: Publish
  readonly publisher: Publisher
  readonly status: StatusWriter
  /** Description of the source, for the status. */
  readonly sourceName: string
  /** Description of the volume, for people. */
  readonly volumeName: string
  readonly clock: Pick<Clock, "now">
  /** ISO 8601, for people. */
  readonly now: () => string
}

/** Makes the pass: read, select, publish what is new, report the outcome. A disk fault is an outcome like any other. */
export function createReconcile(ports: ReconcilePorts): () => Promise<PassOutcome> {
  const report = createReport(ports)
  const hesitate = createHesitation(ports)
  return async () => {
    const outcome = hesitate(await pass(ports))
    return outcome.kind === "settling" ? outcome : report(outcome)
  }
}

async function pass(ports: ReconcilePorts): Promise<PassOutcome> {
  const { source, publish, publisher } = ports
  const reading = source.read()
  if (reading.kind === "settling") return reading
  let next: Draft | null = null
  try {
    publisher.open()
    next = publish(reading, (file) => publisher.text(file))
    return await write(ports, next)
  } catch (fault) {
    const { problems } = next ?? publish(reading, () => null)
    return failed(ports, { published: publisher.current(), problems }, fault)
  }
}

/** @throws The fault itself if it does not come from the operating system: then it is a bug. */
function failed(
  { volumeName }: ReconcilePorts,
  { published, problems }: Pick<Extract<Settled, { kind: "held" }>, "published" | "problems">,
  fault: unknown,
): Settled {
  if (rootFaultCode(fault) === null) throw fault
  return { kind: "failed", published, problems: [volumeProblem(volumeName, fault), ...problems], fault }
}

/** @throws The fault of the volume. */
async function write({ publisher }: ReconcilePorts, { publication, problems }: Draft): Promise<Settled> {
  // A generation that stays must be undamaged, too.
  if (publication === null) {
    const published = await publisher.mend()
    const damage = publisher.damage()
    return { kind: "held", published, problems: damage === null ? problems : [damageProblem(damage), ...problems] }
  }
  const published = publisher.current()
  if (published !== null && isSame(published, publication) && publisher.damage() === null)
    return { kind: "unchanged", published, problems }
  return { kind: "published", published: await publisher.publish(publication), problems }
}

/** The checksum is that of the files, and the order of the ConfigMaps is not in a file. */
function isSame(published: Published, next: Publication): boolean {
  return published.contentSha256 === next.contentSha256 && published.configMaps.join() === next.configMaps.join()
}

/** Time for an editor or `git checkout` to finish, in ms. */
const DOUBT_MS = 50

/** A problem counts only if it is still there a moment later: files are often replaced in several steps. */
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

/** Writes the status if it has changed; `since` stays as long as the state does. @returns The outcome of the pass, including this write. */
function createReport(ports: ReconcilePorts): (outcome: Settled) => Promise<Settled> {
  const { status, sourceName, now } = ports
  let last: SyncStatus | null = null
  return async (outcome) => {
    const { problems } = outcome
    const state = stateOf(outcome)
    const next: SyncStatus = {
      state,
      since: last?.state === state ? last.since : now(),
      source: sourceName,
      sequence: outcome.published?.sequence ?? null,
      directory: outcome.published?.directory ?? null,
      problems,
    }
    if (last !== null && JSON.stringify(last) === JSON.stringify(next) && status.isIntact()) return outcome
    try {
      await status.write(next)
      last = next
      return outcome
    } catch (fault) {
      // The first fault is the one to fix.
      return outcome.kind === "failed" ? outcome : failed(ports, { published: outcome.published, problems }, fault)
    }
  }
}

function stateOf({ kind, published }: Settled): SyncStatus["state"] {
  switch (kind) {
    case "published":
    case "unchanged":
      return "published"
    case "failed":
      return "failed"
    case "held":
      return published === null ? "waiting" : "held"
  }
}
