/**
 * The reason of an Event for the code of a problem: `BAD_ADDRESS` gives `BadAddress`.
 *
 * Acronyms stay in capitals, as in the reasons of Kubernetes: `VIP_IS_CLUSTER_IP` gives `VIPIsClusterIP`.
 */
export function reasonOf(code: string): string {
  return code
    .split("_")
    .map((word) => SPELT.get(word) ?? word.slice(0, 1) + word.slice(1).toLowerCase())
    .join("")
}

/** Words that are not spelled with one capital letter. */
const SPELT: ReadonlyMap<string, string> = new Map([
  ["CONFIGMAP", "ConfigMap"],
  ["VIPS", "VIPs"],
  ["UTF8", "UTF8"],
  ...["DR", "IP", "IPVS", "NAT", "NUL", "VIP", "YAML"].map((word) => [word, word] as const),
])
