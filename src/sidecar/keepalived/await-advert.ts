import { interfacesOf, type KeepalivedModel, type VrrpInstance } from "../../core/model/keepalived-model.ts"
import type { Clock } from "../../kit/time/clock.ts"

export interface HolderOptions {
  /** Adverts that keepalived has heard so far, by instance (`Keepalived.advertsHeard`); null if it does not report them. */
  readonly advertsHeard: () => Promise<ReadonlyMap<string, number> | null>
  /** IPv4 addresses of the interface; null if the interface does not exist. */
  readonly addresses: (interfaceName: string) => Promise<ReadonlySet<string> | null>
  readonly clock: Clock
  /** Reports that the question failed, which counts as no answer. */
  readonly failed: (error: unknown) => void
  /** Reports the end of a wait in which the master was silent for longer than a living one is. */
  readonly waited: (facts: { readonly ms: number; readonly ended: WaitEnd }) => void
}

/** `master`: this node has all VIPs now. `advert`: other nodes have. `limit`: the time limit passed without an advert. */
export type WaitEnd = "master" | "advert" | "limit"

/** A watch for the masters' adverts, which begins before the config test and continues beside it. */
export interface HolderWatch {
  /**
   * Resolves right after an advert of the master: at once if one was heard within the last twentieth of an interval. With
   * several instances, right after the advert of one, when the masters of the others have sent theirs within an interval.
   *
   * @returns the wait in ms.
   */
  moment(): Promise<number>
  /** Ends the watch and any wait. */
  stop(): void
}

/**
 * Makes the wait of a backup before it reloads keepalived: until the master's next advert.
 *
 * Each reload restarts keepalived's wait for the master's adverts. So a backup that reloads while the master is dead takes
 * over later by that time, and a backup that reloads all the time never takes over. A reload right after an advert delays
 * nothing, because the advert restarts that time too (RFC 9568, 6.4.2). Without an answer from keepalived, it does not wait.
 *
 * The count of adverts starts with the watch. The master sends an advert at its own reload and restarts its interval. A
 * backup whose test ends a moment later would otherwise have just missed it, and wait for a whole interval.
 *
 * @returns a function of the configuration in effect.
 */
export function createHolderWatch(options: HolderOptions): (model: KeepalivedModel) => HolderWatch {
  return (model) => {
    const state: Watched = { model, counts: null, heardAt: new Map(), backups: model.instances, tells: true }
    const stopped = new AbortController()
    const lookOnce = serialLook(options, state)
    const beside = lookOn(options, { pauseMs: lookMs(model), look: lookOnce, until: stopped.signal })
    return {
      stop: () => stopped.abort(),
      moment: async () => {
        stopped.abort()
        const since = options.clock.now()
        // A look takes time, in which an advert gets older.
        if (isFresh(state, options.clock)) return 0
        await beside
        return waitForAdvert(options, { state, look: lookOnce, since })
      },
    }
  }
}

/** The results of the looks so far. */
interface Watched {
  readonly model: KeepalivedModel
  /** Adverts at the last look with an answer, by instance. */
  counts: ReadonlyMap<string, number> | null
  /** Name of an instance -> time of the look that found one more advert. */
  readonly heardAt: Map<string, number>
  /** The instances of which this node is not the master. */
  backups: readonly VrrpInstance[]
  /** False if keepalived has never answered. */
  tells: boolean
}

type ReadState = () => Promise<void>

function serialLook({ advertsHeard, addresses, clock, failed }: HolderOptions, state: Watched): ReadState {
  const { model } = state
  return async () => {
    const found = new Map<string, ReadonlySet<string> | null>()
    for (const name of interfacesOf(model)) found.set(name, await addresses(name))
    state.backups = model.instances.filter((one) => found.get(one.interface)?.has(one.anchor) !== true)
    if (state.backups.length === 0 || !state.tells) return
    const now = await advertsHeard().catch((error: unknown) => {
      failed(error)
      return null
    })
    if (state.counts === null) state.tells = now !== null
    for (const [name, before] of state.counts ?? []) {
      const count = now?.get(name)
      if (count !== undefined && count !== before) state.heardAt.set(name, clock.now())
    }
    state.counts = now ?? state.counts
  }
}

/** Continues to look beside the config test. */
async function lookOn(
  { clock, failed }: HolderOptions,
  { pauseMs, look, until }: { readonly pauseMs: number; readonly look: ReadState; readonly until: AbortSignal },
): Promise<void> {
  while (!until.aborted) {
    await look().catch(failed)
    await clock.delay(pauseMs, until)
  }
}

async function waitForAdvert(
  { clock, waited }: HolderOptions,
  { state, look, since }: { readonly state: Watched; readonly look: ReadState; readonly since: number },
): Promise<number> {
  const { model } = state
  for (let pauseMs = 0; ; pauseMs = lookMs(model)) {
    const ms = clock.now() - since
    if (!state.tells) return ms
    const isMaster = state.backups.length === 0
    const ended = isMaster ? "master" : isFresh(state, clock) ? "advert" : ms >= longestWaitMs(model) ? "limit" : null
    if (ended !== null) {
      if (ms > longestSilenceMs(model)) waited({ ms: Math.round(ms), ended })
      return ms
    }
    await clock.delay(pauseMs)
    await look()
  }
}

/** Whether the last advert has only just been heard, and all masters live. */
function isFresh({ model, heardAt, backups }: Watched, clock: Clock): boolean {
  const ages = backups.map(({ name, advertInterval }) => {
    const ms = clock.now() - (heardAt.get(name) ?? Number.NEGATIVE_INFINITY)
    return { ms, isAlive: ms <= advertInterval * 1_000 + lookMs(model) }
  })
  return ages.some(({ ms }) => ms <= lookMs(model)) && ages.every(({ isAlive }) => isAlive)
}

function lookMs({ instances }: KeepalivedModel): number {
  return (Math.min(...instances.map(({ advertInterval }) => advertInterval)) * 1_000) / LOOKS_AN_INTERVAL
}

/** Looks in one advert interval: a takeover is delayed by at most one look, and each look costs a line in keepalived's log. */
const LOOKS_AN_INTERVAL = 20

/** Longest silence of a living master, with a reserve for a busy machine. */
function longestSilenceMs(model: KeepalivedModel): number {
  return 1.5 * longestIntervalMs(model) + 250
}

/** A backup takes over after at most three adverts and a skew of one (RFC 9568, 6.1), plus a reserve for a busy machine. */
function longestWaitMs(model: KeepalivedModel): number {
  return 4 * longestIntervalMs(model) + 1_000
}

function longestIntervalMs({ instances }: KeepalivedModel): number {
  return Math.max(...instances.map(({ advertInterval }) => advertInterval)) * 1_000
}
