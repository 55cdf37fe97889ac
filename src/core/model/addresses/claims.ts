import type { Place, Problem } from "../../../kit/problem.ts"
import { ipv4Of } from "../../address/ip.ts"
import { quoted } from "../../../kit/text/quoted.ts"
import type { Service, ServiceObjects } from "../../objects/kinds.ts"
import { isLongForm } from "../../declare/is-long-form.ts"
import type { ModelCode } from "../problem-codes.ts"
import type { EntryOutcome } from "../types.ts"

/**
 * Warns of VIPs that a known Service has as its own address: kube-proxy takes the packets of such an address before IPVS sees
 * them. It is only a warning, because only a node can tell whether kube-proxy does so.
 *
 * An entry without Services forwards nothing, and kube-proxy may forward for it on purpose, except for a cluster IP.
 */
export function claimProblems(
  entries: readonly Pick<EntryOutcome, "declaration" | "text">[],
  services: ReadonlyMap<string, ServiceObjects>,
): readonly Problem<ModelCode>[] {
  const declared = new Map(
    entries.flatMap((entry) =>
      entry.declaration.addresses.map((address) => [address.text, { ...entry, place: address.place }] as const),
    ),
  )
  const problems: Problem<ModelCode>[] = []
  for (const [name, { service }] of services)
    for (const { address, code, field, remedy } of claimsOf(service.object)) {
      const entry = declared.get(address)
      if (entry === undefined || (code !== "VIP_IS_CLUSTER_IP" && forwardsNothing(entry))) continue
      problems.push({
        code,
        severity: "warning",
        path: entry.declaration.path,
        place: entry.place,
        message: `Cannot be sure that IPVS gets the packets of ${quoted(address)}: Service ${quoted(name)} has that address in ${field}${shownPlace(service.place)}, and kube-proxy takes its packets first; ${remedy}`,
      })
    }
  return problems
}

function forwardsNothing({ declaration, text }: Pick<EntryOutcome, "declaration" | "text">): boolean {
  return text.trim() === "" || (isLongForm(declaration.name, text) && declaration.services.length === 0)
}

interface ServiceAddress {
  readonly address: string
  readonly code: "VIP_IS_CLUSTER_IP" | "VIP_IS_EXTERNAL_IP" | "VIP_IS_LOAD_BALANCER_IP"
  /** Path of the field. */
  readonly field: string
  /** Advice for the user. */
  readonly remedy: string
}

function claimsOf({ spec, traffic }: Service): readonly ServiceAddress[] {
  const clusterIPs = traffic === null || traffic.clusterIPs.length === 0 ? [spec.clusterIP] : traffic.clusterIPs
  const claims = clusterIPs.map((ip) => claim(ip, "VIP_IS_CLUSTER_IP", "spec.clusterIP", "use another VIP"))
  if (traffic === null) return claims
  for (const ip of traffic.externalIPs)
    claims.push(claim(ip, "VIP_IS_EXTERNAL_IP", "spec.externalIPs", "remove it there"))
  for (const { ip, ipMode } of traffic.ingress)
    if (ipMode !== "Proxy")
      claims.push(
        claim(
          ip,
          "VIP_IS_LOAD_BALANCER_IP",
          "status.loadBalancer.ingress",
          "give it ipMode: Proxy, or remove it there",
        ),
      )
  const { loadBalancerIP } = traffic
  if (loadBalancerIP !== "" && !traffic.ingress.some(({ ip }) => ip === loadBalancerIP))
    claims.push(
      claim(loadBalancerIP, "VIP_IS_LOAD_BALANCER_IP", "spec.loadBalancerIP", "set ipMode: Proxy in its status"),
    )
  return claims
}

/** Reads an IPv4-mapped IPv6 address as the IPv4 address. */
function claim(ip: string, code: ServiceAddress["code"], field: string, remedy: string): ServiceAddress {
  return { address: ipv4Of(ip) ?? ip, code, field, remedy }
}

function shownPlace({ file, line }: Place): string {
  return ` (${file}${line === null ? "" : `:${line}`})`
}
