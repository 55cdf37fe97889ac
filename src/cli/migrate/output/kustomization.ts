import { stringify } from "yaml"

import { NAMESPACE, type Target } from "../target.ts"
import { YAML } from "./config-map.ts"

/** Files beside kustomization.yaml. */
export interface KustomizationFiles {
  /** The base, as kustomize finds it. */
  readonly base: string
  /** Those that are added, such as `services.yaml`. */
  readonly resources: readonly string[]
  /** Those with patches. */
  readonly patches: readonly string[]
}

/** The kustomization that gives the base the entries and the settings. */
export function kustomizationText(target: Target, { base, resources, patches }: KustomizationFiles): string {
  const value = {
    apiVersion: "kustomize.config.k8s.io/v1beta1",
    kind: "Kustomization",
    resources: [base, ...resources],
    patches: [
      ...patches.map((path) => ({ path })),
      // Before the next one, which moves the containers that it names to the front.
      ...portPatch(target.sidecar["--http-port"]),
      ...podPatch(target),
      ...rightsPatch(target.watchNamespaces),
    ],
  }
  return `${HEAD}${stringify(value, YAML)}`
}

const HEAD = `# Written by kkv migrate. "resources" says where the base is; a path is relative to this folder.\n`
const DAEMON_SET = { kind: "DaemonSet", name: "kube-keepalived-vip" } as const

function podPatch({ placement, sidecar, sync, watchNamespaces }: Target) {
  const { nodeSelector, tolerations, affinity } = placement
  const containers = [
    containerOf("sync", {
      ...sync,
      ...(watchNamespaces.length > 0 && { "--watch-namespace": watchNamespaces.join() }),
    }),
    containerOf("sidecar", sidecar),
  ].flat()
  const spec = {
    ...(Object.keys(nodeSelector).length > 0 && { nodeSelector }),
    // An empty list would be merged with that of the base.
    ...(tolerations !== null && { tolerations: tolerations.length === 0 ? null : tolerations }),
    ...(affinity !== null && { affinity }),
    ...(containers.length > 0 && { containers }),
  }
  if (Object.keys(spec).length === 0) return []
  const metadata = { name: DAEMON_SET.name }
  const patch = { apiVersion: "apps/v1", kind: DAEMON_SET.kind, metadata, spec: { template: { spec } } }
  return [{ target: DAEMON_SET, patch: stringify(patch, YAML) }]
}

function containerOf(name: string, flags: Readonly<Record<string, string>>) {
  return Object.keys(flags).length === 0 ? [] : [{ name, env: variablesOf(flags) }]
}

/** The environment variables of flags: `--vrid` is `KKV_VRID`. */
export function variablesOf(flags: Readonly<Record<string, string>>) {
  return Object.entries(flags).map(([flag, value]) => ({ name: variableOf(flag), value }))
}

function variableOf(flag: string): string {
  return `KKV_${flag.slice(2).toUpperCase().replaceAll("-", "_")}`
}

/** The port's number is in the pod as well, where probes and the scheduler look. */
function portPatch(port: string | undefined) {
  if (port === undefined) return []
  const operation = (field: string) => ({
    op: "replace",
    path: `/spec/template/spec/containers/1/ports/0/${field}`,
    value: Number(port),
  })
  return [{ target: DAEMON_SET, patch: stringify([operation("containerPort"), operation("hostPort")], YAML) }]
}

/** As manifests/overlays/restricted-namespace: Services by a Role, and of the whole cluster only the Nodes. */
function rightsPatch(namespaces: readonly string[]) {
  if (namespaces.length === 0) return []
  const value = [{ apiGroups: [""], resources: ["nodes"], verbs: ["list", "watch"] }]
  const patch = stringify([{ op: "replace", path: "/rules", value }], YAML)
  return [{ target: { kind: "ClusterRole", name: "kube-keepalived-vip" }, patch }]
}

/** A Role and its binding in each namespace. */
export function rolesText(namespaces: readonly string[]): string {
  const verbs = ["list", "watch"]
  const documents = namespaces.flatMap((namespace) => {
    const apiVersion = "rbac.authorization.k8s.io/v1"
    const metadata = { name: "kube-keepalived-vip", namespace }
    const rules = [
      { apiGroups: [""], resources: ["services"], verbs },
      { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs },
    ]
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "kube-keepalived-vip" }
    const subjects = [{ kind: "ServiceAccount", name: "kube-keepalived-vip", namespace: NAMESPACE }]
    return [
      { apiVersion, kind: "Role", metadata, rules },
      { apiVersion, kind: "RoleBinding", metadata, roleRef, subjects },
    ]
  })
  return documents.map((one) => stringify(one, YAML)).join("---\n")
}
