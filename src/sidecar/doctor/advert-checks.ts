import type { Status } from "../../contract/status.ts"
import { ofInstance } from "../../contract/vrrp.ts"
import { counted } from "../../kit/text/format.ts"
import type { Clock } from "../../kit/time/clock.ts"
import { bad, type Consequence, type Finding, good } from "./finding.ts"

/** What keepalived has counted of an instance since its start. */
export interface AdvertCounts {
  /** Adverts heard, without those with which a master gives up. */
  readonly heard: number
  /** Adverts that it refused, by its name of the reason, such as `Address List`. */
  readonly refused: ReadonlyMap<string, number>
}

export interface AdvertQuestion {
  readonly vrrp: Status["vrrp"]
  /** By the name of the instance; null if keepalived does not answer. */
  readonly counts: () => Promise<ReadonlyMap<string, AdvertCounts> | null>
  /** Lines that keepalived has logged. */
  readonly log: () => readonly string[]
  readonly clock: Clock
}

/** How long to listen, in adverts, and at most, in seconds. */
const ADVERTS = 3.5
const MOST_SECONDS = 35
/** Adverts above which there are two masters, as a share of those that one sends. */
const TWO = 1.5

/** Who sends adverts of this node's virtual router ID: a master hears none, and a backup those of one master. */
export async function advertChecks({ vrrp, counts, log, clock }: AdvertQuestion): Promise<readonly Finding[]> {
  const asked = vrrp.filter(({ state }) => state === "master" || state === "backup")
  if (asked.length === 0) return [good(CHECK, "not listened for: this node takes no part in VRRP")]
  const longest = Math.max(...asked.map(({ advertInterval }) => advertInterval ?? 1))
  const seconds = Math.min(ADVERTS * longest, MOST_SECONDS)
  const old = new Set(log())
  const before = await counts()
  const since = clock.now()
  await clock.delay(seconds * 1000)
  const after = await counts()
  const heardFor = (clock.now() - since) / 1000
  const lines = log().filter((line) => !old.has(line))
  return asked.flatMap((one) => {
    const [first, last] = [before?.get(one.instance), after?.get(one.instance)]
    const own = ofInstance(one.instance, vrrp.length)
    if (first === undefined || last === undefined)
      return [bad(CHECK, "unknown", `keepalived does not say what it hears${own}`, UNKNOWN)]
    return findingsOf(one, {
      heard: last.heard - first.heard,
      refused: refusals(first, last),
      seconds: heardFor,
      own,
      lines,
    })
  })
}

const CHECK = "adverts"
const UNKNOWN: Consequence = {
  causes: "another machine may use the virtual router ID",
  action: "look at keepalived's log; tcpdump -ni INTERFACE vrrp shows who sends",
}
const STRANGER: Consequence = {
  causes: "two machines hold the VIPs, or the election is disturbed: clients reach one or the other",
  action: "find it with tcpdump -ni INTERFACE vrrp; give one of both another --vrid, or the nodes the same settings",
}

interface Listened {
  readonly heard: number
  readonly refused: readonly (readonly [reason: string, count: number])[]
  readonly seconds: number
  readonly own: string
  readonly lines: readonly string[]
}

function findingsOf(
  one: Status["vrrp"][number],
  { heard, refused, seconds, own, lines }: Listened,
): readonly Finding[] {
  const time = `in ${seconds.toFixed(1)} s`
  const expected = seconds / (one.advertInterval ?? 1)
  const foreign = lines.flatMap((line) => foreignIn(line, one.instance) ?? [])
  const [sample] = foreign
  if (refused.length > 0 || sample !== undefined) {
    const what = refused.map(([reason, count]) => `${count} of a wrong ${reason.toLowerCase()}`)
    const all = what.length === 0 ? "adverts of another kind" : what.join(", ")
    const said = sample === undefined ? "" : `: ${sample}`
    return [bad(CHECK, "wrong", `keepalived refused ${all} ${time}${own}${said}`, STRANGER)]
  }
  if (one.state === "master")
    return heard === 0
      ? [good(CHECK, `this master hears no other one${own}`)]
      : [
          bad(
            CHECK,
            "wrong",
            `this master hears ${counted(heard, "advert")} of another machine ${time}${own}`,
            STRANGER,
          ),
        ]
  if (heard === 0)
    return [
      bad(CHECK, "wrong", `this backup hears no advert of a master ${time}${own}`, {
        causes: "this node is about to take over, or its VRRP is stuck",
        action:
          "compare kkv status on the other nodes; allow 224.0.0.18 and protocol 112 between them, or use --use-unicast",
      }),
    ]
  if (heard > TWO * expected + 1)
    return [
      bad(CHECK, "wrong", `this backup hears ${heard} adverts ${time}${own}, more than one master sends`, STRANGER),
    ]
  return [good(CHECK, `this backup hears one master: ${counted(heard, "advert")} ${time}${own}`)]
}

function refusals(before: AdvertCounts, after: AdvertCounts): Listened["refused"] {
  return [...after.refused].flatMap(([reason, count]) => {
    const more = count - (before.refused.get(reason) ?? 0)
    return more > 0 ? [[reason, more] as const] : []
  })
}

/** Lines about adverts that no counter has. Source: keepalived, vrrp/vrrp.c; log lines of 2.2.7. */
const FOREIGN =
  /^[^:]*\d{2}:\d{2}:\d{2} \d{4}: \(([^)]+)\):? ((?:wrong version|Received advert from|invalid version|ignoring received advert).*)$/i

/** What a line says of a foreign advert for an instance; null for another line. */
function foreignIn(line: string, instance: string): string | null {
  const [, name, text] = FOREIGN.exec(line) ?? []
  return name === instance && text !== undefined ? `keepalived says: ${text}` : null
}
