import * as z from "zod"

import type { Clock } from "../../kit/clock.ts"
import { ApiFault } from "../api-fault.ts"
import type { ObjectPath, ObjectsApi } from "./ports.ts"

/** Who holds the Lease renews it so often. */
const RENEW_MS = 15_000
/** After so long without a renewal, the Lease is free. */
const EXPIRE_MS = 45_000
/** The first candidate looks so often, the tenth ten times less: five hundred nodes ask no more than a handful. */
const LOOK_MS = 15_000
const MOST_PATIENT = 40

export interface ElectionOptions {
  readonly api: ObjectsApi
  /** The Lease. */
  readonly path: ObjectPath
  /** What no other candidate calls itself. */
  readonly identity: string
  readonly clock: Clock
  /** From 0 to below 1. */
  readonly random: () => number
  /** For people who read the Lease; nothing is decided by it. */
  readonly now: () => Date
}

/** Chooses the one sync that writes for all. Two that write for a moment do no harm: both write the same. */
export interface Election {
  /**
   * Does what is due, and says whether this is the one.
   *
   * @param rank Place among the candidates, from 0. @throws ApiFault
   */
  turn(rank: number): Promise<boolean>
  /** Lets another take over at once. @throws ApiFault */
  release(): Promise<void>
}

const leaseSchema = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  spec: z
    .object({
      holderIdentity: z.string().nullish(),
      renewTime: z.string().nullish(),
      leaseTransitions: z.int().nullish(),
    })
    .nullish(),
})

/**
 * By a Lease of coordination.k8s.io. A renewal is judged by this machine's own clock from when it was seen, never by the
 * time that it carries, so clocks need not agree.
 */
export function createElection(options: ElectionOptions): Election {
  const { api, path, identity, clock, random, now } = options
  let seen = { renewal: "", at: 0 }
  let lookAt = 0
  let heldUntil = Number.NEGATIVE_INFINITY

  async function look(rank: number): Promise<void> {
    // Also after a fault: the next look is not before its time.
    lookAt = clock.now() + LOOK_MS * (1 + Math.min(rank, MOST_PATIENT)) * (0.75 + 0.5 * random())
    try {
      await tryFor()
    } catch (error) {
      // Another was faster: that is what the version is for.
      if (!(error instanceof ApiFault && error.status === 409)) throw error
    }
  }

  async function tryFor(): Promise<void> {
    const found = await api.get(path)
    if (found === null) {
      await api.create(path, { ...header(path), spec: claim(0) })
      return won()
    }
    const { metadata, spec } = leaseSchema.parse(found)
    const holder = spec?.holderIdentity ?? ""
    const renewal = `${holder} ${spec?.renewTime ?? ""}`
    if (renewal !== seen.renewal) seen = { renewal, at: clock.now() }
    const mine = holder === identity
    if (!mine && holder !== "" && clock.now() - seen.at < EXPIRE_MS) return
    const transitions = (spec?.leaseTransitions ?? 0) + (mine ? 0 : 1)
    // The version makes the API server refuse whoever comes second.
    const { resourceVersion } = metadata
    await api.patch(path, { metadata: { resourceVersion }, spec: claim(transitions) })
    won()
  }

  function won(): void {
    heldUntil = clock.now() + EXPIRE_MS - RENEW_MS
    lookAt = clock.now() + RENEW_MS
  }

  function claim(leaseTransitions: number): object {
    const renewTime = microTime(now())
    return { holderIdentity: identity, leaseDurationSeconds: EXPIRE_MS / 1000, renewTime, leaseTransitions }
  }

  return {
    turn: async (rank) => {
      if (clock.now() >= lookAt) await look(rank)
      return clock.now() < heldUntil
    },
    release: async () => {
      if (clock.now() >= heldUntil) return
      heldUntil = Number.NEGATIVE_INFINITY
      await api.patch(path, { spec: { holderIdentity: "" } })
    },
  }
}

/** What every Lease begins with. */
export function header({ group, version, namespace, name }: ObjectPath) {
  return { apiVersion: `${group}/${version}`, kind: "Lease", metadata: { name, namespace } }
}

/** As MicroTime of the Kubernetes API wants it. */
export function microTime(date: Date): string {
  return date.toISOString().replace("Z", "000Z")
}
