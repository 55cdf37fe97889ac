import type { KeepalivedModel, VrrpInstance } from "../../core/model/keepalived-model.ts"
import type { Clock } from "../../kit/time/clock.ts"

export interface HolderOptions {
  /** Adverts that keepalived has heard so far (`Keepalived.advertsHeard`); null if it does not report them. */
  readonly advertsHeard: () => Promise<number | null>
  /** IPv4 addresses of the interface; null if the interface does not exist. */
  readonly addresses: (interfaceName: string) => Promise<ReadonlySet<string> | null>
  readonly clock: Clock
  /** Reports that the question failed, which counts as no answer. */
  readonly failed: (error: unknown) => void
  /** Reports the end of a wait in which the master was silent for longer than a living one is. */
  readonly waited: (facts: { readonly ms: number; readonly ended: WaitEnd }) => void
}

/** `master`: this node has the VIPs now. `advert`: another node has. `limit`: the time limit passed without an advert. */
export type WaitEnd = "master" | "advert" | "limit"

/** A watch for the master's adverts, which begins before the config test and continues beside it. */
export interface HolderWatch {
  /**
   * Resolves right after an advert of the master: at once if one was heard within the last twentieth of an interval.
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
  return ({ vrrp }) => {
    const state: Watched = { count: null, heardAt: null, isMaster: false, tells: true }
    const stopped = new AbortController()
    const lookOnce = serialLook(options, vrrp, state)
    const beside = lookOn(options, vrrp, { look: lookOnce, until: stopped.signal })
    return {
      stop: () => stopped.abort(),
      moment: async () => {
        stopped.abort()
        const since = options.clock.now()
        // A look takes time, in which an advert gets older.
        if (isFresh(state, vrrp, options.clock)) return 0
        await beside
        return waitForAdvert(options, vrrp, { state, look: lookOnce, since })
      },
    }
  }
}

/** The results of the looks so far. */
interface Watched {
  /** Adverts at the last look with an answer. */
  count: number | null
  /** Time of the look that found one more advert; null for none. */
  heardAt: number | null
  isMaster: boolean
  /** False if keepalived has never answered. */
  tells: boolean
}

type ReadState = () => Promise<void>

function serialLook(
  { advertsHeard, addresses, clock, failed }: HolderOptions,
  vrrp: VrrpInstance,
  state: Watched,
): ReadState {
  return async () => {
    state.isMaster = (await addresses(vrrp.interface))?.has(vrrp.anchor) === true
    if (state.isMaster || !state.tells) return
    const now = await advertsHeard().catch((error: unknown) => {
      failed(error)
      return null
    })
    if (state.count === null) state.tells = now !== null
    else if (now !== null && now !== state.count) state.heardAt = clock.now()
    state.count = now ?? state.count
  }
}

/** Continues to look beside the config test. */
async function lookOn(
  { clock, failed }: HolderOptions,
  vrrp: VrrpInstance,
  { look, until }: { readonly look: ReadState; readonly until: AbortSignal },
): Promise<void> {
  while (!until.aborted) {
    await look().catch(failed)
    await clock.delay(lookMs(vrrp), until)
  }
}

async function waitForAdvert(
  { clock, waited }: HolderOptions,
  vrrp: VrrpInstance,
  { state, look, since }: { readonly state: Watched; readonly look: ReadState; readonly since: number },
): Promise<number> {
  for (let pauseMs = 0; ; pauseMs = lookMs(vrrp)) {
    const ms = clock.now() - since
    if (!state.tells) return ms
    const isAdvert = isFresh(state, vrrp, clock)
    const ended = state.isMaster ? "master" : isAdvert ? "advert" : ms >= longestWaitMs(vrrp) ? "limit" : null
    if (ended !== null) {
      if (ms > longestSilenceMs(vrrp)) waited({ ms: Math.round(ms), ended })
      return ms
    }
    await clock.delay(pauseMs)
    await look()
  }
}

function isFresh({ heardAt }: Watched, vrrp: VrrpInstance, clock: Clock): boolean {
  return heardAt !== null && clock.now() - heardAt <= lookMs(vrrp)
}

function lookMs({ advertInterval }: VrrpInstance): number {
  return (advertInterval * 1_000) / LOOKS_AN_INTERVAL
}

/** Looks in one advert interval: a takeover is delayed by at most one look, and each look costs a line in keepalived's log. */
const LOOKS_AN_INTERVAL = 20

/** Longest silence of a living master, with a reserve for a busy machine. */
function longestSilenceMs({ advertInterval }: VrrpInstance): number {
  return 1.5 * advertInterval * 1_000 + 250
}

/** A backup takes over after at most three adverts and a skew of one (RFC 9568, 6.1), plus a reserve for a busy machine. */
function longestWaitMs({ advertInterval }: VrrpInstance): number {
  return (4 * advertInterval + 1) * 1_000
}
