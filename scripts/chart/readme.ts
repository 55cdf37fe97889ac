import { type Key, sectionsOfKeys } from "./keys.ts"

const DOCS = "https://github.com/kube-keepalived-vip/kube-keepalived-vip/blob/main/docs"

const HEAD = `# kube-keepalived-vip

Virtual IPs on your own hardware: keepalived speaks VRRP, IPVS forwards to the pods ([concepts](${DOCS}/concepts.md)).
\`npm run chart\` writes this page.

## Install

The pods use the network of the node. If your cluster enforces a Pod Security level, label the namespace first:

\`\`\`sh
kubectl create namespace kube-keepalived-vip
kubectl label namespace kube-keepalived-vip pod-security.kubernetes.io/enforce=privileged
\`\`\`

No release is published yet. From a checkout, with images that your nodes can pull (\`make image REGISTRY=registry.example.org/vip\`):

\`\`\`sh
helm install kube-keepalived-vip charts/kube-keepalived-vip --namespace kube-keepalived-vip --create-namespace \\
  --set image.registry=registry.example.org/vip --set-string 'vips.10\\.4\\.0\\.50=default/echoheaders'
\`\`\`

The notes that Helm prints have the next commands. Before the first VIP in production, read
[security](${DOCS}/security.md#before-the-first-vip).

- **VRID**: \`vrid\` must be unique on the LAN, and the same on all nodes of one release.
- **Two releases** need two VRIDs, two sets of nodes (\`nodeSelector\`), and \`crds.install=false\` for the second one.
- **Entries**: those of \`vips\` belong to the release. Entries that are added with kubectl stay at an upgrade.
- **Uninstall**: \`helm uninstall\`, then \`kubectl delete namespace\` for what sync has written there (a VipReport, Leases). The
  CustomResourceDefinition stays (\`crds.keep\`): a later release of another name needs \`--take-ownership\`. Its removal deletes all
  VipReports: \`kubectl delete crd vipreports.kube-keepalived-vip.io\`. The folder \`/var/lib/kube-keepalived-vip\` stays on the nodes.

The chart and \`manifests/\` are the same: the chart renders copies of the files of \`manifests/base\`, and a test compares both.
Unknown keys are refused.

## Values
`

/** The text of the chart's README: how to install it, and a table for each section of the values. */
export function readme(): string {
  const sections = sectionsOfKeys().map(({ title, keys }) => {
    const rows = keys.filter((key) => key.kind === "key").map(rowOf)
    return `\n### ${title}\n\n| key | type | default | meaning |\n| --- | --- | --- | --- |\n${rows.join("\n")}\n`
  })
  return `${HEAD}${sections.join("")}`
}

function rowOf({ path, type, description, fallback }: Key): string {
  const shown = fallback === undefined ? "" : `\`${JSON.stringify(fallback)}\``
  return `| \`${path.join(".")}\` | ${type} | ${shown} | ${description.replaceAll("|", String.raw`\|`)} |`
}
