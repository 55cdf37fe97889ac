import type { Place, Problem } from "../../kit/problem.ts"
import { quoted } from "../desired/vip-entry.ts"
import type { ConfigMap, Placed, Service, ServiceObjects } from "../objects/kinds.ts"
import type { ModelCode } from "./codes.ts"

/**
 * Says which VIPs a Service has as an address of its own, as far as the Services at hand tell: kube-proxy takes the packets of
 * such an address before IPVS sees them. A warning, for only a node can tell whether it does.
 *
 * An entry without Services forwards nothing; there kube-proxy may be meant to, but never for a cluster IP.
 */
export function claimProblems(
  configMap: Placed<ConfigMap>,
  services: ReadonlyMap<string, ServiceObjects>,
): readonly Problem<ModelCode>[] {
  const { data } = configMap.object
  const problems: Problem<ModelCode>[] = []
  for (const [name, { service }] of services)
    for (const { address, code, field, remedy } of claimsOf(service.object)) {
      const text = Object.hasOwn(data, address) ? data[address] : undefined
      if (text === undefined || (code !== "VIP_IS_CLUSTER_IP" && text.trim() === "")) continue
      problems.push({
        code,
        severity: "warning",
        path: ["data", address],
        place: configMap.keyPlaces.get(address) ?? configMap.place,
        message: `Cannot be sure that IPVS gets the packets of ${quoted(address)}: Service ${quoted(name)} has that address in ${field}${shownPlace(service.place)}, and kube-proxy takes its packets first; ${remedy}`,
      })
    }
  return problems
}

interface Claim {
  readonly address: string
  readonly code: "VIP_IS_CLUSTER_IP" | "VIP_IS_EXTERNAL_IP" | "VIP_IS_LOAD_BALANCER_IP"
  /** Path of the field. */
  readonly field: string
  /** What to do about it. */
  readonly remedy: string
}

function claimsOf({ spec, traffic }: Service): readonly Claim[] {
  const clusterIPs = traffic === null || traffic.clusterIPs.length === 0 ? [spec.clusterIP] : traffic.clusterIPs
  const claims = clusterIPs.map((ip) => claim(ip, "VIP_IS_CLUSTER_IP", "spec.clusterIP", "use another VIP"))
  if (traffic === null) return claims
  for (const ip of traffic.externalIPs)
    claims.push(claim(ip, "VIP_IS_EXTERNAL_IP", "spec.externalIPs", "take it out there"))
  for (const { ip, ipMode } of traffic.ingress)
    if (ipMode !== "Proxy")
      claims.push(
        claim(
          ip,
          "VIP_IS_LOAD_BALANCER_IP",
          "status.loadBalancer.ingress",
          "give it ipMode: Proxy, or take it out there",
        ),
      )
  const { loadBalancerIP } = traffic
  if (loadBalancerIP !== "" && !traffic.ingress.some(({ ip }) => ip === loadBalancerIP))
    claims.push(
      claim(loadBalancerIP, "VIP_IS_LOAD_BALANCER_IP", "spec.loadBalancerIP", "let its status have ipMode: Proxy"),
    )
  return claims
}

/** An IPv4 address may be written as one of IPv6; it means the same. */
function claim(ip: string, code: Claim["code"], field: string, remedy: string): Claim {
  return { address: ip.replace(/^::ffff:/i, ""), code, field, remedy }
}

function shownPlace({ file, line }: Place): string {
  return ` (${file}${line === null ? "" : `:${line}`})`
}
