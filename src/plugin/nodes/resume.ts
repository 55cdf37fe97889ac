import { faultText } from "../../kit/fault.ts"
import { ApiFault } from "../../kubernetes/api-fault.ts"
import { EXIT } from "../../terminal/exit-status.ts"
import { type ActionOptions, ended, isWanted, onNode, readScene, untilSeen } from "./action.ts"
import type { Call } from "../options.ts"
import { drainedNodes } from "../view/plan.ts"

/** Ends the drain of a node, or of all that are drained. No VIP moves. @param node Null: all. */
export async function resume(node: string | null, options: ActionOptions, call: Call): Promise<number> {
  const { screen, format } = call
  const isForPeople = format === "text" || format === "wide"
  const scene = await readScene(call)
  const all = drainedNodes(scene.heard)
  const found = node === null ? all.map((one) => one.node) : [node]
  if (node !== null && !scene.heard.some((one) => one.node === node)) {
    screen.err(`kubectl kkv: Cannot resume ${node}: no node of this name reports\n`)
    return EXIT.no
  }
  if (found.length === 0) return ended(call, { done: true, resumed: [], failed: [] }, "No node is drained\n")
  const shown = found.map((one) => {
    const drained = all.find((other) => other.node === one)?.drained
    return drained === undefined
      ? `  ${one}: it does not report a drain`
      : `  ${one}: drained since ${drained.since}: ${drained.reason}`
  })
  if (isForPeople)
    screen.out(
      `Ends the drain of\n${shown.join("\n")}\nNo VIP moves: a node does not take VIPs from the one that holds them\n`,
    )
  if (options.dryRun) {
    if (!isForPeople) return ended(call, { done: true, resumed: [], failed: [] }, "")
    screen.out("Nothing done (dry run)\n")
    return EXIT.good
  }
  if (!(await isWanted(options, call, `Resume ${found.join(" and ")}?`))) return EXIT.no
  const resumed: string[] = []
  const failed: string[] = []
  for (const one of found) {
    try {
      await onNode(one, ["resume", "drain"], call, scene)
      resumed.push(one)
    } catch (error) {
      // The others can be resumed all the same.
      if (!(error instanceof ApiFault)) throw error
      failed.push(one)
      screen.err(`kubectl kkv: ${faultText(error)}\n`)
    }
  }
  const last = await untilSeen(call, ({ heard }) => !drainedNodes(heard).some((one) => resumed.includes(one.node)))
  const late = drainedNodes(last.scene.heard).flatMap((one) => (resumed.includes(one.node) ? [one.node] : []))
  if (late.length > 0)
    screen.err(`kubectl kkv: The reports do not show it yet: ${late.join(", ")}; see "kubectl kkv status"\n`)
  const text =
    resumed.length === 0 ? "" : `${resumed.join(", ")}: ${late.length > 0 ? "told to resume" : "takes part again"}\n`
  return ended(call, { done: late.length === 0 && failed.length === 0, resumed, failed }, text)
}
