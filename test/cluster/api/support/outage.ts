import { controlPlane, kubectl, kwok, type Program } from "./cluster.ts"

/** After the API server is back, the longest wait between two tries may just have begun; and it takes a moment. */
export const BACK_MS = 30_000

let wasAway = false

/** Ends this program of the control plane, does what is to be done meanwhile, and starts it again however that ended. */
export async function without(program: Program, meanwhile: () => Promise<void>): Promise<void> {
  wasAway = true
  await controlPlane("down", program)
  try {
    await meanwhile()
  } finally {
    await controlPlane("up", program)
  }
}

/** Whoever watches is cut off, and begins anew. */
export async function restart(program: Program): Promise<void> {
  await without(program, async () => {})
}

/** Controllers that met an outage back off for up to half a minute: the next check begins with new ones. */
export async function recoverControllers(): Promise<void> {
  if (!wasAway) return
  const controllers = ["kube-controller-manager", "kube-scheduler"] as const
  await Promise.all([kwok("down"), controlPlane("down", ...controllers)])
  // A new kwok would wait for 40 s until the old one's leases end.
  await kubectl(["-n", "kube-node-lease", "delete", "leases", "--all"])
  await Promise.all([kwok("up"), controlPlane("up", ...controllers)])
  wasAway = false
}
