import type { Clock } from "../../kit/time/clock.ts"
import { askByFile } from "./answer-file.ts"

/** The file that keepalived writes into its directory for temporary files (TMPDIR) when its VRRP child gets SIGUSR2. */
const STATISTICS = "keepalived.stats"
/** Time limit. Measured on 2.2.7 and 2.3.3: written within 0.2 s; a busy machine may take longer. */
const LIMITS = { limitMs: 1_000, pollMs: 10 }

/**
 * Makes the VRRP child write its statistics and reads them: name of an instance -> adverts heard from masters that stay.
 *
 * @param signal Sends SIGUSR2 to the VRRP child.
 * @returns null if nothing was written in time.
 */
export function askForAdverts(
  directory: string,
  clock: Clock,
  signal: () => void,
): Promise<ReadonlyMap<string, number> | null> {
  return askForStatistics(directory, { clock, signal, read: advertsIn })
}

/** The same, for what `read` finds in the statistics; null of `read`: they are not complete yet. */
export function askForStatistics<T>(
  directory: string,
  asked: { readonly clock: Clock; readonly signal: () => void; readonly read: (text: string) => T | null },
): Promise<T | null> {
  return askByFile({ file: `${directory}/${STATISTICS}`, ...LIMITS, ...asked })
}

/**
 * Name of an instance -> adverts received, except those of priority 0, with which a master gives up its role.
 *
 * @returns null if the text is not, or not yet, the complete statistics.
 */
export function advertsIn(text: string): ReadonlyMap<string, number> | null {
  const counts = new Map<string, number>()
  const [, ...instances] = text.split(/^VRRP Instance: /m)
  for (const instance of instances) {
    const [all, last] = [receivedIn(instance, "Advertisements"), receivedIn(instance, "Priority Zero")]
    if (all === null || last === null) return null
    counts.set(instance.slice(0, instance.indexOf("\n")), all - last)
  }
  return counts.size === 0 ? null : counts
}

/** What keepalived refused, by instance: the name of the reason -> the number. Null if the text is not complete. */
export function refusedIn(text: string): ReadonlyMap<string, ReadonlyMap<string, number>> | null {
  const heard = advertsIn(text)
  if (heard === null) return null
  const [, ...instances] = text.split(/^VRRP Instance: /m)
  return new Map(
    instances.map((instance) => {
      const [, errors = ""] = /^ *Packet Errors:\n((?: {4}.*\n)+)/m.exec(instance) ?? []
      const counts = [...errors.matchAll(/^ *(.+): (\d+)$/gm)].map(
        ([, reason = "", count]) => [reason, Number(count)] as const,
      )
      return [instance.slice(0, instance.indexOf("\n")), new Map(counts)]
    }),
  )
}

function receivedIn(instance: string, section: string): number | null {
  const found = new RegExp(`^ *${section}:\\n *Received: (\\d+)\\n`, "m").exec(instance)?.[1]
  return found === undefined ? null : Number(found)
}
