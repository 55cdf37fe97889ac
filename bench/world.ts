import { existsSync } from "node:fs"
import { mkdir, rename, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** The size of a cluster: so many VIPs, each with a Service of its own and so many endpoints. */
export interface Size {
  readonly vips: number
  readonly endpoints: number
}

/** A file system in memory, as the pod's volumes are (emptyDir, medium Memory); the disk where there is none. */
export function volumesRoot(): string {
  return existsSync("/dev/shm") ? "/dev/shm" : tmpdir()
}

/** Writes a directory of manifests: one file a Service with its slice, one for the ConfigMap, one for the Node. */
export async function writeManifests(directory: string, size: Size): Promise<void> {
  await mkdir(directory, { recursive: true })
  const entries = Array.from({ length: size.vips }, (_, at) => `  ${vipOf(at)}: default/${nameOf(at)}\n`)
  await writeFile(
    join(directory, "vips.yaml"),
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: vips, namespace: default}\ndata:\n${entries.join("")}`,
  )
  await writeFile(
    join(directory, "node.yaml"),
    "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\nstatus:\n  addresses: [{type: InternalIP, address: 10.4.0.3}]\n",
  )
  for (let at = 0; at < size.vips; at += 1)
    await writeFile(join(directory, `${nameOf(at)}.yaml`), serviceText(at, size.endpoints, 0))
}

/** Replaces one Service's file by one whose last endpoint is another. `turn` makes each change a new one. */
export async function changeOneEndpoint(
  directory: string,
  at: number,
  change: { readonly endpoints: number; readonly turn: number },
): Promise<void> {
  const file = join(directory, `${nameOf(at)}.yaml`)
  await writeFile(`${file}.new`, serviceText(at, change.endpoints, change.turn))
  await rename(`${file}.new`, file)
}

/** Name of the n-th Service. */
export function nameOf(at: number): string {
  return `service-${String(at).padStart(4, "0")}`
}

/** In the subnet of the Node, as VIPs are: no entry has a warning. */
function vipOf(at: number): string {
  return `10.4.${1 + Math.floor(at / 250)}.${1 + (at % 250)}`
}

function serviceText(at: number, endpoints: number, turn: number): string {
  const name = nameOf(at)
  const last = 1 + ((endpoints + turn) % 200)
  const hosts = [...Array.from({ length: endpoints - 1 }, (_, one) => 201 + (one % 50)), last]
  const lines = hosts.map(
    (host, one) =>
      `  - {addresses: [10.${64 + (at >> 8)}.${at & 255}.${one === endpoints - 1 ? last : host}], conditions: {ready: true}}\n`,
  )
  return `apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: default}
spec:
  ports:
    - {name: http, port: 80, protocol: TCP, targetPort: 8080}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: ${name}-abc12
  namespace: default
  labels: {kubernetes.io/service-name: ${name}}
addressType: IPv4
ports:
  - {name: http, port: 8080, protocol: TCP}
endpoints:
${lines.join("")}`
}
