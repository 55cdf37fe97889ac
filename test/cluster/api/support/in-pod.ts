import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

import { type Access, newToken } from "./access.ts"
import { apiServer, apply, kubectl } from "./cluster.ts"
import type { Scene } from "./scene.ts"
import type { Sync } from "./sync.ts"
import { pause } from "./until.ts"

/** The API server takes a token that it has seen for good so long, after what it is bound to is gone. */
const TOKEN_CACHE_MS = 12_000

/** sync as a container of a pod finds the world: its service account's files, the API server's address, its own name. */
export interface InPod {
  readonly sync: Sync
  /** Replaces the token, or the CA's certificate, as the kubelet does. */
  rotate(token: string): void
  rotateCa(pem: string): void
  /** Takes the token's file away. */
  loseToken(): void
}

interface Where {
  readonly host: string
  readonly port: number
  /** The CA's certificate, PEM. */
  readonly ca: string
}

/** @param where The API server, as the pod is to find it; the real one if absent. */
export async function inPod(scene: Scene, token: string, where?: Where): Promise<InPod> {
  const { namespace, serviceAccount } = scene.access
  await apply(`apiVersion: v1
kind: Pod
metadata: { namespace: ${namespace}, name: kkv }
spec:
  serviceAccountName: ${serviceAccount}
  nodeSelector: { edge: "true" }
  containers: [{ name: sync, image: sync }]`)
  const { host, port, ca } = where ?? { ...apiServer, ca: await rootCertificate(namespace) }
  const files = join(scene.directory, "serviceaccount")
  mkdirSync(files)
  const put = (name: string, text: string) => {
    writeFileSync(join(files, `${name}.new`), text)
    renameSync(join(files, `${name}.new`), join(files, name))
  }
  put("token", token)
  put("namespace", namespace)
  put("ca.crt", ca)
  const sync = scene.sync({
    source: [],
    flags: [],
    environment: {
      KUBERNETES_SERVICE_HOST: host,
      KUBERNETES_SERVICE_PORT: String(port),
      POD_NAMESPACE: namespace,
      POD_NAME: "kkv",
    },
    wrapper: ["unshare", "--mount", "sh", "-c", mounted(files), "sh"],
  })
  return {
    sync,
    rotate: (text) => put("token", text),
    rotateCa: (pem) => put("ca.crt", pem),
    loseToken: () => rmSync(join(files, "token")),
  }
}

/** A mount namespace where the files stand as the kubelet mounts them. */
function mounted(files: string): string {
  const place = "/run/secrets/kubernetes.io"
  return `mount -t tmpfs run /run && mkdir -p ${place} && ln -s ${files} ${place}/serviceaccount && exec "$@"`
}

/** What the controller manager puts into each namespace. */
function rootCertificate(namespace: string): Promise<string> {
  return kubectl(["-n", namespace, "get", "configmap", "kube-root-ca.crt", "-o", "jsonpath={.data.ca\\.crt}"])
}

/** A token that can be taken back: by deleting the Secret of this name. */
export async function tokenBoundTo(access: Access, secret: string): Promise<string> {
  await kubectl(["-n", access.namespace, "create", "secret", "generic", secret])
  return newToken(access, secret)
}

export async function takeBack({ namespace }: Access, secret: string): Promise<void> {
  await kubectl(["-n", namespace, "delete", "secret", secret, "--ignore-not-found"])
  await pause(TOKEN_CACHE_MS)
}
