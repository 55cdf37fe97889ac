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

/**
 * Makes what a backup waits for before it reloads keepalived: the master's next advert.
 *
 * keepalived waits anew for the master's adverts from each reload on. So a backup that reloads while the master is dead takes
 * over that much later, and one that reloads all the time never does. Right after an advert nothing is put off: it, too,
 * starts that time anew (RFC 9568, 6.4.2). Where keepalived does not tell what it hears, nothing is waited for.
 *
 * @returns a function of what is in effect. It gives the milliseconds that it has waited.
 */
export function createHolderWait(options: HolderOptions): (model: KeepalivedModel) => Promise<number> {
  const { clock, waited } = options
  const advertsHeard = () =>
    options.advertsHeard().catch((error: unknown) => {
      options.failed(error)
      return null
    })
  const isMaster = async ({ anchor, interface: name }: VrrpInstance) =>
    (await options.addresses(name))?.has(anchor) === true
  return async ({ vrrp }) => {
    if (await isMaster(vrrp)) return 0
    const since = clock.now()
    const before = await advertsHeard()
    if (before === null) return 0
    for (;;) {
      await clock.delay((vrrp.advertInterval * 1_000) / LOOKS_AN_INTERVAL)
      const ms = clock.now() - since
      const ended = (await isMaster(vrrp))
        ? "master"
        : ((await advertsHeard()) ?? before) !== before
          ? "advert"
          : ms >= longestWaitMs(vrrp)
            ? "limit"
            : null
      if (ended === null) continue
      if (ms > longestSilenceMs(vrrp)) waited({ ms: Math.round(ms), ended })
      return ms
    }
  }
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
