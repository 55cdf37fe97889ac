import { pathOf } from "../../core/declare/declaration.ts"
import { type KeepalivedModel, vipsOf } from "../../core/model/keepalived-model.ts"
import type { Problem } from "../../kit/problem.ts"
import type { Capture, Owner } from "./capture.ts"
import type { CaptureCode } from "../problem-codes.ts"

/** Maximum captures with a message of their own. */
const MAXIMUM_SAID = 20

/**
 * Problems for the rules that come before IPVS. They are errors, because IPVS does not serve the VIP as declared.
 *
 * The text stays the same while the rules do, because sync writes an Event for each new text.
 */
export function captureProblems(
  found: readonly Capture[],
  model: Pick<KeepalivedModel, "instances">,
): readonly Problem<CaptureCode>[] {
  const ids = new Map(vipsOf(model).map((vip) => [vip.address, vip.id]))
  // A rule for an address that is not a VIP of this node any more is not a problem.
  const ours = found.filter(({ server }) => ids.has(server.address))
  const said = ours.slice(0, MAXIMUM_SAID).map((capture): Problem<CaptureCode> => {
    const more =
      ours.length > MAXIMUM_SAID ? `; ${ours.length - MAXIMUM_SAID} other virtual servers are taken as well` : ""
    const { address } = capture.server
    const path = pathOf(ids.get(address) ?? address)
    return { code: codeOf(capture), severity: "error", path, place: null, message: `${messageOf(capture)}${more}` }
  })
  return said
}

function codeOf({ taker, effect }: Capture): CaptureCode {
  switch (taker) {
    case "kube-proxy":
      return effect === "dropped" ? "DROPPED_BY_KUBE_PROXY" : "FORWARDED_BY_KUBE_PROXY"
    case "hostport":
      return "FORWARDED_BY_HOSTPORT"
    case "rule":
      return effect === "dropped" ? "DROPPED_BY_RULE" : "FORWARDED_BY_RULE"
  }
}

function messageOf(capture: Capture): string {
  const { server, effect } = capture
  const what = `Cannot forward ${server.address}:${server.port}/${server.protocol} by IPVS`
  return `${what}: ${takerOf(capture)} ${effect === "dropped" ? "drops" : "takes"} its packets first (${capture.rule}); ${remedyOf(capture)}`
}

function takerOf({ taker, owner, to }: Capture): string {
  switch (taker) {
    case "kube-proxy":
      return owner?.kind === "service" ? `kube-proxy, for Service "${owner.name}",` : "kube-proxy"
    case "hostport": {
      const pod = to === null ? "a pod" : `the pod at ${to}`
      return `the hostPort of ${pod}${owner?.kind === "sandbox" ? `, sandbox ${owner.id},` : ""}`
    }
    case "rule":
      return "a rule of the nat table"
  }
}

function remedyOf({ taker, owner, server }: Capture): string {
  switch (taker) {
    case "kube-proxy":
      return kubeProxyRemedy(owner, server.address)
    case "hostport":
      return `take hostPort ${server.port} from that pod, give it a hostIP that is not the VIP, or use another port`
    case "rule":
      return "remove the rule, or exclude the VIP from it"
  }
}

function kubeProxyRemedy(owner: Owner | null, address: string): string {
  switch (owner?.kind === "service" ? owner.field : null) {
    case "cluster IP":
      return "a cluster IP cannot be a VIP: use another address"
    case "external IP":
      return `remove ${address} from its spec.externalIPs`
    case "load balancer IP":
      return `give ${address} ipMode: Proxy in its status.loadBalancer.ingress, or remove it`
    case "node port":
      return "use a port that is not a nodePort of any Service, or limit kube-proxy's nodePortAddresses to the nodes' own addresses"
    case "external":
    case null:
      return `remove ${address} from its spec.externalIPs, and give it ipMode: Proxy in its status.loadBalancer.ingress`
  }
}
