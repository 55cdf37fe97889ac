import { randomBytes } from "node:crypto"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { type Access, grantAccess, newToken, writeKubeconfig } from "./access.ts"
import { apply, kubectl } from "./cluster.ts"
import { configMap } from "./objects.ts"
import { startSync, type Sync } from "./sync.ts"

/** What a check begins with: a volume, access for sync, no VIP ConfigMap; and names that nobody used before. */
export interface Scene {
  readonly access: Access
  /** With a token of sync's ServiceAccount. */
  readonly kubeconfig: string
  /** A directory of this check's own. */
  readonly directory: string
  /** A namespace's name of its own; the namespace is deleted at the end, if there is one. */
  namespace(title: string): string
  /** Replaces the entries of the VIP ConfigMap. */
  entries(entries: Readonly<Record<string, string>>): Promise<void>
  /** Starts sync, with this kubeconfig unless told otherwise; ended with the scene. */
  sync(options?: SyncOptions): Sync
}

interface SyncOptions {
  readonly flags?: readonly string[]
  /** Where from, in place of the kubeconfig. */
  readonly source?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly wrapper?: readonly string[]
}

/** The Nodes that count: two of the three. */
const NODES = ["--node-selector", "edge=true"]

export function inScene(check: (scene: Scene) => Promise<void>): () => Promise<void> {
  return async () => {
    const access = await grantAccess()
    const directory = await mkdtemp(join(tmpdir(), "kkv-cluster-"))
    const kubeconfig = join(directory, "kubeconfig")
    writeKubeconfig(kubeconfig, await newToken(access))
    const running: Sync[] = []
    const namespaces: string[] = []
    try {
      await dropEntries(access)
      await check({
        access,
        kubeconfig,
        directory,
        namespace: (title) => {
          const name = `${title}-${randomBytes(3).toString("hex")}`
          namespaces.push(name)
          return name
        },
        entries: (entries) => apply(configMap(access.configMapKey, entries)),
        sync: ({ flags = NODES, source = ["--kubeconfig", kubeconfig], ...rest } = {}) => {
          const desired = join(directory, `desired-${running.length}`)
          const words = [...source, "--services-configmap", access.configMapKey, "--log-level", "debug", ...flags]
          const sync = startSync({ desired, flags: words, ...rest })
          running.push(sync)
          return sync
        },
      })
    } finally {
      await Promise.all(running.map((sync) => sync.stop()))
      await rm(directory, { recursive: true, force: true })
      await kubectl(["delete", "namespace", "--ignore-not-found", "--wait=false", ...namespaces, "nothing-else"])
    }
  }
}

/** Deletes the VIP ConfigMap. */
export async function dropEntries({ configMapKey }: Access): Promise<void> {
  const [namespace = "", name = ""] = configMapKey.split("/")
  await kubectl(["-n", namespace, "delete", "configmap", name, "--ignore-not-found"])
}
