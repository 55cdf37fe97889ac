import { controlPlane, type Program } from "./cluster.ts"

/** Ends this program of the control plane, does what is to be done meanwhile, and starts it again however that ended. */
export async function without(program: Program, meanwhile: () => Promise<void>): Promise<void> {
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
