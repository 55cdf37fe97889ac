import { KubeConfig } from "@kubernetes/client-node"

import { reached } from "./connection.ts"

/** What a user chooses, as for kubectl; null for what kubectl would choose. */
export interface UserSettings {
  readonly kubeconfig: string | null
  readonly context: string | null
}

/**
 * The kubeconfig as kubectl finds it: the named file, else the files of `$KUBECONFIG`, else `~/.kube/config`, else the service
 * account of the pod.
 *
 * @throws If there is none, if it cannot be read, or if it has no such context.
 */
export function loadUserConfig({ kubeconfig, context }: UserSettings): KubeConfig {
  const config = new KubeConfig()
  try {
    if (kubeconfig === null) config.loadFromDefault()
    else config.loadFromFile(kubeconfig)
  } catch (cause) {
    throw new Error(`Cannot read the kubeconfig${kubeconfig === null ? "" : ` "${kubeconfig}"`}`, { cause })
  }
  if (context !== null) {
    const names = config.getContexts().map(({ name }) => name)
    if (!names.includes(context))
      throw new Error(`Cannot use the context "${context}": the kubeconfig has ${names.join(", ") || "none"}`)
    config.setCurrentContext(context)
  }
  const server = config.getCurrentCluster()?.server
  // The library's own guess if nothing is found.
  if (server === undefined || (kubeconfig === null && server === "http://localhost:8080"))
    throw new Error("Cannot find a cluster: give --kubeconfig, set KUBECONFIG, or choose a context with --context")
  config.clusters = config.clusters.map((cluster) => reached(cluster, cluster.server))
  return config
}
