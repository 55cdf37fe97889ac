import { asHost, subnetText } from "../../core/address/network.ts"
import { addressesOf, type KeepalivedModel } from "../../core/model/keepalived-model.ts"
import { compare, type Problem } from "../../kit/problem.ts"

/** What is known of another program that changes our entries in IPVS. Times are milliseconds of the agent's clock. */
export interface Interference {
  /** Consecutive repairs, each needed within ten minutes of the one before. */
  readonly repairs: number
  /** Time of the last repair. */
  readonly lastAt: number
  /** Whether that repair restarted keepalived's checker, which must not happen often. */
  readonly respawned: boolean
  /** Whether the interface existed that only kube-proxy in IPVS mode creates. */
  readonly kubeProxy: boolean
}

export const NO_INTERFERENCE: Interference = { repairs: 0, lastAt: 0, respawned: false, kubeProxy: false }

/**
 * kube-proxy in IPVS mode creates this dummy interface before its first look at the IPVS table, and deletes it only when
 * it changes its mode. Source: Kubernetes, pkg/proxy/ipvs/proxier.go, defaultDummyDevice and syncProxyRules.
 */
export const KUBE_PROXY_INTERFACE = "kube-ipvs0"

/** What is known after a repair. */
export function afterRepair(
  before: Interference,
  now: number,
  { respawned, kubeProxy }: Pick<Interference, "respawned" | "kubeProxy">,
): Interference {
  return { repairs: isOver(before, now) ? 1 : before.repairs + 1, lastAt: now, respawned, kubeProxy }
}

/**
 * Wait before the next repair, in ms: 2, 4, 8, 16, then 30 s after the repair before. kube-proxy deletes at each
 * of its syncs, at least every 30 s, so a faster repair gains little. keepalived delays the start of a
 * checker that ends more than once a minute, more each time.
 */
export function pauseMs(known: Interference, now: number): number {
  if (isOver(known, now)) return 0
  const pause = known.respawned
    ? RESPAWN_PAUSE_MS
    : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (known.repairs - 1))
  return Math.max(0, known.lastAt + pause - now)
}

/** Time until the next comparison before the interval ends, in ms; null when no program has interfered recently. */
export function nextLookMs(known: Interference, now: number): number | null {
  return isOver(known, now) ? null : Math.max(pauseMs(known, now), WATCHFUL_MS)
}

/**
 * What a user must do about it; null before it has happened again.
 *
 * The text stays the same while the VIPs do, because sync writes an Event for each new text.
 */
export function interferenceProblem(
  known: Interference,
  model: KeepalivedModel,
): Problem<"KUBE_PROXY_IPVS" | "FOREIGN_CHANGES"> | null {
  if (known.repairs < 2) return null
  const own = { severity: "error", place: null } as const
  if (known.kubeProxy) {
    const message =
      `Set ipvs.excludeCIDRs: [${excludeCidrs(model).join(", ")}] in the configuration of kube-proxy and restart it: ` +
      "in IPVS mode it deletes our virtual servers on this node, however often they are restored"
    return { ...own, code: "KUBE_PROXY_IPVS", path: ["kube-proxy"], message }
  }
  if (known.repairs < MOST_ACCIDENTS) return null
  const message =
    "Something else on this node changes our entries in IPVS, however often they are restored: " +
    'look for another load balancer on this node, or for a script with "ipvsadm"'
  return { ...own, code: "FOREIGN_CHANGES", path: ["IPVS"], message }
}

/** The networks that kube-proxy must exclude: up to four single VIPs, or for more the /24 networks that contain them. */
export function excludeCidrs(model: KeepalivedModel): readonly string[] {
  const vips = addressesOf(model)
  if (vips.length <= FEW_VIPS) return vips.map(asHost)
  return [...new Set(vips.map((address) => subnetText({ address, prefixLength: USUAL_SUBNET })))].toSorted(compare)
}

/** The state when no program has interfered recently. */
export function isOver({ repairs, lastAt }: Interference, now: number): boolean {
  return repairs === 0 || now - lastAt >= OVER_MS
}

const OVER_MS = 600_000
const FIRST_PAUSE_MS = 2_000
const LONGEST_PAUSE_MS = 30_000
const RESPAWN_PAUSE_MS = 75_000
const WATCHFUL_MS = 5_000
/** Repairs before a warning: a user who works on the node by hand may cause two. */
const MOST_ACCIDENTS = 3
const FEW_VIPS = 4
/** Bits of the networks that stand for many VIPs. */
const USUAL_SUBNET = 24
