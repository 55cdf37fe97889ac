import { stringify } from "yaml"

import { REGISTRY, VERSION } from "./release.ts"

const HOME = "https://github.com/kube-keepalived-vip/kube-keepalived-vip"

/** The text of `Chart.yaml`, with what Artifact Hub shows. */
export function chartYaml(): string {
  const images = ["kkv-sync", "kkv-sidecar"].map((name) => ({
    name,
    image: `${REGISTRY}/${name}:${VERSION}`,
    platforms: ["linux/amd64", "linux/arm64"],
  }))
  const crds = [
    {
      kind: "VipReport",
      version: "v1alpha1",
      name: "vipreports.kube-keepalived-vip.io",
      displayName: "VIP report",
      description: "Says whether every node has exactly the VIPs of a ConfigMap in effect, and if not, why.",
    },
  ]
  const links = [
    { name: "Install", url: `${HOME}/blob/main/docs/install.md` },
    { name: "Troubleshooting", url: `${HOME}/blob/main/docs/troubleshooting.md` },
  ]
  const chart = {
    apiVersion: "v2",
    name: "kube-keepalived-vip",
    description: "Virtual IPs on your own hardware: keepalived speaks VRRP, IPVS forwards to the pods",
    type: "application",
    version: VERSION,
    appVersion: VERSION,
    kubeVersion: ">=1.21.0-0",
    home: HOME,
    sources: [HOME],
    keywords: ["vip", "virtual-ip", "keepalived", "vrrp", "ipvs", "load-balancer", "bare-metal"],
    maintainers: [{ name: "kube-keepalived-vip", url: HOME }],
    annotations: {
      "artifacthub.io/license": "Apache-2.0",
      "artifacthub.io/category": "networking",
      "artifacthub.io/prerelease": String(VERSION.includes("-")),
      "artifacthub.io/images": stringify(images),
      "artifacthub.io/crds": stringify(crds),
      "artifacthub.io/links": stringify(links),
    },
  }
  return `# \`npm run chart\` writes this file.\n${stringify(chart, { lineWidth: 0 })}`
}
