import { createHeartbeatWriter } from "../../heartbeats/write.ts"
import { bootId, uptimeSeconds } from "../../kit/time/uptime.ts"
import { adopt } from "../agent/adopt.ts"
import { type Agent, createAgent } from "../agent/agent.ts"
import type { AgentOptions } from "../agent/ports.ts"
import type { Snapshot } from "../agent/state.ts"
import { type Following, followVrrp } from "./follow-vrrp.ts"
import { explainVip } from "./explain-vip.ts"
import { openRoleNotes, type RoleNotes } from "./notify.ts"
import { portsOf, report, statusNow } from "./connect.ts"
import { type Servers, startServers } from "../report/http.ts"
import { masqueradeWanted } from "../targets/firewall.ts"
import type { Machine, Surroundings } from "./machine.ts"
import { openParts, type SidecarParts } from "./open.ts"
import { type Pulse, startPulse } from "../report/pulse.ts"
import { pageDataOf, readPageTexts, syncSignsOf } from "./page.ts"
import { CHORES_AT, startChores, startComparisons } from "./schedule.ts"
import type { SidecarSettings } from "./settings.ts"
import { syncBeatIn } from "../../heartbeats/read.ts"
import type { LastKnownGoodStore } from "../volume/last-known-good.ts"
import { type VolumeWatch, watchVolume } from "../volume/watch.ts"

const WATCH_MS = 1_000

/**
 * Connects the parts and starts them.
 *
 * @throws When the HTTP port cannot be opened, before anything else is touched; or when a part cannot be opened.
 */
export async function assemble(
  settings: SidecarSettings,
  machine: Machine,
  surroundings: Surroundings,
): Promise<{ stop(): Promise<void> }> {
  // Before the agent exists, its state cannot be reported.
  let writeReport = () => {}
  const server = settings.httpPort === 0 ? null : await startServers(settings)
  const parts = await openParts(settings, machine, {
    ...surroundings,
    onChange: () => {
      parts.metrics.count("node-change")
      agent.request()
    },
    asked: () => agent.request(),
    inEffect: () => agent.snapshot().inEffect?.model ?? null,
    onRecord: () => writeReport(),
    firewall: {
      wanted: () => masqueradeWanted(agent.snapshot()),
      // The entries that wait for the firewall can be tried again.
      healed: () => agent.retest(),
    },
  })
  const { clock, log, metrics, generations, status } = parts
  const before = await adopt(settings.applied, {
    ...{ volume: parts.volume, keepalived: machine.keepalived, clock },
    lastKnownGood: () => parts.lastKnownGood.read(),
  })
  const agent = createAgent(optionsOf(settings), portsOf(parts), before)
  writeReport = () => report(parts, agent.snapshot())
  // Before the agent starts keepalived: a drained node starts with the lowest priority.
  await parts.drain.look()
  const watch = watchVolume({
    ...{ directory: settings.desired, clock },
    onChange: () => agent.request(),
    onWarning: (reason, error) => {
      metrics.count("watcher-trouble")
      log.warn("watcher", { reason, error })
    },
  })
  const notes = openRoleNotes(parts)
  const vrrp = followVrrp(parts, {
    ...agent,
    recordRoles: (roles) => {
      agent.recordRoles(roles)
      notes?.follow(roles, agent.snapshot().inEffect?.model ?? null)
    },
  })
  const pulse = beat(parts, agent)
  const everySecond = setInterval(() => {
    if (generations.moved()) agent.request()
    noteSync(parts)
    void parts.drain.look()
    status.retry()
    void agent.watch().then(pulse.looked)
    void vrrp.look()
  }, WATCH_MS)
  // This agent has not yet compared what another agent brought into effect.
  if (before.inEffect !== null) void agent.checkDrift()
  const endJobs = startJobs(parts, agent)
  server?.answerFrom({
    ...{ agent, metrics, watch, status, nodes: parts.nodes, faults: parts.faults },
    statusNow: () => statusNow(parts, agent.snapshot()),
    sync: () => syncSignsOf(parts),
    page: () => pageDataOf(parts, agent.snapshot()),
    pageTexts: readPageTexts,
    ...{ node: settings.node, generations: parts.archive },
    explain: (asked) => explainVip(asked, { status: statusNow(parts, agent.snapshot()), snapshot: agent.snapshot() }),
  })
  const { desired, applied, state } = settings
  log.info("started", { keepalived: parts.keepalivedVersion, desired, applied, state })
  agent.request()
  void vrrp.look()
  return { stop: () => stop(parts, { everySecond, pulse, endJobs, watch, agent, server, vrrp, notes }) }
}

