import { randomBytes } from "node:crypto"

import type { Clock } from "../../kit/time/clock.ts"
import { microTime } from "./election.ts"
import type { ObjectsApi, ObjectsPath } from "./ports.ts"

/** The object that an Event is about. */
export interface Regarding {
  readonly apiVersion: "v1"
  readonly kind: "ConfigMap" | "Pod"
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

/** A text that a person can read later at the object that it is about. */
export interface Notice {
  readonly regarding: Regarding
  readonly type: "Normal" | "Warning"
  readonly reason: string
  readonly note: string
}

/** Writes notices as Events. */
export interface Recorder {
  /** @throws ApiFault */
  record(notice: Notice): Promise<void>
}

export interface RecorderOptions {
  readonly api: ObjectsApi
  readonly clock: Clock
  readonly now: () => Date
  /** The program and its node. */
  readonly instance: string
}

/** Maximum Events in a burst, and time per Event after it, in ms. */
const MOST_AT_ONCE = 25
const ONE_IN_MS = 10_000
/** Time within which a repeated notice increases the count of its Event, and minimum time between two such writes, in ms. */
const SAME_WITHIN_MS = 1_800_000
const COUNT_EVERY_MS = 60_000
/** Maximum length of a note; the API server refuses longer ones. */
const LONGEST_NOTE = 1024

interface Written {
  readonly name: string
  readonly namespace: string
  readonly count: number
  readonly at: number
  readonly writtenAt: number
}

/** Writes Events of events.k8s.io/v1: each once, with a count for repetitions, and at a limited rate. */
export function createRecorder({ api, clock, now, instance }: RecorderOptions): Recorder {
  const known = new Map<string, Written>()
  let tokens = MOST_AT_ONCE
  let filledAt = clock.now()

  function hasToken(): boolean {
    const at = clock.now()
    tokens = Math.min(MOST_AT_ONCE, tokens + (at - filledAt) / ONE_IN_MS)
    filledAt = at
    return tokens >= 1
  }

  function forget(): void {
    for (const [key, { at }] of known) if (clock.now() - at > SAME_WITHIN_MS) known.delete(key)
  }

  async function again(key: string, written: Written): Promise<void> {
    const count = written.count + 1
    const at = clock.now()
    known.set(key, { ...written, count, at })
    if (at - written.writtenAt < COUNT_EVERY_MS) return
    const series = { count, lastObservedTime: microTime(now()) }
    const { name, namespace } = written
    if ((await api.patch({ ...events(namespace), name }, { series })) === null) known.delete(key)
    else known.set(key, { ...written, count, at, writtenAt: at })
  }

  async function first(key: string, { regarding, type, reason, note }: Notice): Promise<void> {
    const { namespace } = regarding
    const name = `${regarding.name.slice(0, 230)}.${randomBytes(8).toString("hex")}`
    await api.create(events(namespace), {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { name, namespace },
      eventTime: microTime(now()),
      reportingController: "kube-keepalived-vip",
      reportingInstance: instance.slice(0, 128),
      action: "Report",
      regarding,
      type,
      reason,
      note: note.length > LONGEST_NOTE ? `${note.slice(0, LONGEST_NOTE - 3)}...` : note,
    })
    known.set(key, { name, namespace, count: 1, at: clock.now(), writtenAt: clock.now() })
  }

  return {
    record: async (notice) => {
      forget()
      const key = [notice.regarding.uid, notice.reason, notice.note].join("\n")
      const written = known.get(key)
      if (written !== undefined) return again(key, written)
      if (!hasToken()) return
      tokens -= 1
      await first(key, notice)
    },
  }
}

function events(namespace: string): ObjectsPath {
  return { group: "events.k8s.io", version: "v1", plural: "events", namespace }
}
