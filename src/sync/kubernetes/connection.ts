import { type Cluster, KubeConfig } from "@kubernetes/client-node"

import { isInPod } from "./in-pod.ts"

/** How to reach the API server. */
export interface ConnectionSettings {
  /** A kubeconfig; its current context is used. */
  readonly kubeconfig: string | null
  /** An URL that takes the place of the kubeconfig's server; without a kubeconfig, an API server that asks for no credentials. */
  readonly apiserverHost: string | null
}

/**
 * Reads what is needed to connect; each call reads the files again.
 *
 * @throws Where the kubeconfig cannot be read, and where there is none outside of a pod.
 */
export function loadKubeConfig({ kubeconfig, apiserverHost }: ConnectionSettings): KubeConfig {
  const config = new KubeConfig()
  if (kubeconfig !== null) {
    loadFile(config, kubeconfig)
    // Plain HTTP has no certificate that could be verified, and the library wants that said.
    config.clusters = config.clusters.map((cluster) => reached(cluster, apiserverHost ?? cluster.server))
    return config
  }
  if (apiserverHost !== null) {
    config.loadFromClusterAndUser(reached({ name: "apiserver-host" }, apiserverHost), { name: "anonymous" })
    return config
  }
  if (!isInPod()) {
    throw new Error("Cannot find the Kubernetes API: this is no pod with a service account; give --kubeconfig")
  }
  config.loadFromCluster()
  return config
}

function reached(cluster: Omit<Cluster, "server" | "skipTLSVerify"> & Partial<Cluster>, server: string): Cluster {
  const skipTLSVerify = server.startsWith("http:") || cluster.skipTLSVerify === true
  return { ...cluster, server, skipTLSVerify }
}

function loadFile(config: KubeConfig, file: string): void {
  try {
    config.loadFromFile(file)
  } catch (cause) {
    throw new Error(`Cannot read the kubeconfig "${file}"`, { cause })
  }
}
