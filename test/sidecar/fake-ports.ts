import { createHash } from "node:crypto"
import {
  type KeepalivedModel,
  type VirtualServer,
  virtualServerKey,
  virtualServersOf,
} from "../../src/core/model/keepalived-model.ts"
import { createOwnNodes } from "../../src/core/model/addresses/own-nodes.ts"
import { createPipeline } from "../../src/core/pipeline.ts"
import { createRenderer } from "../../src/core/render/render.ts"
import { type Agent } from "../../src/sidecar/agent/agent.ts"
import type { AgentPorts } from "../../src/sidecar/agent/ports.ts"
import { verdictOn } from "../../src/sidecar/targets/firewall.ts"
import { type ConfigFiles, createKeepalivedTarget } from "../../src/sidecar/targets/keepalived.ts"
import type { ApplyRecords } from "../../src/sidecar/apply/ports.ts"
import type { Kernel, ReloadVerdict, RunningKeepalived } from "../../src/sidecar/ports.ts"
import { SETTINGS } from "../core/fixture.ts"
import { kernelShowing } from "../support/fake-kernel.ts"
import { shippedTemplates } from "../support/golden.ts"
import type { FakeNode } from "./fake-node.ts"

export const pipeline = createPipeline(SETTINGS, shippedTemplates())

/** The parts of an agent on a fake node. @param agent The agent itself, which is made with these. */
export function portsOf(node: FakeNode, agent: () => Agent): AgentPorts {
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
