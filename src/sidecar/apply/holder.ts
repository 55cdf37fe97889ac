import type { KeepalivedModel, VrrpInstance } from "../../core/model/keepalived-model.ts"
import type { Clock } from "../../kit/clock.ts"

export interface HolderOptions {
  /** Adverts that keepalived has heard so far (`Keepalived.advertsHeard`); null where it does not tell. */
  readonly advertsHeard: () => Promise<number | null>
  /** IPv4 addresses of the interface; null where there is no such interface. */
  readonly addresses: (interfaceName: string) => Promise<ReadonlySet<string> | null>
  readonly clock: Clock
  /** The question failed; it is as if keepalived did not tell. */
  readonly failed: (error: unknown) => void
  /** A wait is over in which the master was silent for longer than one that lives is. */
  readonly waited: (facts: { readonly ms: number; readonly ended: WaitEnd }) => void
}

/** `master`: this node has the VIPs now. `advert`: somebody else has. `limit`: nobody had them for so long. */
export type WaitEnd = "master" | "advert" | "limit"

/** A watch over the master's adverts, which begins before the config test and goes on beside it. */
export interface HolderWatch {
  /**
   * Resolves right after an advert of the master: at once, where one was heard within the last twentieth of an interval.
   *
   * @returns the milliseconds that it has waited.
   */
  awaitAdvert(): Promise<number>
  /** Ends the watch; nothing is waited for any more. */
  stop(): void
}

/**
 * Makes what a backup waits for before it reloads keepalived: the master's next advert.
 *
 * keepalived waits anew for the master's adverts from each reload on. So a backup that reloads while the master is dead takes
 * over that much later, and one that reloads all the time never does. Right after an advert nothing is put off: it, too,
 * starts that time anew (RFC 9568, 6.4.2). Where keepalived does not tell what it hears, nothing is waited for.
 *
 * Adverts are counted from the beginning of the watch on. The master sends one at its own reload and starts its interval
 * anew: a backup whose test ends a moment later would else have just missed it, and wait for a whole interval.
 *
 * @returns a function of what is in effect.
 */
export function createHolderWatch(options: HolderOptions): (model: KeepalivedModel) => HolderWatch {
  return ({ vrrp }) => {
    const state: Watched = { count: null, heardAt: null, isMaster: false, tells: true }
    const stopped = new AbortController()
    const lookOnce = serialLook(options, vrrp, state)
    const beside = lookOn(options, vrrp, { look: lookOnce, until: stopped.signal })
    return {
      stop: () => stopped.abort(),
      awaitAdvert: async () => {
        stopped.abort()
        const since = options.clock.now()
        // A look takes time in which an advert grows old.
        if (isFresh(state, vrrp, options.clock)) return 0
        await beside
        return waitForAdvert(options, vrrp, { state, look: lookOnce, since })
      },
    }
  }
}

/** What the looks have shown so far. */
interface Watched {
  /** Adverts at the last look that told. */
  count: number | null
  /** When the look was made that found one more; null for none. */
  heardAt: number | null
  isMaster: boolean
  /** False where keepalived has never told. */
  tells: boolean
}

type Look = () => Promise<void>

function serialLook(
  { advertsHeard, addresses, clock, failed }: HolderOptions,
  vrrp: VrrpInstance,
  state: Watched,
): Look {
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

/** Looks on beside the config test. */
async function lookOn(
  { clock, failed }: HolderOptions,
  vrrp: VrrpInstance,
  { look, until }: { readonly look: Look; readonly until: AbortSignal },
): Promise<void> {
  while (!until.aborted) {
    await look().catch(failed)
    await clock.delay(lookMs(vrrp), until)
  }
}

async function waitForAdvert(
  { clock, waited }: HolderOptions,
  vrrp: VrrpInstance,
  { state, look, since }: { readonly state: Watched; readonly look: Look; readonly since: number },
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

/** So much of an interval a takeover can still be put off: each look costs a line in keepalived's log. */
const LOOKS_AN_INTERVAL = 20

/** A master that lives is not silent for longer; something for a busy machine is in it. */
function longestSilenceMs({ advertInterval }: VrrpInstance): number {
  return 1.5 * advertInterval * 1_000 + 250
}

/** A backup takes over after three adverts and a skew of one at most (RFC 9568, 6.1); and something for a busy machine. */
function longestWaitMs({ advertInterval }: VrrpInstance): number {
  return (4 * advertInterval + 1) * 1_000
}
