import { counted } from "../../../kit/text/format.ts"
import type { Problem } from "../../../kit/problem.ts"
import type { VipModel } from "../keepalived-model.ts"
import type { ModelCode } from "../problem-codes.ts"
import type { EntryOutcome } from "../types.ts"

/** Most addresses in an advert: the field that counts them has 8 bits (RFC 9568, 5.2.5). */
export const MOST_ADVERTISED = 255

/**
 * The addresses in the adverts of the classic layout: those that release 0.35 advertises. It withdraws the VIP of a Service
 * without ready endpoints. Here the master keeps that VIP, but the adverts do not carry it, so that nodes of both releases
 * have the same list.
 *
 * @returns sorted by address.
 */
export function advertisedOf(vips: readonly VipModel[], entries: readonly EntryOutcome[]): readonly string[] {
  const forwards = new Set(entries.flatMap(({ vip, services }) => (services.length === 0 ? [] : (vip?.address ?? []))))
  return vips.filter((vip) => !forwards.has(vip.address) || isServed(vip)).map(({ address }) => address)
}

function isServed({ virtualServers }: VipModel): boolean {
  return virtualServers.some(({ realServers }) => realServers.some(({ draining }) => !draining))
}

/** Why the classic layout cannot announce these entries. keepalived may discard the adverts of a node with another list. */
export function classicProblems(
  advertised: readonly string[],
  entries: readonly EntryOutcome[],
): readonly Problem<ModelCode>[] {
  const problem = (code: ModelCode, message: string): Problem<ModelCode> => {
    return { code, severity: "error", path: ["--layout"], place: null, message }
  }
  const problems: Problem<ModelCode>[] = []
  if (advertised.length > MOST_ADVERTISED)
    problems.push(
      problem(
        "TOO_MANY_VIPS",
        `Cannot announce ${advertised.length} VIPs with --layout classic: an advert has room for ${MOST_ADVERTISED}; what runs is kept; use --layout anchor, or fewer entries`,
      ),
    )
  const missing = [...new Set(entries.filter(isMissingHere).map(({ declaration }) => declaration.name))]
  if (missing.length > 0)
    problems.push(
      problem(
        "VIPS_DIFFER",
        `Cannot announce any VIP with --layout classic: ${counted(missing.length, "entry", "entries")} cannot run on this node alone (${missing.slice(0, 3).join(", ")}), and with another list of VIPs than the other nodes have it would become a second master; what runs is kept; mend the entry's own problem on this node`,
      ),
    )
  return problems
}

/** Whether an entry is left out for a reason that the other nodes may not have. */
function isMissingHere({ vip, problems }: EntryOutcome): boolean {
  return vip === null && problems.some(({ code }) => LOCAL_CODES.has(code))
}

const LOCAL_CODES: ReadonlySet<ModelCode> = new Set<ModelCode>([
  "ADDRESS_ON_HOST",
  "ADDRESS_IN_USE",
  "VIRTUAL_SERVER_ON_HOST",
  "IPVS_MISSING",
  "MASQUERADE_MISSING",
])