function optionsOf({ drainTimeMs, soakMs, model, guardPercent, guardMs }: SidecarSettings): AgentOptions {
  const guard = { percent: guardPercent, endpointsMs: guardMs }
  return { drainTimeMs, soakMs, checks: model.check !== "none", guard }
}

function beat({ settings, faults }: SidecarParts, agent: Agent): Pulse {
  return startPulse({
    record: createHeartbeatWriter(settings.applied),
    inEffect: () => agent.snapshot().inEffect?.generation?.sequence ?? null,
    fault: () => faults.standing().find(({ code }) => code === "STATUS_FAILED")?.message ?? null,
    uptime: uptimeSeconds,
    bootId: bootId(),
    faults,
  })
}

function startJobs(parts: SidecarParts, agent: Agent): () => Promise<void> {
  const { settings, archive, volume, lastKnownGood } = parts
  const compare = async () => {
    await agent.checkDrift()
    await agent.findCaptures()
  }
  const chores = {
    retention: async () => {
      await archive.retain({ count: settings.archiveCount, bytes: settings.archiveBytes })
      await volume.retain(needed(agent.snapshot(), lastKnownGood))
    },
    retest: () => agent.retest(),
  }
  const endComparisons = startComparisons(compare, settings.driftMs, parts)
  const endChores = startChores(chores, CHORES_AT, parts)
  return () => {
    endComparisons()
    return endChores()
  }
}

/** Reports what sync can say only in its heartbeat: that it cannot write its volume. */
function noteSync({ settings, faults }: Pick<SidecarParts, "settings" | "faults">): void {
  const { fault } = syncBeatIn(settings.desired)
  if (fault === null) return faults.clear("sync")
  const message = `sync cannot write ${settings.desired}: ${fault}; what runs goes on, and no change arrives`
  faults.raise("sync", { code: "SYNC_FAILED", message })
}

interface Going {
  readonly everySecond: NodeJS.Timeout
  readonly pulse: Pulse
  readonly endJobs: () => Promise<void>
  readonly watch: VolumeWatch
  readonly agent: Agent
  readonly vrrp: Following
  readonly notes: RoleNotes | null
  readonly server: Servers | null
}

/** keepalived keeps running: stopping the agent alone does not stop the VIPs. */
async function stop(parts: SidecarParts, going: Going): Promise<void> {
  const { records, drain, firewall, flows, status, nodes, nodeRecord, volume, history, vacancies } = parts
  clearInterval(going.everySecond)
  going.vrrp.stop()
  going.notes?.stop()
  going.pulse.stop()
  firewall.stop()
  flows.stop()
  await drain.stop()
  await going.endJobs()
  await going.watch.close()
  await nodes?.stop()
  vacancies?.stop()
  await going.agent.stop()
  await flows.idle()
  await records.idle()
  await nodeRecord.idle()
  await volume.idle()
  await history.idle()
  await status.idle()
  await going.server?.close()
}

/** The candidates that the agent may still go back to. */
function needed({ inEffect, observation }: Snapshot, lastKnownGood: LastKnownGoodStore): ReadonlySet<string> {
  const newest = observation?.kind === "candidate" ? observation.release.sha256 : undefined
  const all = [inEffect?.sha256, newest, lastKnownGood.read()?.record.sha256]
  return new Set(all.filter((one) => one !== undefined))
}
