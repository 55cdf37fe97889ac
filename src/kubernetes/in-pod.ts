import { existsSync } from "node:fs"

/** Where a pod finds its service account. Source: Kubernetes documentation, "Accessing the Kubernetes API from a Pod". */
const TOKEN_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/token"

/** Whether this process runs in a pod that has a service account. */
export function isInPod(): boolean {
  return (process.env["KUBERNETES_SERVICE_HOST"] ?? "") !== "" && existsSync(TOKEN_FILE)
}
