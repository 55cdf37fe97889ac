import { addressesOf } from "../../src/core/model/keepalived-model.ts"
import * as assert from "uvu/assert"
import type { Agent } from "../../src/sidecar/agent/agent.ts"
import type { Diagnostic } from "../../src/sidecar/ports.ts"
import { agentOn, type FakeNode, fakeNode, generation, passSeconds } from "./fake-node.ts"

/** The entries of one VIP. */
export const A = { "10.4.0.50": "default/a" }
/** The same, and a second VIP. */
export const AB = { ...A, "10.4.0.51": "default/b" }

/** Publishes, and lets the agent come to rest. */
export async function publish(node: FakeNode, agent: Agent, reading: FakeNode["reading"]): Promise<void> {
  node.reading = reading
  agent.request()
  await node.clock.advance(0)
}

/** A fake node on which generation 1, with the one VIP of `A`, runs; its steps are counted from here. */
export async function running(): Promise<{ readonly node: FakeNode; readonly agent: Agent }> {
  const node = fakeNode()
  const agent = agentOn(node)
  await publish(node, agent, generation(1, A))
  await passSeconds(node, agent, 2)
  assert.is(applied(agent), 1)
  node.steps.length = 0
  return { node, agent }
}

/** Sequence of the generation in effect; null where there is none. */
export function applied(agent: Agent): number | null {
  return agent.snapshot().inEffect?.generation?.sequence ?? null
}

/** Addresses of the VIPs in effect; undefined where nothing is. */
export function vips(agent: Agent): readonly string[] | undefined {
  const { inEffect } = agent.snapshot()
  return inEffect === null ? undefined : addressesOf(inEffect.model)
}

/** How often this step was taken. */
export function count(node: FakeNode, step: string): number {
  return node.steps.filter((one) => one === step).length
}

/** What the config test says where it accuses the virtual server of this address. */
export function refuse(address: string): (text: string) => readonly Diagnostic[] | null {
  return (text) => {
    const line = text.split("\n").findIndex((one) => one.includes(`virtual_server ${address}`)) + 1
    return line === 0 ? null : [{ line, virtualServer: null, message: "refused" }]
  }
}
