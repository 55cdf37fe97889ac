import type { Status } from "../../contract/status.ts"
import type { KeepalivedModel } from "../../core/model/keepalived-model.ts"
import type { Others } from "../../core/model/addresses/others.ts"
import { createOwnNodes } from "../../core/model/addresses/own-nodes.ts"
import { createPipeline } from "../../core/pipeline.ts"
import { createRenderer } from "../../core/render/render.ts"
import { readTemplates } from "../../templates.ts"
import type { AgentPorts } from "../agent/ports.ts"
import type { Snapshot } from "../agent/state.ts"
import type { ApplyPorts } from "../apply/ports.ts"
import { clearRemains, restoreMissing } from "../effect/repair.ts"
import { type FirstTime, pastOf } from "../agent/observe.ts"
import { withNewcomers } from "../lan/newcomers.ts"
import { nodeFactsOf } from "../kernel/node-facts.ts"
import { othersIn } from "../effect/ownership.ts"
import type { SidecarParts } from "./open.ts"
import type { Generation } from "../ports.ts"
import { heardBy } from "../faults/standing-faults.ts"
import { statusOf } from "../report/status.ts"
import { createKeepalivedTarget } from "../targets/keepalived.ts"
import { verifyEffect } from "../effect/verify.ts"
import { syncBeatIn } from "../../heartbeats/read.ts"

/** The agent's ports, made from the parts. */
export function portsOf(parts: SidecarParts): AgentPorts {
  const { settings, machine, volume, lastKnownGood, clock, log } = parts
  const { keepalived, kernel } = machine
  const templates = readTemplates()
  return {
    generations: parts.generations,
    pipeline: createPipeline(settings.model, templates),
    others: (model, firstTime) => othersOf(parts, model, firstTime),
    node: (nodes, past) => Promise.resolve(nodeFactsOf({ nodes, wanted: settings, host: machine.host(), past })),
    ownNodes: createOwnNodes(),
    applyPorts: applyPortsOf(parts),
    keepalived,
    kernel,
    owned: () => volume.ledger(),
    ...(machine.captures === undefined ? {} : { findCaptures: machine.captures }),
    appeared: (servers) => parts.flows.appeared(servers),
    settle: ({ model }) => volume.settle(model),
    lastKnownGood: () => lastKnownGood.read(),
    render: (model) => createRenderer(templates)(model),
    isPinned: () => parts.generations.pinned() !== null,
    sourceAge: () => syncBeatIn(settings.desired).sourceAge,
    unreachable: () => parts.nodes?.unreachable() ?? NO_NODES,
    ...listenersOf(parts),
    faults: parts.faults,
    clock,
    random: Math.random,
    log,
  }
}

async function othersOf(
  { machine, volume, settings, vacancies }: SidecarParts,
  model: KeepalivedModel,
  firstTime: FirstTime | null,
): Promise<Others | null> {
  const ledger = () => volume.ledger()
  const found = await othersIn(model, { ...machine, ledger })
  if (firstTime === null || vacancies === null) return found
  return withNewcomers(model, found, { ...machine, past: firstTime, vacancies, ledger, self: settings.node })
}

function applyPortsOf(parts: SidecarParts): ApplyPorts {
  const { machine, volume, lastKnownGood, firewall, flows, watchHolder, clock, log } = parts
  const { keepalived, kernel } = machine
  const owned = () => volume.ledger()
  const daemon = createKeepalivedTarget({
    keepalived,
    files: volume,
    clearRemains: (model) => clearRemains(model, { kernel, owned, log }),
    verify: (model) => verifyEffect(model, { kernel, clock, owned }),
    restore: (model) => restoreMissing(model, { keepalived, kernel, owned, clock, log }),
    appeared: (servers) => flows.appeared(servers),
    watchHolder,
  })
  return {
    targets: [firewall, daemon],
    records: volume,
    lastKnownGood: () => Promise.resolve(lastKnownGood.read()?.record ?? null),
  }
}

/** Receives the agent's results. */
function listenersOf(parts: SidecarParts) {
  const ownNodes = createOwnNodes()
  const follow = ({ objects }: Generation, { history }: Snapshot) => {
    const { nodes } = ownNodes({
      nodes: objects.nodes,
      configMaps: [...objects.configMaps.values()],
      past: pastOf(history),
    })
    parts.nodes?.follow({ services: objects.services, nodes })
  }
  const { volume, lastKnownGood, metrics, records, faults } = parts
  const candidates = { key: "record candidates", code: "RECORD_FAILED", what: "remove old candidates" } as const
  const toldOfCandidates = heardBy(faults, candidates)
  return {
    onAttempt: (outcome, tookMs) => metrics.applied(outcome, tookMs),
    onApplied: (inEffect, history) => {
      records.applied(inEffect, history)
      // No attempt is under way, so the agent can go back only to these two. The volume is in memory, and small.
      const keep = [inEffect.sha256, lastKnownGood.read()?.record.sha256 ?? inEffect.sha256]
      volume.retain(new Set(keep)).then(() => toldOfCandidates(null), toldOfCandidates)
    },
    onSoaked: (inEffect, history) => records.soaked(inEffect, history),
    onFault: () => metrics.count("fault"),
    onChange: (snapshot) => {
      if (snapshot.observation !== null && snapshot.observation.kind !== "no-generation")
        follow(snapshot.observation.generation, snapshot)
      report(parts, snapshot)
    },
  } satisfies Partial<AgentPorts>
}

const NO_NODES: ReadonlySet<string> = new Set()

/** Writes the agent's status for users. */
export function report(parts: SidecarParts, snapshot: Snapshot): void {
  parts.status.write(() => statusNow(parts, snapshot))
}

/** The status at this moment. */
export function statusNow(
  { settings, generations, drain, keepalivedVersion, nodes, faults }: Omit<SidecarParts, "status">,
  snapshot: Snapshot,
): Omit<Status, "time"> {
  const around = {
    pinned: generations.pinned(),
    drained: drain.drained(),
    keepalivedVersion,
    nodes: nodes?.state() ?? null,
    faults: faults.standing(),
  }
  return statusOf(snapshot, { node: settings.node, ...around })
}
