import { type Cluster, KubeConfig } from "@kubernetes/client-node"

import { isInPod } from "./in-pod.ts"

/** Settings for the connection to the API server. */
export interface ConnectionSettings {
  /** Kubeconfig file; sync uses its current context. */
  readonly kubeconfig: string | null
  /** URL that replaces the kubeconfig's server; without a kubeconfig, an API server that needs no credentials. */
  readonly apiserverHost: string | null
}

/**
 * Reads the connection's settings and credentials; each call reads the files again.
 *
 * @throws If the kubeconfig cannot be read, and outside of a pod if there is none.
 */
export function loadKubeConfig({ kubeconfig, apiserverHost }: ConnectionSettings): KubeConfig {
  const config = new KubeConfig()
  if (kubeconfig !== null) {
    loadFile(config, kubeconfig)
    // Plain HTTP has no certificate to verify, and the library requires this setting for it.
    config.clusters = config.clusters.map((cluster) => reached(cluster, apiserverHost ?? cluster.server))
    return config
  }
  if (apiserverHost !== null) {
    config.loadFromClusterAndUser(reached({ name: "apiserver-host" }, apiserverHost), { name: "anonymous" })
    return config
  }
  if (!isInPod()) {
    throw new Error("Cannot find the Kubernetes API: this is not a pod with a service account; give --kubeconfig")
  }
  config.loadFromCluster()
  return config
}

export function reached(
  cluster: Omit<Cluster, "server" | "skipTLSVerify"> & Partial<Cluster>,
  server: string,
): Cluster {
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
