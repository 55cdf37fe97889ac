import { backoffMs } from "../../kit/time/backoff.ts"
import type { Clock } from "../../kit/time/clock.ts"
import type { Log } from "../../kit/process/log.ts"
import { createTimers } from "../../kit/time/named-timers.ts"
import type { Lan } from "./arping.ts"
import { createLimit, createMemo } from "./pace.ts"

/** Where to ask for addresses, and which stations may answer. */
export interface Round {
  readonly interface: string
  /** The station that answers for it is the master. */
  readonly anchor: string
  /** Addresses of the other nodes. */
  readonly peers: readonly string[]
}

/** Addresses that share a round. */
export interface Question {
  readonly addresses: readonly string[]
  readonly round: Round
}

/** Why an address must wait. */
export type Wait =
  { readonly kind: "asked" } | { readonly kind: "lan"; readonly interface: string; readonly mac: string }

export interface Vacancies {
  /**
   * The addresses that must wait before their first announcement, and why. Never waits itself: it asks for what is unknown, and
   * calls `changed` when the answer is known. It forgets addresses that are not named any more.
   */
  waiting(questions: readonly Question[]): ReadonlyMap<string, Wait>
  stop(): void
}

export interface VacanciesOptions {
  readonly lan: Lan
  /** Whether this node is master. */
  readonly isMaster: (round: Round) => Promise<boolean>
  /** Called when a new answer is known. */
  readonly onChange: () => void
  readonly clock: Clock
  readonly log: Log
  readonly random?: () => number
}

type Standing = Wait | { readonly kind: "free" }

interface Asked {
  readonly standing: Standing
  /** Consecutive answers of a stranger. */
  readonly refusals: number
}

/** Maximum questions at a time, a process each: a thousand new VIPs take half a minute. */
const MOST_AT_A_TIME = 64
/** Time within which answers share one look. */
const GATHER_MS = 250
/** Time for which the addresses share one question for the master and the peers. */
const MASTER_MS = 1_000
const PEERS_MS = 30_000
const AGAIN = { firstMs: 5_000, maximumMs: 60_000, jitter: 0.2 }

/**
 * Makes the check whether another station has an address before its first announcement.
 *
 * The master asks, and a node that is about to become master: its LAN has no station that answers for the anchor. A backup
 * accepts an address without asking, because the master has asked. An answer of a peer does not count: the peer holds the VIP.
 */
export function createVacancies(options: VacanciesOptions): Vacancies {
  const { clock, onChange, log, random = Math.random } = options
  const known = new Map<string, Asked>()
  const timers = createTimers<string>(clock)
  const judge = createJudge(options)
  const limited = createLimit(MOST_AT_A_TIME)
  /** Answers that are not reported yet: answers within a moment are reported together. */
  const answered = new Map<string, Asked>()
  const tell = () => {
    for (const [address, asked] of answered) if (known.has(address)) known.set(address, asked)
    answered.clear()
    onChange()
  }
  const ask = async (address: string, round: Round) => {
    const mac = await limited(() => judge(address, round))
    const before = known.get(address)
    if (before === undefined) return
    const standing: Standing = mac === null ? { kind: "free" } : { kind: "lan", interface: round.interface, mac }
    const refusals = mac === null ? 0 : before.refusals + 1
    if (mac !== null) timers.set(address, backoffMs(AGAIN, refusals, random()), () => void ask(address, round))
    if (isSame(before.standing, standing)) return void known.set(address, { standing, refusals })
    const isUsual = before.standing.kind === "asked" && mac === null
    log[isUsual ? "debug" : "warn"]("address-asked", { address, interface: round.interface, answers: mac })
    answered.set(address, { standing, refusals })
    if (!timers.isSet(TOLD)) timers.set(TOLD, GATHER_MS, tell)
  }
  return {
    waiting: (questions) => {
      const named = new Map(questions.flatMap(({ addresses, round }) => addresses.map((one) => [one, round] as const)))
      for (const address of known.keys()) {
        if (named.has(address)) continue
        known.delete(address)
        answered.delete(address)
        timers.clear(address)
      }
      for (const [address, round] of named) {
        if (known.has(address)) continue
        known.set(address, { standing: { kind: "asked" }, refusals: 0 })
        void ask(address, round)
      }
      const all = [...known].flatMap(([address, { standing }]) =>
        standing.kind === "free" ? [] : [[address, standing] as const],
      )
      return new Map(all)
    },
    stop: () => {
      known.clear()
      timers.stop()
    },
  }
}

/** Timer of the report; the other timers have the name of their address. */
const TOLD = "told"

/** Returns the hardware address of a stranger that has an address; null if it is free to be announced. Never rejects. */
function createJudge({
  lan,
  isMaster,
  clock,
  log,
}: VacanciesOptions): (address: string, round: Round) => Promise<string | null> {
  const master = createMemo<boolean>(clock, MASTER_MS)
  const peers = createMemo<ReadonlySet<string>>(clock, PEERS_MS)
  const isBackup = async (round: Round) =>
    !(await isMaster(round)) && (await lan.resolve(round.interface, round.anchor)) !== null
  const macsOf = async ({ interface: name, peers: addresses }: Round) => {
    const limited = createLimit(MOST_AT_A_TIME)
    const macs = await Promise.all(addresses.map((address) => limited(() => lan.resolve(name, address))))
    return new Set(macs.filter((mac) => mac !== null))
  }
  return async (address, round) => {
    try {
      if (await master(`${round.interface} ${round.anchor}`, () => isBackup(round))) return null
      const mac = await lan.probe(round.interface, address)
      if (mac === null) return null
      return (await peers(`${round.interface} ${round.peers.join()}`, () => macsOf(round))).has(mac) ? null : mac
    } catch (error) {
      log.warn("address-unknown", { address, error })
      return null
    }
  }
}

function isSame(a: Standing, b: Standing): boolean {
  return a.kind === b.kind && (a.kind !== "lan" || b.kind !== "lan" || a.mac === b.mac)
}
