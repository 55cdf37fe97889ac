import { EXIT, UsageError } from "../../terminal/exit-status.ts"
import { carryOut } from "./drain.ts"
import { type ActionOptions, readScene, type Scene } from "./action.ts"
import type { Call } from "../options.ts"
import { movePlan } from "../view/plan.ts"

export interface MoveOptions extends ActionOptions {
  readonly to: string
  readonly reason: string | null
}

/** Drains the nodes that come before a node, and the holder, so that this node holds the VIP, and all others of its VRRP instance. */
export async function move(vip: string, options: MoveOptions, call: Call): Promise<number> {
  const scene = await readScene(call)
  const instance = instanceOf(vip, scene)
  if (instance.kind === "unknown") {
    call.screen.err(`kubectl kkv: Cannot move ${vip}: ${instance.why}\n`)
    return EXIT.no
  }
  const { plans, objection } = movePlan(options.to, instance.name, scene.heard, scene.now)
  const refused = objection === null ? null : `Cannot move ${vip} to ${options.to}: ${objection}`
  return carryOut({ plans, refused, scene }, { ...options, force: false }, call)
}

type Instance = { readonly kind: "known"; readonly name: string } | { readonly kind: "unknown"; readonly why: string }

/** The VRRP instance of a VIP. A report does not say which instance a VIP is of, so there must be one. @throws {UsageError} */
function instanceOf(vip: string, { heard }: Scene): Instance {
  if (vip === "") throw new UsageError("Cannot move a VIP without its address")
  const current = heard.filter(({ isFresh }) => isFresh)
  const served = current.flatMap(({ report }) => (report?.serves ?? []).map((one) => one.vip))
  const more = current.some(({ report }) => (report?.servesMore ?? 0) > 0)
  if (!served.includes(vip) && !more) {
    const known = served.length === 0 ? "no node that reports holds a VIP" : `the nodes report ${served.join(", ")}`
    return { kind: "unknown", why: known }
  }
  const names = [...new Set(current.flatMap(({ report }) => (report?.roles ?? []).map(({ instance }) => instance)))]
  const [name, ...others] = names
  if (name === undefined) return { kind: "unknown", why: "no node reports a VRRP instance" }
  if (others.length > 0)
    return { kind: "unknown", why: `it is unknown which VRRP instance it is of: ${names.join(", ")}` }
  return { kind: "known", name }
}
