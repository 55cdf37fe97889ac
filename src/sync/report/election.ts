import * as z from "zod"

import type { Clock } from "../../kit/time/clock.ts"
import { ApiFault } from "../../kubernetes/api-fault.ts"
import type { ObjectPath, ObjectsApi } from "./ports.ts"

/** Time between two renewals by the holder of the Lease, in ms. */
const RENEW_MS = 15_000
/** Time without a renewal after which the Lease is free, in ms. */
const EXPIRE_MS = 45_000
/** Time between two looks by the first candidate, in ms; ten times longer for the tenth, so that many nodes send few requests. */
const LOOK_MS = 15_000
const MOST_PATIENT = 40

export interface ElectionOptions {
  readonly api: ObjectsApi
  /** The Lease. */
  readonly path: ObjectPath
  /** Name of this candidate; no other candidate has it. */
  readonly identity: string
  readonly clock: Clock
  /** From 0 to below 1. */
  readonly random: () => number
  /** For people who read the Lease; no decision depends on it. */
  readonly now: () => Date
}

/** Chooses the one sync that writes for all. If two write for a moment, this does no harm: both write the same. */
export interface Election {
  /**
   * Does what is due, and returns whether this candidate holds the Lease.
   *
   * @param rank Place among the candidates, from 0. @throws ApiFault
   */
  renew(rank: number): Promise<boolean>
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
 * Elects by a Lease of coordination.k8s.io. The age of a renewal counts from when this machine saw it, by its own clock, and
 * not from the time in the Lease, so clocks do not have to agree.
 */
export function createElection(options: ElectionOptions): Election {
  const { api, path, identity, clock, random, now } = options
  let seen = { renewal: "", at: 0 }
  let lookAt = 0
  let heldUntil = Number.NEGATIVE_INFINITY

  async function look(rank: number): Promise<void> {
    // Also after a fault: the next look must not be earlier.
    lookAt = clock.now() + LOOK_MS * (1 + Math.min(rank, MOST_PATIENT)) * (0.75 + 0.5 * random())
    try {
      await tryFor()
    } catch (error) {
      // Another candidate was faster; the version detects that.
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
    // Because of the version, the API server refuses the second candidate.
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
    renew: async (rank) => {
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

/** The first fields of every Lease. */
export function header({ group, version, namespace, name }: ObjectPath) {
  return { apiVersion: `${group}/${version}`, kind: "Lease", metadata: { name, namespace } }
}

/** The format of MicroTime in the Kubernetes API. */
export function microTime(date: Date): string {
  return date.toISOString().replace("Z", "000Z")
}
