import * as z from "zod"

import { faultText } from "../../kit/fault.ts"
import { ApiFault } from "../../kubernetes/api-fault.ts"
import { EXIT, UsageError } from "../../terminal/exit-status.ts"
import { coloursOf } from "../../terminal/screen.ts"
import { readScene } from "./action.ts"
import type { Call } from "../options.ts"
import { podOn } from "../read/pods.ts"
import { type DoctorState, doctorText, type NodeFindings } from "../view/doctor-text.ts"
import { forPrograms } from "../view/print.ts"

const saidSchema = z.object({
  healthy: z.boolean(),
  findings: z.array(
    z.object({
      check: z.string(),
      state: z.enum(["good", "look", "wrong", "unknown"]),
      is: z.string(),
      causes: z.string().nullable(),
      action: z.string().nullable(),
    }),
  ),
})

/** Runs `kkv doctor` on one node, or on all that report. @param node Null: all. @returns the worst status: 3 if a node cannot be asked. */
export async function doctor(node: string | null, isAll: boolean, call: Call): Promise<number> {
  if (node !== null && isAll) throw new UsageError("Cannot use --all with the name of a node: give one of them")
  const { installation, heard } = await readScene(call)
  const names = node === null ? heard.map((one) => one.node) : [node]
  if (names.length === 0) throw new ApiFault("Cannot tell which nodes there are: no node reports", { status: null })
  const nodes: NodeFindings[] = []
  for (const name of names) nodes.push(await findingsOf(name))
  const state: DoctorState = { healthy: nodes.every(({ healthy }) => healthy), nodes }
  call.screen.out(
    forPrograms(state, call.format) ??
      doctorText(state, { colours: coloursOf(call.screen), wide: call.format === "wide" }),
  )
  if (nodes.some(({ failure }) => failure !== null)) return EXIT.fault
  return state.healthy ? EXIT.good : EXIT.no

  async function findingsOf(name: string): Promise<NodeFindings> {
    try {
      const pod = await podOn(call.cluster.api, installation.namespace, name)
      const { status, out, err } = await call.cluster.kubectl.kkv(pod, ["doctor", "--output", "json"])
      const said = saidSchema.safeParse(parsed(out))
      if (said.success) return { node: name, ...said.data, failure: null }
      return {
        node: name,
        healthy: false,
        findings: [],
        failure: `kkv doctor ended with ${status}: ${err.trim() || "no answer"}`,
      }
    } catch (error) {
      // The other nodes can be asked all the same.
      if (!(error instanceof ApiFault)) throw error
      return { node: name, healthy: false, findings: [], failure: faultText(error) }
    }
  }
}

/** Null for a text that is not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
