import { EXIT } from "../terminal/exit-status.ts"
import { table } from "../kit/text/format.ts"
import { coloursOf } from "../terminal/screen.ts"
import { again } from "./again.ts"
import type { Call } from "./options.ts"
import { type ClusterEvent, readEvents } from "./read/events.ts"
import { span } from "../kit/text/span.ts"
import { forPrograms } from "./view/print.ts"

/** Prints what the product has reported as Events, oldest first. */
export async function events(call: Call): Promise<number> {
  call.screen.out(await eventsText(call, new Set()))
  return EXIT.good
}

/** Prints the Events, and then each new one, until interrupted. */
export async function watchEvents(call: Call, signal: AbortSignal): Promise<number> {
  const seen = new Set<string>()
  await again(() => eventsText(call, seen), { screen: call.screen, clear: () => {}, signal })
  return EXIT.good
}

/** @param seen The Events that were printed before; it gets the others. */
async function eventsText({ cluster, namespace, format, screen }: Call, seen: Set<string>): Promise<string> {
  const isFirst = seen.size === 0
  const all = await readEvents(cluster.api, namespace)
  const fresh = all.filter(({ uid, count }) => !seen.has(`${uid} ${count}`))
  for (const { uid, count } of fresh) seen.add(`${uid} ${count}`)
  const now = cluster.api.serverTime() ?? new Date()
  const shown = forPrograms({ events: fresh }, format)
  if (shown !== null) return isFirst || fresh.length > 0 ? shown : ""
  if (fresh.length === 0)
    return isFirst ? "No Events of kube-keepalived-vip; the API server keeps them for an hour\n" : ""
  const [head = "", ...rows] = table([
    ["LAST SEEN", "TYPE", "REASON", "COUNT", "OBJECT", "NOTE"],
    ...fresh.map((event) => cells(event, now)),
  ])
  const colours = coloursOf(screen)
  const lines = rows.map((row, at) => (fresh[at]?.type === "Warning" ? colours.yellow(row) : row))
  return [...(isFirst ? [colours.bold(head)] : []), ...lines].map((line) => `${line}\n`).join("")
}

function cells({ time, type, reason, count, object, note }: ClusterEvent, now: Date): readonly string[] {
  const ago = time === null ? "unknown" : `${span(now.getTime() - Date.parse(time))} ago`
  return [ago, type, reason, String(count), object, note]
}
