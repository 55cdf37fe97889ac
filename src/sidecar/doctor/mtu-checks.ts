import { listed } from "../../kit/text/format.ts"
import { bad, type Finding, good } from "./finding.ts"

/** Smallest MTU that IPv4 hosts must take a packet of. Source: RFC 791, 3.1. */
const LEAST = 576
/** The interfaces by which pods are reached: of the common networks of pods, such as flannel, Calico, Cilium and kube-router. */
const OF_PODS =
  /^(?:cni\d+|cbr0|flannel[.\d]*|vxlan[.\w-]*|tunl0|wireguard\.cali|cilium_(?:host|vxlan|wg0)|cali[\da-f]+|kube-bridge|weave|antrea-gw0|ovn-k8s-mp0)$/
/** Maximum names in a sentence. */
const MOST_NAMES = 5

export interface MtuQuestion {
  /** Names of the interfaces of this node. */
  readonly names: readonly string[]
  /** The MTU of an interface; null if unknown. */
  readonly mtu: (name: string) => number | null
}

/** Whether packets that fit the interface of the VIPs fit the network of the pods. @param interfaces The interfaces of the VIPs. */
export function mtuChecks({ names, mtu }: MtuQuestion, interfaces: readonly string[]): readonly Finding[] {
  return interfaces.flatMap((name) => {
    const check = `MTU ${name}`
    const own = mtu(name)
    if (own === null)
      return [
        bad(check, "unknown", "this kernel does not show it", { causes: "see interface", action: `look at ${name}` }),
      ]
    if (own < LEAST)
      return [
        bad(check, "wrong", `it is ${own} (expected at least ${LEAST})`, {
          causes: "large packets of clients are cut into pieces, or dropped",
          action: `raise it: ip link set ${name} mtu 1500; and in the network configuration of the node`,
        }),
      ]
    const smaller = names
      .filter((one) => one !== name && OF_PODS.test(one))
      .flatMap((one) => {
        const theirs = mtu(one)
        return theirs !== null && theirs < own ? [`${one} ${theirs}`] : []
      })
    if (smaller.length === 0) return [good(check, `it is ${own}`)]
    return [
      bad(check, "look", `it is ${own}, and the pod network has less: ${listed(smaller, MOST_NAMES)}`, {
        causes:
          "the kernel tells clients by ICMP to send smaller packets; where a firewall drops that ICMP, large requests hang",
        action: 'let ICMP "fragmentation needed" through, or give both the same MTU',
      }),
    ]
  })
}
