import { loadUserConfig, type UserSettings } from "../../kubernetes/user-config.ts"
import { openSession } from "../../kubernetes/session.ts"
import type { ClusterApi } from "../ports.ts"
import { createClusterApi } from "./api.ts"

/** An open connection to a cluster. */
export interface Cluster {
  readonly api: ClusterApi
  close(): void
}

/** @throws If the kubeconfig cannot be used. */
export function openCluster(settings: UserSettings): Cluster {
  const session = openSession(() => loadUserConfig(settings))
  return { api: createClusterApi(session), close: () => session.close() }
}
