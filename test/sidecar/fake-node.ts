import type { Others } from "../../src/core/model/addresses/others.ts"
import type { NodeFacts } from "../../src/core/model/settings.ts"
import type { Node, Placed, ServiceObjects } from "../../src/core/objects/kinds.ts"
import type { Problem } from "../../src/kit/problem.ts"
import { type Agent, createAgent } from "../../src/sidecar/agent/agent.ts"
import type { InEffect } from "../../src/sidecar/agent/state.ts"
import type { FindCaptures } from "../../src/sidecar/capture/find-captures.ts"
import type { Journal } from "../../src/sidecar/apply/ports.ts"
import { type AppliedHistory, NO_HISTORY, NO_PAST } from "../../src/sidecar/agent/history.ts"
import type { Diagnostic, Reading } from "../../src/sidecar/ports.ts"
import { createStandingFaults, type StandingFaults } from "../../src/sidecar/faults/standing-faults.ts"
import type { LastKnownGood } from "../../src/sidecar/volume/last-known-good.ts"
import { cluster, configMap, service } from "../core/fixture.ts"
import { createFakeClock, type FakeClock } from "../support/clock.ts"
import type { SidecarCode } from "../../src/sidecar/problem-codes.ts"
import { pipeline, portsOf } from "./fake-ports.ts"

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
