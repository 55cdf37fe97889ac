import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseAllDocuments } from "yaml"

import { adminKubeconfig, kubectl } from "./cluster.ts"

const base = join(import.meta.dirname, "../../../../manifests/base")

/** With what rights sync runs: those of the shipped manifests. */
export interface Access {
  readonly namespace: string
  readonly serviceAccount: string
  /** As RBAC and the audit log call it. */
  readonly user: string
  /** `namespace/name` of the VIP ConfigMap. */
  readonly configMapKey: string
  /** The manifests, without what would run, and without the ConfigMap. */
  readonly objects: readonly ApiObject[]
}

export interface ApiObject {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly rules?: readonly Rule[]
}

interface Rule {
  readonly resources?: readonly string[]
}

/** Creates what `kubectl apply -k manifests/base` does, but for the DaemonSet, which the checks are in place of, and the ConfigMap. */
export async function grantAccess(): Promise<Access> {
  const text = await kubectl(["kustomize", base])
  const all = parseAllDocuments(text).map((document): ApiObject => document.toJS())
  const objects = all.filter(({ kind }) => kind !== "DaemonSet" && kind !== "ConfigMap")
  const isDefinition = ({ kind }: ApiObject) => kind === "CustomResourceDefinition"
  await applyObjects(objects.filter(isDefinition))
  await kubectl(["wait", "--for=condition=Established", "crd", "--all", "--timeout=120s"])
  await applyObjects(objects.filter((object) => !isDefinition(object)))
  const account = objects.find(({ kind }) => kind === "ServiceAccount")?.metadata
  const isNamed = text.includes("--services-configmap=$(POD_NAMESPACE)/$(VIP_CONFIGMAP)")
  const name = /name: VIP_CONFIGMAP\n *value: (\S+)/.exec(text)?.[1]
  const configMapKey = isNamed && name !== undefined ? `${account?.namespace}/${name}` : undefined
  if (account?.namespace === undefined || configMapKey === undefined) {
    throw new Error("Cannot find the ServiceAccount or --services-configmap in manifests/base")
  }
  const { namespace, name: serviceAccount } = account
  const user = `system:serviceaccount:${namespace}:${serviceAccount}`
  return { namespace, serviceAccount, user, configMapKey, objects }
}

/** Of what a role grants, only what concerns these resources. */
export function rulesOnly({ rules = [] }: ApiObject, resources: readonly string[]): readonly Rule[] {
  return rules
    .map((rule) => ({ ...rule, resources: (rule.resources ?? []).filter((name) => resources.includes(name)) }))
    .filter((rule) => rule.resources.length > 0)
}

export async function applyObjects(objects: readonly object[]): Promise<void> {
  await kubectl(["apply", "-f", "-"], { input: JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }) })
}

/** A new token of the ServiceAccount; with `boundTo`, it counts only as long as that Secret is there. */
export async function newToken({ namespace, serviceAccount }: Access, boundTo?: string): Promise<string> {
  const bound = boundTo === undefined ? [] : ["--bound-object-kind=Secret", `--bound-object-name=${boundTo}`]
  return (await kubectl(["-n", namespace, "create", "token", serviceAccount, ...bound])).trim()
}

/** What a user may do. */
export type Rights =
  | { readonly kind: "none" }
  /** The ClusterRole `view`, in one namespace or in all. */
  | { readonly kind: "view"; readonly namespace: string | null }

/** A new user with these rights and no others: a ServiceAccount in `default`. @returns a token. */
export async function newUser(name: string, rights: Rights): Promise<string> {
  await kubectl(["-n", "default", "create", "serviceaccount", name])
  const of = ["--clusterrole=view", `--serviceaccount=default:${name}`]
  if (rights.kind === "view" && rights.namespace === null) await kubectl(["create", "clusterrolebinding", name, ...of])
  if (rights.kind === "view" && rights.namespace !== null)
    await kubectl(["-n", rights.namespace, "create", "rolebinding", name, ...of])
  return (await kubectl(["-n", "default", "create", "token", name])).trim()
}

/** Writes a kubeconfig with this token, for the bed's API server. */
export function writeKubeconfig(file: string, token: string): void {
  const admin = readFileSync(adminKubeconfig, "utf8")
  const users = `users: [{name: sync, user: {token: "${token}"}}]`
  writeFileSync(file, admin.replace(/^users: .*$/m, users).replace(/^contexts: .*$/m, CONTEXTS))
}

const CONTEXTS = "contexts: [{name: bed, context: {cluster: bed, user: sync}}]"
