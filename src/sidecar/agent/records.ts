import { addressesOf, interfacesOf, sizeOf, vipsOf } from "../../core/model/keepalived-model.ts"
import { join } from "node:path"
import type { Clock } from "../../kit/time/clock.ts"
import { replaceFile } from "../../kit/files/atomic-file.ts"
import { createWriteBehind } from "../../kit/files/write-behind.ts"
import type { Log } from "../../kit/process/log.ts"
import type { InEffect } from "./state.ts"
import type { AppliedHistory } from "./history.ts"
import { type StandingFaults, standsUntilDone } from "../faults/standing-faults.ts"
import type { Archive } from "../volume/archive.ts"
import type { NodeHistory } from "../volume/node-history.ts"
import type { LastKnownGoodStore } from "../volume/last-known-good.ts"
import { encodeAppliedRecord, type AppliedRecord } from "../volume/applied-record.ts"

/** File in applied/: what the next agent must know of the configuration in effect if this agent is killed. */
export const APPLIED_RECORD_FILE = "applied.json"

export interface ArchivistPorts {
  readonly applied: string
  readonly archive: Archive
  readonly lastKnownGood: LastKnownGoodStore
  /** The text of the candidate with this sha256. */
  readonly candidate: (sha256: string) => string | null
  readonly facts: { readonly node: string; readonly keepalivedVersion: string | null }
  readonly failed: () => void
  readonly faults: Pick<StandingFaults, "raise" | "clear">
  readonly history: Pick<NodeHistory, "add">
  readonly clock: Clock
  readonly date: () => Date
  readonly log: Log
}

/** Keeps the records that outlive a pass. Traffic does not wait for them, and their failures are only counted and reported. */
export interface Archivist {
  applied(inEffect: InEffect, history: AppliedHistory): void
  /** @returns whether the record is written; if not, try again. */
  soaked(inEffect: InEffect, history: AppliedHistory): Promise<boolean>
  /** Resolves when no write is under way. */
  idle(): Promise<void>
}

/** Delay that joins a series of changes: the agent's history may lag by this time when it is killed. */
const MEMORY_AFTER_MS = 1_000
/** Delay before packing, which reads every file of a generation: the next change should be applied first. */
const ARCHIVE_AFTER_MS = 5_000

/** Pause between attempts on a full disk, until a user or retention frees space. */
const AGAIN_AFTER_MS = 30_000

/** The record, as a fault's message names it. */
const RECORDS = {
  history: "history of this agent",
  archive: "archive of generations",
  "last-known-good": "last known good configuration",
} as const

interface Applied {
  readonly inEffect: InEffect
  readonly history: AppliedHistory
}

export function archivist(ports: ArchivistPorts): Archivist {
  let work: Promise<unknown> = Promise.resolve()
  /** @returns whether it was written. */
  const attempt = (what: keyof typeof RECORDS, act: () => Promise<unknown>): Promise<boolean> => {
    const fault = { key: `record ${what}`, code: "RECORD_FAILED", what: `write the ${RECORDS[what]}` } as const
    const written = work
      .then(() => standsUntilDone(ports.faults, fault, act))
      .then(
        () => true,
        (error: unknown) => {
          ports.failed()
          ports.log.warn("record-failed", { what, error })
          return false
        },
      )
    work = written
    return written
  }
  const slots = { clock: ports.clock, retryMs: AGAIN_AFTER_MS }
  const memories = createWriteBehind<Applied>({
    ...slots,
    afterMs: MEMORY_AFTER_MS,
    write: ({ inEffect, history }) =>
      attempt("history", () =>
        replaceFile(
          join(ports.applied, APPLIED_RECORD_FILE),
          encodeAppliedRecord(rememberedOf(inEffect, history)),
          0o600,
        ),
      ),
  })
  const archives = createWriteBehind<Applied>({
    ...slots,
    afterMs: ARCHIVE_AFTER_MS,
    write: ({ inEffect }) => attempt("archive", () => addToArchive(inEffect, ports)),
    // What is replaced sooner gets no archive of its own.
    onReplaced: (replaced, by) => noteReplaced(replaced.inEffect, by.inEffect, ports),
  })
  return {
    applied: (inEffect, history) => {
      memories.put({ inEffect, history })
      archives.put({ inEffect, history })
    },
    soaked: (inEffect, history) =>
      attempt("last-known-good", async () => {
        const text = ports.candidate(inEffect.sha256)
        if (text !== null) await ports.lastKnownGood.promote({ text, record: rememberedOf(inEffect, history) })
      }),
    idle: async () => {
      await Promise.all([memories.idle(), archives.idle()])
      await work
    },
  }
}

function rememberedOf({ sha256, model, generation }: InEffect, history: AppliedHistory): AppliedRecord {
  const { lastGood, past } = history
  return {
    sha256,
    model,
    lastGood,
    past: { ...past, model },
    generation: generation === null ? null : { sequence: generation.sequence, name: generation.name },
  }
}

/** Only changes that add or remove VIPs. The archive records the endpoints, which change all the time. */
function noteReplaced(old: InEffect, by: InEffect, { history, clock, date }: ArchivistPorts): void {
  const before = new Set(addressesOf(old.model))
  const after = new Set(addressesOf(by.model))
  const came = [...after].filter((address) => !before.has(address))
  const went = [...before].filter((address) => !after.has(address))
  if (old.generation === null || came.length + went.length === 0) return
  const ranMs = Math.max(0, by.since - old.since)
  const changes = [...came.map((address) => `+VIP ${address}`), ...went.map((address) => `-VIP ${address}`)]
  const shown = changes.length > MAXIMUM_SHOWN ? [...changes.slice(0, MAXIMUM_SHOWN), "…"] : changes
  history.add({
    kind: "replaced",
    time: new Date(date().getTime() - Math.max(0, clock.now() - old.since)).toISOString(),
    sequence: old.generation.sequence,
    vips: before.size,
    reason: `replaced after ${(ranMs / 1000).toFixed(1)} s: ${shown.join(", ")}`,
  })
}

/** Maximum VIPs in one line of the history. */
const MAXIMUM_SHOWN = 5

async function addToArchive({ sha256, model, generation }: InEffect, ports: ArchivistPorts): Promise<void> {
  const config = ports.candidate(sha256)
  if (generation === null || config === null) return
  const { virtualServers, realServers } = sizeOf(vipsOf(model))
  await ports.archive.add({
    path: generation.path,
    name: generation.name,
    manifestSha256: generation.manifestSha256,
    config,
    outcome: {
      sequence: generation.sequence,
      generation: generation.name,
      time: ports.date().toISOString(),
      outcome: "applied",
      reason: null,
      node: ports.facts.node,
      interfaces: interfacesOf(model),
      keepalivedVersion: ports.facts.keepalivedVersion,
      configSha256: sha256,
      vips: addressesOf(model),
      virtualServers,
      realServers,
      problems: [],
    },
  })
}
