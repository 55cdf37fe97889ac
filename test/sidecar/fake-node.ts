import { createHash } from "node:crypto"
import {
  type KeepalivedModel,
  type VirtualServer,
  virtualServerKey,
  virtualServersOf,
} from "../../src/core/model/keepalived-model.ts"
import type { Others } from "../../src/core/model/addresses/others.ts"
import { createOwnNodes } from "../../src/core/model/addresses/own-nodes.ts"
import type { NodeFacts } from "../../src/core/model/settings.ts"
import type { Node, Placed, ServiceObjects } from "../../src/core/objects/kinds.ts"
import { createPipeline } from "../../src/core/pipeline.ts"
import { createRenderer } from "../../src/core/render/render.ts"
import type { Problem } from "../../src/kit/problem.ts"
import { type Agent, createAgent } from "../../src/sidecar/agent/agent.ts"
import type { AgentPorts } from "../../src/sidecar/agent/ports.ts"
import type { InEffect } from "../../src/sidecar/agent/state.ts"
import { verdictOn } from "../../src/sidecar/targets/firewall.ts"
import { type ConfigFiles, createKeepalivedTarget } from "../../src/sidecar/targets/keepalived.ts"
import type { FindCaptures } from "../../src/sidecar/capture/find-captures.ts"
import type { ApplyRecords, Journal } from "../../src/sidecar/apply/ports.ts"
import { type AppliedHistory, NO_HISTORY, NO_PAST } from "../../src/sidecar/agent/history.ts"
import type { Diagnostic, Kernel, Reading, ReloadVerdict, RunningKeepalived } from "../../src/sidecar/ports.ts"
import { createStandingFaults, type StandingFaults } from "../../src/sidecar/faults/standing-faults.ts"
import type { LastKnownGood } from "../../src/sidecar/volume/last-known-good.ts"
import { cluster, configMap, service, SETTINGS } from "../core/fixture.ts"
import { createFakeClock, type FakeClock } from "../support/clock.ts"
import { kernelShowing } from "../support/fake-kernel.ts"
import { shippedTemplates } from "../support/golden.ts"
import type { SidecarCode } from "../../src/sidecar/problem-codes.ts"

/** A fake node: its volume, its keepalived and its kernel do as they are told, and write down what was asked of them. */
export interface FakeNode {
  readonly clock: FakeClock
  /** What was asked of keepalived, in order, and what was promoted. */
  readonly steps: string[]
  readonly events: { readonly event: string; readonly fields: Readonly<Record<string, unknown>> }[]
  reading: Reading
  facts: NodeFacts | Problem<SidecarCode>
  /** The other nodes that answer no more. */
  unreachable: ReadonlySet<string>
  /** What the host has of others. */
  others: Others | null
  /** pid of keepalived's parent; null while it does not run. */
  pid: number | null
  live: string | null
  journal: Journal | null
  good: LastKnownGood | null
  master: boolean
  /** Texts that the config test refuses, and with what words. */
  refuses: (text: string) => readonly Diagnostic[] | null
  /** How often each of these still fails. */
  readonly failures: { start: number; reload: number; restart: number; verify: number }
  /** What a reload waits for. */
  reloading: Promise<void>
  /** Called whenever the effect is verified. */
  verifying: () => void
  /** How the firewall compares its rules. */
  comparing: () => Promise<void>
  /** How often the disk is full still. */
  full: number
  /** True: IPVS has lost everything. */
  emptied: boolean
  /** True: nobody can read the kernel's addresses. */
  unreadable: boolean
  /** What a look for rules that come before IPVS finds; absent: the machine cannot look. */
  captures?: FindCaptures
  /** True: a person holds what the reading shows in place. */
  pinned: boolean
  /** The virtual servers that began to forward, in order. */
  readonly appeared: string[]
  /** VIPs that the firewall does not masquerade for, and cannot now. */
  unmasqueraded: ReadonlySet<string>
  /** Seconds since sync read its source; null where nobody knows. */
  sourceAge: number | null
  readonly faults: StandingFaults
  /** How often something new was to be shown. */
  changes: number
  textOf(sha256: string): string
}

const pipeline = createPipeline(SETTINGS, shippedTemplates())

export const FACTS: NodeFacts = { name: "n1", interface: "eth0", ipvs: true }

