import { existsSync } from "node:fs"
import { join } from "node:path"

import { STATUS_FILE } from "../../contract/layout.ts"
import { type Drain, DRAIN_FILE, encodeDrain } from "../../contract/node/drain.ts"
import { decodeStatus, type Status } from "../../contract/status.ts"
import { replaceFile } from "../../kit/files/atomic-file.ts"
import { EXIT } from "../../terminal/exit-status.ts"
import { otherNodesIn } from "../input/known-nodes.ts"
import { readContractFile } from "../input/volume-files.ts"
import type { Terminal } from "../output/terminal.ts"
import { type DrainPlan, drainPlanOf, planText } from "./drain-plan.ts"
import { noteEvent } from "./node-events.ts"

export interface DrainOptions {
  readonly state: string
  readonly applied: string
  readonly desired: string
  readonly reason: string | null
  readonly dryRun: boolean
  readonly force: boolean
  readonly output: "text" | "json"
}

/** Drains the node: the sidecar hands its VIPs over, and takes them only if no other node announces them, until `kkv resume`. */
export async function drain(options: DrainOptions, terminal: Terminal): Promise<number> {
  const file = join(options.applied, STATUS_FILE)
  const status = readContractFile(file, decodeStatus)
  if (status === null)
    throw new Error(
      `Cannot read "${file}": it does not exist; run this where the sidecar runs, and after its first pass`,
    )
  if (!existsSync(options.state))
    throw new Error(`Cannot drain in "${options.state}": the directory does not exist; name it with --state`)
  const plan = drainPlanOf(status, otherNodesIn(options.desired, status))
  const refused = plan.objection !== null && !options.force ? plan.objection : null
  const order: Drain = { reason: options.reason ?? "kkv drain", drainedAt: new Date().toISOString() }
  const path = join(options.state, DRAIN_FILE)
  const does = refused === null && !options.dryRun
  if (does) {
    await replaceFile(path, encodeDrain(order))
    const event = { kind: "drain", time: order.drainedAt, reason: options.reason } as const
    await noteEvent(options.state, terminal, event)
  }
  if (options.output === "json") {
    const drain = does ? order : null
    terminal.out(`${JSON.stringify({ drained: does, drain, refused, plan }, null, 2)}\n`)
    return refused === null ? EXIT.good : EXIT.no
  }
  terminal.out(planText(plan, status))
  if (refused !== null) {
    terminal.err(`kkv: Cannot drain ${plan.node}: ${refused}; ${advice(plan, status)}\n`)
    return EXIT.no
  }
  terminal.out(does ? drainedText(plan, status, path) : "Nothing drained (dry run)\n")
  return EXIT.good
}

function advice({ instances }: DrainPlan, status: Status): string {
  const holds = instances.some(({ state }) => state === "master")
  const gap = holds
    ? `hands the VIPs over all the same: if no node takes them, they do not answer for ${gapSeconds(status)} s, and come back here`
    : "drains it all the same"
  return `make another node ready ("kkv resume" there, "kkv status" says what is wrong); --force ${gap}`
}

/** A drained node takes the VIPs back after three adverts and a skew of one, in seconds (RFC 9568, 6.1). */
function gapSeconds({ vrrp }: Status): number {
  return Math.ceil(4 * Math.max(...vrrp.map(({ advertInterval }) => advertInterval ?? 1)))
}

function drainedText({ node, instances }: DrainPlan, { drained = null }: Status, path: string): string {
  const holds = instances.some(({ state }) => state === "master")
  return (
    `Drained ${node} (${path})${drained === null ? "" : `; it was drained since ${drained.since}`}\n` +
    `Next: the sidecar of this node ${holds ? "hands the VIPs over" : "takes the lowest priority"} within a second; this lasts over restarts\n` +
    "It takes the VIPs only if no other node announces them\n" +
    "See it:  kkv status\n" +
    "Undo it: kkv resume drain\n"
  )
}
