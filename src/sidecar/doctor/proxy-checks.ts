import { isInNetwork, parseNetwork } from "../../core/address/network.ts"
import { listed } from "../../kit/text/format.ts"
import { bad, type Finding, good } from "./finding.ts"

/** What kube-proxy says of itself: the body of `/configz` of its metrics port; null if it does not answer. */
export type ProxyConfiguration = unknown

export interface ProxyQuestion {
  readonly configuration: ProxyConfiguration
  /** Whether kube-proxy's interface of IPVS mode exists. */
  readonly hasInterface: boolean
  /** The VIPs. */
  readonly vips: readonly string[]
}

/** kube-proxy in IPVS mode deletes virtual servers that it does not know, and answers ARP for the addresses on its interface. */
export function proxyChecks({ configuration, hasInterface, vips }: ProxyQuestion): readonly Finding[] {
  const check = "kube-proxy"
  const said = settingsIn(configuration)
  if (said === null || (said.mode !== "ipvs" && hasInterface))
    return hasInterface ? [guessed(said?.mode ?? null)] : [good(check, "it is not in IPVS mode")]
  if (said.mode !== "ipvs") return [good(check, `its mode is ${said.mode}`)]
  const exceptions = said.excludeCIDRs.flatMap((text) => parseNetwork(text) ?? [])
  const exposed = vips.filter((vip) => !exceptions.some((network) => isInNetwork(vip, network)))
  const found: Finding[] = []
  if (exposed.length > 0)
    found.push(
      bad(
        check,
        "wrong",
        `it is in IPVS mode, and its ipvs.excludeCIDRs (${listed(said.excludeCIDRs) || "empty"}) do not have ${listed(exposed)}`,
        {
          causes: "it deletes the virtual servers of these VIPs again and again",
          action: "name the VIPs in ipvs.excludeCIDRs of its configuration and restart it, or choose the mode nftables",
        },
      ),
    )
  if (!said.strictARP)
    found.push(
      bad(check, "look", "it is in IPVS mode without ipvs.strictARP", {
        causes:
          "each node answers ARP for addresses on kube-ipvs0: a VIP that a Service has as an external address is answered by all of them",
        action: "set ipvs.strictARP: true in its configuration, and restart it",
      }),
    )
  return found.length > 0 ? found : [good(check, "it is in IPVS mode, and leaves the VIPs alone")]
}

/** From the interface alone. */
function guessed(mode: string | null): Finding {
  const is =
    mode === null
      ? "it is in IPVS mode, or was (there is kube-ipvs0), and does not say its configuration"
      : `its mode is ${mode}, and an earlier one has left kube-ipvs0`
  return bad("kube-proxy", "look", is, {
    causes:
      mode === null
        ? "without an exception it deletes the virtual servers of VIPs"
        : "addresses on that interface are answered by this node",
    action:
      mode === null
        ? "name the VIPs in ipvs.excludeCIDRs of its configuration, or choose the mode nftables"
        : "remove what is left: kube-proxy --cleanup",
  })
}

interface Settings {
  readonly mode: string
  readonly excludeCIDRs: readonly string[]
  readonly strictARP: boolean
}

/** Null for a text of another program. Source: Kubernetes, KubeProxyConfiguration v1alpha1. */
function settingsIn(body: ProxyConfiguration): Settings | null {
  const all: unknown = Reflect.get(Object(body), "kubeproxy.config.k8s.io")
  if (typeof all !== "object" || all === null) return null
  const mode: unknown = Reflect.get(all, "mode")
  const ipvs: unknown = Reflect.get(all, "ipvs")
  const excludes: unknown = Reflect.get(Object(ipvs), "excludeCIDRs")
  return {
    mode: typeof mode === "string" && mode !== "" ? mode : "iptables",
    excludeCIDRs: Array.isArray(excludes) ? excludes.filter((one) => typeof one === "string") : [],
    strictARP: Reflect.get(Object(ipvs), "strictARP") === true,
  }
}