/** A generation with these entries. */
export function generation(
  sequence: number,
  data: Readonly<Record<string, string>>,
  services: readonly ServiceObjects[] = [service("a"), service("b")],
  more: { readonly allow?: string; readonly nodes?: readonly Placed<Node>[] } = {},
): Reading {
  const name = `${String(sequence).padStart(20, "0")}-000000000000`
  const configMaps = new Map([["default/vips", configMap(data, more.allow ?? null)]])
  const objects = { ...cluster(services, more.nodes ?? []), configMaps }
  return { kind: "generation", generation: { sequence, name, path: name, manifestSha256: name, objects } }
}

/** A configuration that once ran through the soak here. */
export function knownGood(
  data: Readonly<Record<string, string>>,
  services: readonly ServiceObjects[] = [service("a"), service("b")],
): LastKnownGood {
  const given = { ...cluster(services), configMaps: new Map() }
  const nothing = { lastGood: new Map(), refused: new Map(), draining: new Map(), unreachable: new Set<string>() }
  const { rendered } = pipeline({ objects: given, configMaps: [configMap(data)], node: FACTS, ...nothing })
  if (rendered === null) throw new Error("the known good configuration has no model")
  const { sha256, model, text } = rendered
  return { text, record: { sha256, model, lastGood: new Map(), generation: null, past: { ...NO_PAST, model } } }
}

export function fakeNode(): FakeNode {
  return {
    clock: createFakeClock(),
    steps: [],
    events: [],
    reading: { kind: "absent" },
    facts: FACTS,
    unreachable: new Set(),
    others: null,
    pid: null,
    live: null,
    journal: null,
    good: null,
    master: true,
    refuses: () => null,
    failures: { start: 0, reload: 0, restart: 0, verify: 0 },
    reloading: Promise.resolve(),
    verifying: () => undefined,
    comparing: () => Promise.resolve(),
    full: 0,
    emptied: false,
    unreadable: false,
    pinned: false,
    appeared: [],
    unmasqueraded: new Set(),
    sourceAge: 1,
    changes: 0,
    faults: createStandingFaults(() => new Date(0), { raised: () => {}, cleared: () => {}, onChange: () => {} }),
    textOf: () => "",
  }
}

/** Sets an agent going on a fake node. */
export function agentOn(
  node: FakeNode,
  start: { readonly inEffect: InEffect | null; readonly history: AppliedHistory } = {
    inEffect: null,
    history: NO_HISTORY,
  },
): Agent {
  const guard = { percent: 50, endpointsMs: 60_000 }
  const options = { drainTimeMs: 30_000, soakMs: 15_000, checks: false, guard }
  const agent: Agent = createAgent(
    options,
    portsOf(node, () => agent),
    start,
  )
  // The role is watched by another part, which is not here.
  agent.recordRoles(new Map([["vips", { state: "master", since: null, reason: null }]]))
  return agent
}

/** Lets time pass as main.ts does: a watch every second. */
export async function passSeconds(node: FakeNode, agent: Agent, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    await node.clock.advance(800)
    const watched = agent.watch()
    await node.clock.advance(200)
    await watched
  }
}

function portsOf(node: FakeNode, agent: () => Agent): AgentPorts {
  const nothing = () => Promise.resolve()
  const log = (event: string, fields = {}) => void node.events.push({ event, fields })
  const running = () => Promise.resolve(identityOf(node.pid))
  const appeared = (servers: readonly VirtualServer[]) => void node.appeared.push(...servers.map(virtualServerKey))
  const keepalived = { ...commandsOf(node), running, version: () => Promise.resolve("2.2.7") }
  return {
    generations: { read: () => Promise.resolve(node.reading) },
    pipeline,
    node: () => Promise.resolve(node.facts),
    ownNodes: createOwnNodes(),
    unreachable: () => node.unreachable,
    others: () => Promise.resolve(node.others),
    render: createRenderer(shippedTemplates()),
    appeared,
    applyPorts: {
      targets: [
        {
          prepare: (change) => Promise.resolve(verdictOn(change, node.unmasqueraded, "the lock is held")),
          compare: () => node.comparing(),
        },
        createKeepalivedTarget({
          keepalived,
          files: filesOf(node),
          clearRemains: nothing,
          verify: () => {
            node.verifying()
            return Promise.resolve(node.failures.verify-- > 0 ? "the kernel differs" : null)
          },
          appeared,
        }),
      ],
      records: recordsOf(node),
      lastKnownGood: () => Promise.resolve(node.good?.record ?? null),
    },
    keepalived,
    kernel: kernelOf(node, () => agent().snapshot().inEffect?.model ?? null),
    owned: () => Promise.resolve({ additions: [], virtualServers: [] }),
    findCaptures: (question) => node.captures?.(question) ?? Promise.resolve([]),
    settle: nothing,
    lastKnownGood: () => node.good,
    isPinned: () => node.pinned,
    sourceAge: () =>
      node.sourceAge === null ? { kind: "unknown", why: "a test says so" } : { kind: "age", seconds: node.sourceAge },
    onAttempt: (outcome) => void node.steps.push(`=${outcome.kind}`),
    onApplied: () => undefined,
    onSoaked: (inEffect) => {
      node.steps.push(`promoted ${inEffect.generation?.sequence ?? "?"}`)
      return Promise.resolve(true)
    },
    onChange: () => void node.changes++,
    onFault: () => undefined,
    faults: node.faults,
    clock: node.clock,
    random: () => 0.5,
    log: { debug: log, info: log, warn: log, error: log },
  }
}

