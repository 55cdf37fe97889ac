import { EXIT } from "../../terminal/exit-status.ts"
import { ended, holdersIn, isWanted, onNode, readScene, type ActionOptions, type Scene, untilSeen } from "./action.ts"
import type { Call } from "../options.ts"
import { drainPlan, isAway, isDrained, type Plan, planText } from "../view/plan.ts"

export interface DrainOptions extends ActionOptions {
  readonly reason: string | null
  readonly force: boolean
}

/** Drains a node: it hands its VIPs over, and takes them only if no other node announces them, until `resume`. */
export async function drain(node: string, options: DrainOptions, call: Call): Promise<number> {
  const scene = await readScene(call)
  const { plans, objection } = drainPlan(node, scene.heard, scene.now)
  const isRefused = objection !== null && (!options.force || plans.length === 0)
  return carryOut({ plans, refused: isRefused ? `Cannot drain ${node}: ${objection}` : null, scene }, options, call)
}

interface Order {
  readonly plans: readonly Plan[]
  /** Why nothing may be done; null if it may. */
  readonly refused: string | null
  readonly scene: Scene
}

/** Shows the plans, asks, drains the nodes one after the other, and waits until the reports show it. */
export async function carryOut({ plans, refused, scene }: Order, options: DrainOptions, call: Call): Promise<number> {
  const { screen, format } = call
  const isForPeople = format === "text" || format === "wide"
  if (isForPeople) screen.out(plans.map(planText).join(""))
  if (refused !== null) {
    screen.err(`kubectl kkv: ${refused}\n`)
    return isForPeople ? EXIT.no : ended(call, { done: false, refused, plans }, "")
  }
  const nodes = [...new Set(plans.flatMap(({ drains }) => drains))]
  if (nodes.length === 0) return ended(call, { done: true, refused, plans }, "Nothing to do\n")
  if (options.dryRun)
    return isForPeople ? done(call, "Nothing drained (dry run)\n") : ended(call, { done: true, refused, plans }, "")
  if (!(await isWanted(options, call, `Drain ${nodes.join(" and ")}?`))) return EXIT.no
  const words = ["--reason", options.reason ?? "kubectl kkv", ...(options.force ? ["--force"] : [])]
  for (const node of nodes) await onNode(node, ["drain", ...words], call, scene)
  const last = await untilSeen(call, (now) => isDone(plans, nodes, now))
  const holders = plans.map(({ instance }) => holdersIn(last.scene, instance).join(" and ") || "no node that reports")
  const result = { done: last.seen, refused, plans, drained: nodes, holders }
  if (last.seen)
    return ended(call, result, `${nodes.join(", ")}: drained; ${holders.join(", ")} holds the VIPs\n${UNDO}`)
  screen.err(
    `kubectl kkv: The reports do not show it yet: ${nodes.map((node) => stateOf(node, last.scene)).join("; ")}; ${holders.join(", ")} holds the VIPs; see "kubectl kkv status"\n`,
  )
  return isForPeople ? EXIT.no : ended(call, result, "")
}

const UNDO = "Undo it: kubectl kkv resume\n"

function done({ screen }: Call, text: string): number {
  screen.out(text)
  return EXIT.good
}

function isDone(plans: readonly Plan[], nodes: readonly string[], scene: Scene): boolean {
  const report = (node: string) => scene.heard.find((one) => one.node === node)?.report ?? null
  if (!nodes.every((node) => isDrained(report(node)))) return false
  return plans.every(({ instance, drains, holder }) => {
    // With --force there may be none: then the drained node keeps the VIPs, or takes them back.
    if (holder === null) return true
    return holdersIn(scene, instance).join(" ") === holder && drains.every((node) => isAway(report(node)))
  })
}

function stateOf(node: string, { heard }: Scene): string {
  const report = heard.find((one) => one.node === node)?.report ?? null
  const roles = report?.roles?.map(({ state }) => state.toUpperCase()).join(", ") ?? "UNKNOWN"
  return `${node} is ${roles}${isDrained(report) ? " and drained" : " and not drained"}`
}
