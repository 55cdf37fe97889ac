import { test } from "uvu"
import * as assert from "uvu/assert"
import { vipsOf } from "../../../src/core/model/keepalived-model.ts"
import { adopt, type AdoptPorts } from "../../../src/sidecar/agent/adopt.ts"
import { NO_HISTORY } from "../../../src/sidecar/agent/history.ts"
import type { LastKnownGood } from "../../../src/sidecar/volume/last-known-good.ts"
import { openAppliedVolume } from "../../../src/sidecar/volume/config-files.ts"
import { node as nodeObject } from "../../core/fixture.ts"
import { createFakeClock } from "../../support/clock.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"
import { agentOn, fakeNode, generation, knownGood, passSeconds } from "../fake-node.ts"
import { publish, vips } from "../running-agent.ts"

const VIP = "10.4.0.50"
const A = { [VIP]: "default/a" }

/** What a pod begins with whose volume is empty, on a node that remembers this. */
const newPod = (good: LastKnownGood | null, ledger: readonly string[] = []) =>
  withTemporaryDirectory(async (directory) => {
    const volume = await openAppliedVolume(directory, () => Promise.resolve(null))
    const ports: AdoptPorts = {
      volume: { ...volume, ledger: async () => ({ ...(await volume.ledger()), vips: new Set(ledger) }) },
      keepalived: { running: () => Promise.resolve(null) },
      clock: createFakeClock(),
      lastKnownGood: () => good,
    }
    return adopt(directory, ports)
  })

function goodWithNodes(): LastKnownGood {
  const good = knownGood(A)
  const nodes = new Map([
    ["n1", "10.4.0.4"],
    ["n2", "10.4.0.3"],
  ])
  const lastGood = new Map(vipsOf(good.record.model).map((vip) => [vip.id, { text: "default/a", vip }]))
  return {
    ...good,
    record: { ...good.record, lastGood, past: { ...good.record.past, nodeCount: 2, nodes } },
  }
}

test("adopt() a new pod knows what its node announced, and its Nodes (faults 200, 202)", async () => {
  const { inEffect, history } = await newPod(goodWithNodes())
  assert.is(inEffect, null)
  assert.equal(
    [history.past.nodeCount, [...history.past.announced], history.past.nodes.get("n1")],
    [2, [VIP], "10.4.0.4"],
  )
})

test("adopt() knows by the ledger what was being applied when the last agent ended (fault 200)", async () => {
  const { history } = await newPod(null, [VIP])
  assert.equal(history, { ...NO_HISTORY, past: { ...NO_HISTORY.past, announced: new Set([VIP]) } })
})

test("a new pod holds a broken entry in the form that last worked on its node (fault 202)", async () => {
  const good = goodWithNodes()
  const node = fakeNode()
  const agent = agentOn(node, await newPod(good))
  await publish(node, agent, generation(1, { [VIP]: "default/a:NATX" }))
  await passSeconds(node, agent, 2)
  assert.equal(vips(agent), undefined)
  const nodes = [nodeObject("n1", VIP), nodeObject("n2", "10.4.0.3")]
  await publish(node, agent, generation(2, { [VIP]: "default/a:NATX" }, undefined, { nodes }))
  await passSeconds(node, agent, 2)
  const { observation } = agent.snapshot()
  assert.is(observation?.kind === "candidate" && observation.built.entries[0]?.state, "held")
  await agent.stop()
})

test.run()
