import { mkdir, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"

import { withTemporaryDirectory } from "../../support/temporary-directory.ts"

/** Path below a directory -> content. */
export type Tree = Readonly<Record<string, string | Uint8Array>>

/** Writes a tree below a directory. */
export async function writeTree(directory: string, tree: Tree): Promise<void> {
  for (const [name, content] of Object.entries(tree)) {
    await mkdir(dirname(join(directory, name)), { recursive: true })
    await writeFile(join(directory, name), content)
  }
}

/** Calls `use` in a new directory that holds the tree: names are relative there, as people type them. */
export function inTree<T>(tree: Tree, use: (directory: string) => Promise<T>): Promise<T> {
  const before = process.cwd()
  return withTemporaryDirectory(async (directory) => {
    await writeTree(directory, tree)
    process.chdir(directory)
    try {
      return await use(directory)
    } finally {
      process.chdir(before)
    }
  })
}

/** The VIP ConfigMap with these lines below `data:`; the first of them is line 7. */
export function configMap(...lines: readonly string[]): string {
  const head = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: vips\n  namespace: default\ndata:\n"
  return `${head}${lines.map((line) => `  ${line}\n`).join("")}`
}

export interface ServiceOptions {
  readonly port?: number
  readonly targetPort?: number | string
  readonly protocol?: string
  /** More lines below `spec:`. */
  readonly spec?: readonly string[]
}

export function service(name: string, options: ServiceOptions = {}): string {
  const { port = 80, targetPort = 8080, protocol = "TCP", spec = [] } = options
  return `apiVersion: v1
kind: Service
metadata:
  name: ${name}
  namespace: default
spec:
${spec.map((line) => `  ${line}\n`).join("")}  ports:
    - name: http
      port: ${port}
      protocol: ${protocol}
      targetPort: ${targetPort}
`
}

/** A slice of a Service's port `http`. @param endpoints an address, or a whole flow mapping. */
export function slice(serviceName: string, endpoints: readonly string[], port = 8080, protocol = "TCP"): string {
  const items = endpoints.map((one) => (one.startsWith("{") ? one : `{ addresses: [${one}] }`))
  return `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: ${serviceName}-1
  namespace: default
  labels:
    kubernetes.io/service-name: ${serviceName}
addressType: IPv4
ports:
  - name: http
    port: ${port}
    protocol: ${protocol}
endpoints:${items.length === 0 ? " []" : items.map((item) => `\n  - ${item}`).join("")}
`
}

export function nodes(...addresses: readonly string[]): string {
  return addresses
    .map(
      (address) => `apiVersion: v1
kind: Node
metadata:
  name: n-${address}
status:
  addresses:
    - { type: InternalIP, address: ${address} }
`,
    )
    .join("---\n")
}

/** A Service that works, with one pod: what must not be harmed. */
export const GOOD: Tree = {
  "good.yaml": `${service("good")}---\n${slice("good", ["10.2.0.1"])}`,
  "nodes.yaml": nodes("10.4.0.3", "10.4.0.4"),
}
export const GOOD_LINE = "10.4.0.60: default/good"

/** The tree below `git/`. */
export function underGit(tree: Tree): Tree {
  return Object.fromEntries(Object.entries(tree).map(([name, content]) => [`git/${name}`, content]))
}