/** It shows what should be in effect, but for what it was made to lose. */
function kernelOf(node: FakeNode, shown: () => KeepalivedModel | null): Kernel {
  const kernel = kernelShowing({
    addresses: () => {
      if (node.unreadable) return Promise.reject(new Error("EIO: i/o error"))
      const all = (shown()?.instances ?? []).flatMap(({ anchor, vips }) => [anchor, ...vips.map((vip) => vip.address)])
      return Promise.resolve(new Set(node.master ? all : []))
    },
    hasVirtualServers: () => Promise.resolve(!node.emptied),
    virtualServers: () => {
      node.steps.push("compare")
      const model = shown()
      const servers = node.emptied || model === null ? [] : virtualServersOf(model)
      return Promise.resolve(
        servers.map((one) => ({
          ...one,
          realServers: one.realServers.map((real) => ({ ...real, forwardingMethod: one.forwardingMethod })),
        })),
      )
    },
  })
  return { ...kernel, addVirtualServer: () => repair(node) }
}

function repair(node: FakeNode): Promise<void> {
  node.steps.push("repair")
  node.emptied = false
  return Promise.resolve()
}

function identityOf(pid: number | null): RunningKeepalived | null {
  if (pid === null) return null
  const of = (pid: number) => ({ pid, startTime: "1" })
  return { parent: of(pid), checker: of(pid + 1), vrrp: of(pid + 2) }
}

function commandsOf(node: FakeNode) {
  const command = async (name: "start" | "reload" | "restart"): Promise<ReloadVerdict> => {
    node.steps.push(name)
    if (name === "reload") await node.reloading
    if (node.failures[name]-- > 0) return { kind: "failed", reason: `${name} failed`, log: [] }
    if (name !== "reload") node.pid = (node.pid ?? 90) + 10
    return { kind: "acknowledged", tookMs: 1 }
  }
  return {
    test: (file: string) => {
      node.steps.push("test")
      const diagnostics = node.refuses(node.textOf(file))
      return Promise.resolve(
        diagnostics === null
          ? { kind: "accepted" as const, tookMs: 1 }
          : { kind: "refused" as const, tookMs: 1, ending: "exit status 5", diagnostics },
      )
    },
    start: () => command("start"),
    reload: () => command("reload"),
    restart: () => command("restart"),
    advertsHeard: () => Promise.resolve(null),
    respawnChecker: () => repair(node),
  }
}

function filesOf(node: FakeNode): ConfigFiles {
  const texts = new Map<string, string>()
  node.textOf = (sha256) => texts.get(sha256) ?? ""
  return {
    writeCandidate: (sha256, text) => {
      if (createHash("sha256").update(text).digest("hex") !== sha256) throw new Error("the text is another")
      texts.set(sha256, text)
      return Promise.resolve(sha256)
    },
    restoreCandidate: () => Promise.resolve(),
    makeLive: (sha256) => {
      if (node.full-- > 0) return Promise.reject(new Error("no space left on device"))
      node.live = sha256
      return Promise.resolve()
    },
    liveSha256: () => Promise.resolve(node.live),
  }
}

function recordsOf(node: FakeNode): ApplyRecords {
  return {
    journal: () => Promise.resolve(node.journal),
    writeJournal: (journal) => {
      node.journal = journal
      return Promise.resolve()
    },
    claim: () => Promise.resolve(),
  }
}
