import { createKubernetesApi } from "./client.ts"
import { type ConnectionSettings, loadKubeConfig } from "./connection.ts"
import { PATIENCE } from "./reflector.ts"
import { type KubernetesSource, type KubernetesSourceOptions, startKubernetesSource } from "./source.ts"

type OpenOptions = ConnectionSettings & Omit<KubernetesSourceOptions, "api" | "random" | "patience" | "hint">

/** The Kubernetes API, opened as a source. */
export interface OpenKubernetes {
  readonly objects: KubernetesSource
  readonly name: string
  follow(hint: () => void): { close(): Promise<void> }
  staleMs(): number | null
  close(): Promise<void>
}

/**
 * Connects and begins to mirror.
 *
 * @throws Where the kubeconfig cannot be read; an API server that does not answer is waited for.
 */
export function openKubernetes(options: OpenOptions): OpenKubernetes {
  const config = loadKubeConfig(options)
  const api = createKubernetesApi(() => loadKubeConfig(options))
  let tell: () => void = () => {}
  const objects = startKubernetesSource({
    ...options,
    api,
    random: Math.random,
    patience: PATIENCE,
    hint: () => tell(),
  })
  return {
    objects,
    name: config.getCurrentCluster()?.server ?? "",
    follow: (hint) => {
      tell = hint
      return { close: async () => void (tell = () => {}) }
    },
    staleMs: () => objects.staleMs(),
    close: async () => {
      // First the connections: a watch that is being opened could not be called back.
      api.close()
      await objects.stop()
    },
  }
}
