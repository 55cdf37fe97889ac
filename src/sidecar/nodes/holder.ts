import type { KeepalivedModel } from "../../core/model/keepalived-model.ts"
import type { Clock } from "../../kit/clock.ts"
import type { Answer } from "./judge.ts"
import type { Target } from "./watched.ts"

export interface HolderOptions {
  /** TCP port that is asked; whether it is open does not matter. */
  readonly port: number
  readonly ask: (target: Target) => Promise<Answer>
  /** IPv4 addresses of the interface; null where there is no such interface. */
  readonly addresses: (interfaceName: string) => Promise<ReadonlySet<string> | null>
  readonly clock: Clock
  /** A wait is over that was long enough to be told. */
  readonly waited: (facts: { readonly vip: string; readonly ms: number; readonly ended: WaitEnd }) => void
}

/** `master`: this node has the VIPs now. `answered`: somebody else has. `limit`: nobody had them for so long. */
export type WaitEnd = "master" | "answered" | "limit"

/**
 * Makes what a backup waits for before it reloads keepalived: that somebody has the VIPs.
 *
 * keepalived waits anew for the master's adverts from each reload on. So a backup that reloads while the master is dead takes
 * over that much later, and one that reloads all the time never does. A VIP whose holder lives answers within a
 * millisecond, if only by a refusal. Where none ever has answered, a firewall may drop the question: nothing is waited for.
 *
 * @returns a function of what is in effect. It gives the milliseconds that it has waited, and never rejects.
 */
export function createHolderWait(options: HolderOptions): (model: KeepalivedModel) => Promise<number> {
  const { clock, waited } = options
  let hasAnswered = false
  async function look(model: KeepalivedModel, vip: string): Promise<WaitEnd | "unknown" | null> {
    if ((await options.addresses(model.vrrp.interface))?.has(model.vrrp.anchor) === true) return "master"
    const answer = await options.ask({ address: vip, port: options.port })
    if (answer === "unknown") return "unknown"
    if (answer === "silent") return null
    hasAnswered = true
    return "answered"
  }
  return async (model) => {
    const vip = askable(model, options.port)
    if (vip === null) return 0
    const since = clock.now()
    if ((await look(model, vip)) !== null || !hasAnswered) return 0
    const limitMs = longestWaitMs(model)
    for (;;) {
      await clock.delay(PAUSE_MS)
      const found = await look(model, vip)
      const ms = clock.now() - since
      const ended = found === "unknown" || found === null ? (ms >= limitMs ? "limit" : null) : found
      if (ended === null) continue
      waited({ vip, ms: Math.round(ms), ended })
      return ms
    }
  }
}

const PAUSE_MS = 50

/** A backup takes over after three adverts and a skew of one at most (RFC 9568, 6.1); and something for a busy machine. */
function longestWaitMs({ vrrp }: KeepalivedModel): number {
  return (4 * vrrp.advertInterval + 1) * 1_000
}

/** A VIP that forwards nothing on the port: where it did, our own IPVS would hand the question to a pod. */
function askable({ vips }: KeepalivedModel, port: number): string | null {
  const free = vips.find((vip) => !vip.virtualServers.some((one) => one.port === port && one.protocol === "TCP"))
  return free?.address ?? null
}
