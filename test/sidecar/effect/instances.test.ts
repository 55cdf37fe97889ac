import { test } from "uvu"
import * as assert from "uvu/assert"
import { createLog } from "../../../src/kit/process/log.ts"
import { checkDrift, clearRemains } from "../../../src/sidecar/effect/repair.ts"
import { tracesOf } from "../../../src/sidecar/effect/intended.ts"
import { othersIn } from "../../../src/sidecar/effect/ownership.ts"
import { verifyEffect } from "../../../src/sidecar/effect/verify.ts"
import { instanceOf, modelWith, otherInstance } from "../../core/instances.ts"
import { createFakeClock } from "../../support/clock.ts"
import { kernelShowing } from "../../support/fake-kernel.ts"

const model = modelWith(instanceOf("10.4.0.50"), otherInstance("10.8.0.50"))
const traces = tracesOf(model)

/** A node with these addresses on its interfaces; `steps` has what was removed. */
function nodeWith(addresses: Readonly<Record<string, readonly string[]>>, more: readonly string[] = []) {
  const steps: string[] = []
  const clock = createFakeClock()
  const kernel = kernelShowing({
    addresses: (name) => Promise.resolve(addresses[name] === undefined ? null : new Set(addresses[name])),
    virtualServers: () => Promise.resolve([]),
    removeAddress: (name, address) => Promise.resolve(void steps.push(`${address} ${name}`)),
  })
  const owned = () => Promise.resolve({ additions: [...traces.additions, ...more], virtualServers: [] })
  const keepalived = { running: () => Promise.resolve(null), respawnChecker: () => Promise.resolve() }
  const ports = { kernel, keepalived, owned, clock: { ...clock, delay: () => clock.advance(1_000) } }
  return { steps, ports: { ...ports, log: createLog({}, { level: "silent" }) } }
}

const MASTER_OF_VIPS = ["169.254.50.1", "10.4.0.50"]
const MASTER_OF_LAN = ["169.254.51.1", "10.8.0.50"]

test("tracesOf() names each address with the interface of its instance", () =>
  assert.equal(traces.additions, ["169.254.50.1 eth0", "10.4.0.50 eth0", "169.254.51.1 eth1", "10.8.0.50 eth1"]))

const verdicts: readonly [what: string, addresses: Record<string, readonly string[]>, verdict: string | null][] = [
  ["the master of both", { eth0: MASTER_OF_VIPS, eth1: MASTER_OF_LAN }, null],
  ["the master of one", { eth0: MASTER_OF_VIPS, eth1: [] }, null],
  ["the master of none", { eth0: [], eth1: [] }, null],
  ["a VIP that is missing", { eth0: MASTER_OF_VIPS, eth1: ["169.254.51.1"] }, "missing: 10.8.0.50 on eth1"],
  ["a VIP without a master", { eth0: [], eth1: ["10.8.0.50"] }, "surplus: 10.8.0.50 on eth1"],
  ["an interface that is missing", { eth0: MASTER_OF_VIPS }, 'interface "eth1" does not exist'],
  ["no interface", {}, 'interface "eth0" does not exist; interface "eth1" does not exist'],
]
for (const [what, addresses, verdict] of verdicts)
  test(`verifyEffect() verifies each instance on its interface: ${what}`, async () => {
    const found = await verifyEffect(model, nodeWith(addresses).ports)
    assert.is(found, verdict === null ? null : `the kernel does not show the configuration: ${verdict}`)
  })

test("checkDrift() removes a VIP from the interface that has it, once no instance has changed its role", async () => {
  const before = await checkDrift(model, null, nodeWith({ eth0: [], eth1: MASTER_OF_LAN }).ports)
  const now = { eth0: ["10.4.0.50"], eth1: MASTER_OF_LAN }
  const { steps, ports } = nodeWith(now)
  const first = await checkDrift(model, before.found, ports)
  assert.equal(steps, [])
  await checkDrift(model, first.found, ports)
  assert.equal(steps, ["10.4.0.50 eth0"])
  const elected = nodeWith({ ...now, eth1: [] })
  await checkDrift(model, first.found, elected.ports)
  assert.equal(elected.steps, [])
})

test("clearRemains() removes what an earlier life added to an interface without an instance", async () => {
  const { steps, ports } = nodeWith({ eth0: [], eth1: [], eth2: ["10.4.0.50"] }, ["10.4.0.50 eth2"])
  await clearRemains(model, ports)
  assert.equal(steps, ["10.4.0.50 eth2"])
})

test("othersIn() takes the addresses beside each anchor for ours when the ledger is lost", async () => {
  const found = (name: string, ...addresses: readonly string[]) =>
    addresses.map((address) => ({ interface: name, address, prefixLength: 32, protocol: "keepalived" }))
  const ledger = {
    vips: new Set<string>(),
    additions: new Set<string>(),
    virtualServers: new Set<string>(),
    isLost: true,
  }
  const holders = async (...host: ReturnType<typeof found>) => {
    const others = await othersIn(model, {
      kernel: { allAddresses: () => Promise.resolve(host), virtualServers: () => Promise.resolve([]) },
      keepalived: { running: () => Promise.resolve(null) },
      ledger: () => Promise.resolve(ledger),
    })
    return [...(others?.addresses.keys() ?? [])]
  }
  assert.equal(await holders(...found("eth0", ...MASTER_OF_VIPS), ...found("eth1", ...MASTER_OF_LAN)), [])
  assert.equal(await holders(...found("eth0", ...MASTER_OF_VIPS), ...found("eth1", "10.8.0.50")), ["10.8.0.50"])
})

test.run()
