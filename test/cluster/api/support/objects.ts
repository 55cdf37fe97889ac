import { apply, kubectl } from "./cluster.ts"
import { until } from "./until.ts"

interface DeploymentOptions {
  readonly namespace: string
  readonly name: string
  readonly replicas: number
}

/** Pods that are deleted stay Terminating for two seconds. */
export function deployment({ namespace, name, replicas }: DeploymentOptions): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: { namespace: ${namespace}, name: ${name} }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} }, annotations: { bed/delete-delay: 2s } }
    spec: { containers: [{ name: ${name}, image: ${name} }] }`
}

interface ServiceOptions {
  readonly namespace: string
  readonly name: string
  /** Port to target port. */
  readonly ports?: Readonly<Record<number, number>>
  /** Without one, its EndpointSlices are written by hand. */
  readonly selected?: boolean
}

export function service({ namespace, name, ports = { 80: 8080 }, selected = true }: ServiceOptions): string {
  const lines = Object.entries(ports).map(
    ([port, target]) => `\n    - { name: "port-${port}", port: ${port}, targetPort: ${target} }`,
  )
  return `apiVersion: v1
kind: Service
metadata: { namespace: ${namespace}, name: ${name} }
spec:${selected ? `\n  selector: { app: ${name} }` : ""}
  ports:${lines.join("")}`
}

export function namespaceObject(name: string): string {
  return `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${name} }`
}

/** A ConfigMap with these entries. */
export function configMap(key: string, entries: Readonly<Record<string, string>>): string {
  const [namespace, name] = key.split("/")
  const metadata = { namespace, name }
  return JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata, data: entries })
}

/** A new namespace whose Deployment has `replicas` ready pods behind a Service, both called `echo`, as its slices say by now. */
export async function echoNamespace(namespace: string, replicas: number): Promise<void> {
  await apply(namespaceObject(namespace))
  await apply(deployment({ namespace, name: "echo", replicas }), service({ namespace, name: "echo" }))
  await kubectl(["-n", namespace, "rollout", "status", "deployment/echo", "--timeout=30s"])
  await untilEndpoints(namespace, replicas)
}

/** Waits until the real controllers have made it so many ready endpoints: they take their time, after an outage most of all. */
export async function untilEndpoints(namespace: string, count: number): Promise<void> {
  await until(`the API server has ${count} ready endpoints`, 60_000, async () => {
    const { items } = JSON.parse(await kubectl(["-n", namespace, "get", "endpointslices", "-o", "json"])) as Slices
    // A slice without endpoints has null in their place.
    const ready = items
      .flatMap(({ endpoints }) => endpoints ?? [])
      .filter(({ conditions }) => conditions?.ready === true)
    return ready.length === count ? true : null
  })
}

interface Slices {
  readonly items: readonly {
    readonly endpoints?: readonly { readonly conditions?: { readonly ready?: boolean } }[] | null
  }[]
}
