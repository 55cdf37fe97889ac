import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseAllDocuments } from "yaml"

import { adminKubeconfig, kubectl } from "./cluster.ts"

const root = join(import.meta.dirname, "../../../..")

/** With what rights sync runs: those of the shipped manifests, where there are any. */
export interface Access {
  readonly namespace: string
  readonly serviceAccount: string
  /** As RBAC and the audit log call it. */
  readonly user: string
  /** `namespace/name` of the VIP ConfigMap. */
  readonly configMapKey: string
  /** The manifests, without what would run. */
  readonly objects: readonly ApiObject[]
}

export interface ApiObject {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly rules?: readonly Rule[]
}

export interface Rule {
  readonly resources?: readonly string[]
}

const RIGHTS = ["Namespace", "ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"]

/** Creates the ServiceAccount and its roles. */
export async function grantAccess(): Promise<Access> {
  const base = join(root, "manifests/base")
  const shipped = existsSync(join(base, "kustomization.yaml"))
  const text = shipped
    ? await kubectl(["kustomize", base])
    : readFileSync(join(import.meta.dirname, "../rbac.yaml"), "utf8")
  const all = parseAllDocuments(text).map((document): ApiObject => document.toJS())
  const objects = all.filter(({ kind }) => RIGHTS.includes(kind))
  await applyObjects(objects)
  const account = objects.find(({ kind }) => kind === "ServiceAccount")?.metadata
  if (account?.namespace === undefined) throw new Error("Cannot find the ServiceAccount in the manifests")
  const configMapKey = /--services-configmap[= ]([^"'\s,\]]+)/.exec(text)?.[1] ?? "default/vip-configmap"
  const { namespace, name: serviceAccount } = account
  return {
    namespace,
    serviceAccount,
    user: `system:serviceaccount:${namespace}:${serviceAccount}`,
    configMapKey,
    objects,
  }
}

export async function applyObjects(objects: readonly object[]): Promise<void> {
  await kubectl(["apply", "-f", "-"], { input: JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }) })
}

/** A new token of the ServiceAccount; with `boundTo`, it counts only as long as that Secret is there. */
export async function newToken({ namespace, serviceAccount }: Access, boundTo?: string): Promise<string> {
  const bound = boundTo === undefined ? [] : ["--bound-object-kind=Secret", `--bound-object-name=${boundTo}`]
  return (await kubectl(["-n", namespace, "create", "token", serviceAccount, ...bound])).trim()
}

/** Writes a kubeconfig with this token, for the bed's API server. */
export function writeKubeconfig(file: string, token: string): void {
  const admin = readFileSync(adminKubeconfig, "utf8")
  const users = `users: [{name: sync, user: {token: "${token}"}}]`
  writeFileSync(file, admin.replace(/^users: .*$/m, users).replace(/^contexts: .*$/m, CONTEXTS))
}

const CONTEXTS = "contexts: [{name: bed, context: {cluster: bed, user: sync}}]"
