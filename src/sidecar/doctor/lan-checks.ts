import type { Status } from "../../contract/status.ts"
import type { Lan } from "../lan/arping.ts"
import { bad, type Finding, good } from "./finding.ts"

/** Maximum number of addresses that are asked for: each takes two seconds, and all are asked at the same time. */
const MOST_ASKED = 20

export interface LanQuestion {
  readonly lan: Pick<Lan, "probe">
  readonly status: Pick<Status, "vrrp" | "vips">
  /** What the LAN said when it could not be asked; filled while it is asked. */
  readonly failures: readonly string[]
}

/** Whether another machine answers for a VIP that this node holds. Only a master can tell: for a backup, the master answers. */
export async function lanChecks({ lan, status, failures }: LanQuestion): Promise<readonly Finding[]> {
  const check = "address in use"
  const master = status.vrrp.find(({ state }) => state === "master")
  const name = master?.interface ?? null
  if (name === null) return [good(check, "not asked: this node holds no VIP")]
  const vips = status.vips.filter(({ inEffect }) => inEffect).map(({ vip }) => vip)
  const asked = vips.slice(0, MOST_ASKED)
  const answers = await Promise.all(asked.map(async (vip) => ({ vip, mac: await lan.probe(name, vip) })))
  const taken = answers.flatMap(({ vip, mac }) => (mac === null ? [] : [{ vip, mac }]))
  if (taken.length > 0)
    return taken.map(({ vip, mac }) =>
      bad(check, "wrong", `${mac} answers for ${vip} as well, which this node holds`, {
        causes: "a part of the clients reaches that machine",
        action:
          "find it by its hardware address in the switch, and take the address from it; or a second master: compare kkv status",
      }),
    )
  const [failure] = failures
  if (failure !== undefined)
    return [
      bad(check, "unknown", `Cannot ask the LAN: ${failure}`, {
        causes: "another machine may answer for a VIP",
        action: "run kkv doctor in the sidecar's container, which has NET_RAW",
      }),
    ]
  const rest = vips.length > asked.length ? ` (the first ${asked.length} of ${vips.length})` : ""
  return [good(check, `no other machine answers for the VIPs${rest}`)]
}
