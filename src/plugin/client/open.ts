import { loadUserConfig, type UserSettings } from "../../kubernetes/user-config.ts"
import { openSession } from "../../kubernetes/session.ts"
import type { ClusterApi, Kubectl } from "../ports.ts"
import { createClusterApi } from "./api.ts"
import { createKubectl } from "./kubectl.ts"

/** An open connection to a cluster. */
export interface Cluster {
  readonly api: ClusterApi
  readonly kubectl: Kubectl
  close(): void
}

/** @throws If the kubeconfig cannot be used. */
export function openCluster(settings: UserSettings): Cluster {
  const session = openSession(() => loadUserConfig(settings))
  return { api: createClusterApi(session), kubectl: createKubectl(settings), close: () => session.close() }
}
