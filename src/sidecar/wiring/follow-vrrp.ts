import type { RoleChange } from "../../contract/node/history.ts"
import { ofInstance } from "../../contract/vrrp.ts"
import type { KeepalivedModel } from "../../core/model/keepalived-model.ts"
import { faultText } from "../../kit/fault.ts"
import type { Agent } from "../agent/agent.ts"
import type { SidecarParts } from "./open.ts"
import { faultCauseOf } from "../vrrp/fault-cause.ts"
import type { Roles } from "../vrrp/vrrp.ts"
import { createVrrpWatch } from "../vrrp/vrrp-watch.ts"

export interface Following {
  /** Looks for changes. Never throws. */
  look(): Promise<void>
  stop(): void
}

/** Shortest time between two restarts of a stuck keepalived, in ms. */
const UNSTICK_PAUSE_MS = 300_000

/** Reports VRRP's states on this node to the agent (and so to the status), the metrics, the log and the history. */
export function followVrrp(parts: SidecarParts, agent: Pick<Agent, "recordRoles" | "snapshot" | "unstick">): Following {
  const { machine, history, faults, clock, date, log } = parts
  const { keepalived, kernel, link, vrrp: events } = machine
  const modelOf = () => agent.snapshot().inEffect?.model ?? null
  const watch = createVrrpWatch({
    source: events,
    running: () => keepalived.running(),
    instances: () => modelOf()?.instances.map(({ name }) => name) ?? [],
    hasAnchor: async (name) => {
      const instance = instanceOf(modelOf(), name)
      return instance === null ? null : ((await kernel.addresses(instance.interface))?.has(instance.anchor) ?? false)
    },
    faultCause: async (name) => {
      const model = modelOf()
      const instance = instanceOf(model, name)
      return model === null || instance === null ? null : faultCauseOf(instance, model.releaseFile, { kernel, link })
    },
    isHandingOver: () => parts.drain.isHandingOver(),
    roles: history.roles,
    onChange: (roles, change) => {
      if (change !== null) tell(parts, roles, change)
      agent.recordRoles(roles)
    },
    disagrees: (name, what) => {
      const key = `vrrp role ${name}`
      if (what === null) return faults.clear(key)
      const own = ofInstance(name, modelOf()?.instances.length ?? 0)
      faults.raise(key, { code: "ROLE_DISAGREES", message: `Cannot confirm this node's role${own}: ${what}` })
    },
    deaf: unsticker(parts, agent),
    clock,
    date: () => date().getTime(),
  })
  const checkSources = sourcesWatch(parts, agent)
  const look = async () => {
    try {
      await watch.look()
      await checkSources()
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

function instanceOf(model: KeepalivedModel | null, name: string) {
  return model?.instances.find((instance) => instance.name === name) ?? null
}

function tell({ history, metrics, log }: SidecarParts, roles: Roles, change: RoleChange): void {
  const { instance, from, to, reason } = change
  const fields = { instance, from, to, since: roles.get(instance)?.since ?? null, reason }
  if (to === "fault" || to === "unknown") log.warn("vrrp", fields)
  else log.info("vrrp", fields)
  metrics.transition(change)
  history.add(change)
}

/**
 * Checks that the source addresses of unicast adverts exist. keepalived 2.2.7 reports FAULT when it starts without such an
 * address, and nothing when the address is lost later; 2.3.3 still sends from it, and no peer hears an answer (measured).
 */
function sourcesWatch({ machine, faults, clock }: SidecarParts, agent: Pick<Agent, "snapshot">): () => Promise<void> {
  /** Key of the fault -> since when the address is absent. */
  const absent = new Map<string, number>()
  return async () => {
    const instances = agent.snapshot().inEffect?.model.instances ?? []
    const seen = new Set<string>()
    for (const { name, interface: interfaceName, unicast } of instances) {
      const key = `vrrp source ${name}`
      if (unicast === null || (await machine.kernel.addresses(interfaceName))?.has(unicast.source) === true) continue
      seen.add(key)
      const since = absent.get(key) ?? clock.now()
      absent.set(key, since)
      if (clock.now() - since < SOURCE_GRACE_MS) continue
      const message = `Cannot be heard by the peers: interface "${interfaceName}" lacks ${unicast.source}, the address that unicast adverts are sent from; add it, or correct the addresses of this Node`
      faults.raise(key, { code: "UNICAST_SOURCE_GONE", message })
    }
    for (const key of absent.keys()) {
      if (seen.has(key)) continue
      absent.delete(key)
      faults.clear(key)
    }
  }
}

/** Time for which an address may be absent, for example while a lease is renewed, in ms. */
const SOURCE_GRACE_MS = 5_000

/** A node that is backup of all instances holds no VIP, so a restart of its keepalived interrupts no traffic. */
function unsticker(
  { faults, clock, log }: SidecarParts,
  agent: Pick<Agent, "snapshot" | "unstick">,
): (name: string, what: string | null) => void {
  let last = Number.NEGATIVE_INFINITY
  return (name, what) => {
    const key = `vrrp backup ${name}`
    if (what === null) return faults.clear(key)
    const { roles, inEffect } = agent.snapshot()
    const isMaster = [...roles.values()].some(({ state }) => state === "master")
    const restart = isMaster
      ? "keepalived is not restarted, because this node is master of another instance"
      : `keepalived is restarted every ${UNSTICK_PAUSE_MS / 60_000} minutes until it does`
    const own = ofInstance(name, inEffect?.model.instances.length ?? 0)
    faults.raise(key, { code: "BACKUP_STUCK", message: `Cannot rely on this backup${own}: ${what}; ${restart}` })
    if (isMaster || clock.now() - last < UNSTICK_PAUSE_MS) return
    last = clock.now()
    log.warn("vrrp-stuck", { instance: name, what })
    void agent.unstick()
  }
}
