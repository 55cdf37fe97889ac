/** Texts of small manifests, as people write them. */

/** The VIP ConfigMap default/vips; each entry is a line of its data. */
export function vipsText(...entries: readonly string[]): string {
  const data = entries.length === 0 ? "data: {}\n" : `data:\n${entries.map((entry) => `  ${entry}\n`).join("")}`
  return `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: vips\n${data}`
}

/** Service and slice default/<name>: port 80 to 8080 on each address. */
export function serviceText(name: string, addresses: readonly string[]): string {
  return `apiVersion: v1
kind: Service
metadata:
  name: ${name}
spec:
  clusterIP: 10.96.0.1
  ports:
    - port: 80
      targetPort: 8080
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: ${name}-x
  labels:
    kubernetes.io/service-name: ${name}
addressType: IPv4
ports:
  - port: 8080
endpoints:
${addresses.map((address) => `  - addresses: [${address}]\n    conditions: {ready: true}\n`).join("")}`
}

export function nodeText(name: string, address: string): string {
  return `apiVersion: v1
kind: Node
metadata:
  name: ${name}
status:
  addresses:
    - type: InternalIP
      address: ${address}
`
}
