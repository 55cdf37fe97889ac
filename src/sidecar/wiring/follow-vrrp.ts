import type { RoleChange } from "../../contract/node-history.ts"
import { faultText } from "../../kit/fault.ts"
import type { Agent } from "../agent/agent.ts"
import type { SidecarParts } from "./open.ts"
import { faultCauseOf } from "../vrrp/fault-cause.ts"
import type { Vrrp } from "../vrrp/vrrp.ts"
import { createVrrpWatch } from "../vrrp/vrrp-watch.ts"

export interface Following {
  /** Looks for changes. Never throws. */
  look(): Promise<void>
  stop(): void
}

/** Shortest time between two restarts of a stuck keepalived, in ms. */
const UNSTICK_PAUSE_MS = 300_000

/** Reports VRRP's state on this node to the agent (and so to the status), the metrics, the log and the history. */
export function followVrrp(parts: SidecarParts, agent: Pick<Agent, "recordRole" | "snapshot" | "unstick">): Following {
  const { machine, history, faults, clock, log } = parts
  const { keepalived, kernel, link, vrrp: events } = machine
  const modelOf = () => agent.snapshot().inEffect?.model ?? null
  const watch = createVrrpWatch({
    source: events,
    running: () => keepalived.running(),
    hasAnchor: async () => {
      const model = modelOf()
      if (model === null) return null
      const [instance] = model.instances
      if (instance === undefined) return null
      return (await kernel.addresses(instance.interface))?.has(instance.anchor) ?? false
    },
    faultCause: async () => {
      const model = modelOf()
      const instance = model?.instances[0]
      return model === null || instance === undefined
        ? null
        : faultCauseOf(instance, model.releaseFile, { kernel, link })
    },
    roles: history.roles,
    onChange: (vrrp, change) => {
      if (change !== null) tell(parts, vrrp, change)
      agent.recordRole(vrrp)
    },
    disagrees: (what) => {
      if (what === null) faults.clear("vrrp role")
      else faults.raise("vrrp role", { code: "ROLE_DISAGREES", message: `Cannot confirm this node's role: ${what}` })
    },
    deaf: unsticker(parts, agent),
    clock,
    date: () => Date.now(),
  })
  const checkSource = sourceWatch(parts, agent)
  const look = async () => {
    try {
      await watch.look()
      await checkSource()
      faults.clear("vrrp look")
    } catch (error) {
      faults.raise("vrrp look", {
        code: "PASS_FAILED",
        message: `Cannot see what VRRP makes of this node: ${faultText(error)}`,
      })
    }
  }
  const stop = events.listen(() => void look())
  log.debug("vrrp-followed", { transitions: history.roles.length })
  return { look, stop }
}

function tell({ history, metrics, log }: SidecarParts, vrrp: Vrrp, change: RoleChange): void {
  const { from, to, reason } = change
  const fields = { from, to, since: vrrp.since, reason }
  if (to === "fault" || to === "unknown") log.warn("vrrp", fields)
  else log.info("vrrp", fields)
  metrics.transition(change)
  history.add(change)
}

/**
 * Checks that the source address of unicast adverts exists. keepalived 2.2.7 reports FAULT when it starts without the
 * address, and nothing when the address is lost later; 2.3.3 still sends from it, and no peer hears an answer (measured).
 */
function sourceWatch({ machine, faults, clock }: SidecarParts, agent: Pick<Agent, "snapshot">): () => Promise<void> {
  let since: number | null = null
  return async () => {
    const vrrp = agent.snapshot().inEffect?.model.instances[0]
    const source = vrrp?.unicast?.source ?? null
    const isThere =
      vrrp === undefined || source === null || (await machine.kernel.addresses(vrrp.interface))?.has(source)
    since = isThere === true ? null : (since ?? clock.now())
    if (since === null) return faults.clear("vrrp source")
    if (clock.now() - since < SOURCE_GRACE_MS) return
    const message = `Cannot be heard by the peers: interface "${vrrp?.interface}" lacks ${source}, the address that unicast adverts are sent from; add it, or correct the addresses of this Node`
    faults.raise("vrrp source", { code: "UNICAST_SOURCE_GONE", message })
  }
}

/** Time for which an address may be absent, for example while a lease is renewed, in ms. */
const SOURCE_GRACE_MS = 5_000

/** A backup holds no VIP, so a restart of its keepalived interrupts no traffic. */
function unsticker({ faults, clock, log }: SidecarParts, agent: Pick<Agent, "unstick">): (what: string | null) => void {
  let last = Number.NEGATIVE_INFINITY
  return (what) => {
    if (what === null) return faults.clear("vrrp backup")
    const message = `Cannot rely on this backup: ${what}; keepalived is restarted every ${UNSTICK_PAUSE_MS / 60_000} minutes until it does`
    faults.raise("vrrp backup", { code: "BACKUP_STUCK", message })
    if (clock.now() - last < UNSTICK_PAUSE_MS) return
    last = clock.now()
    log.warn("vrrp-stuck", { what })
    void agent.unstick()
  }
}
