import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { figures } from "../support/figures.ts"
import { rootObjection } from "../support/keepalived.ts"
import { slow } from "../support/slow.ts"
import { testUnless } from "../support/test-unless.ts"
import { APPLY, BACK } from "./points.ts"
import { type TestNode, withNode } from "./support/node.ts"
import { buildBundle, type Bundle, type Program, until } from "./support/program.ts"

/** Of the 30 s that Kubernetes gives the pod, so many are for keepalived: what is left is the agent's. */
const GRACE_MS = 12_000

const unless = testUnless(rootObjection())
let bundle: Bundle
test.before(async () => {
  bundle = await buildBundle()
})
test.after(() => bundle.remove())

for (const { name: point, what } of APPLY)
  unless(
    `SIGTERM of the agent at ${point}, ${what}: it ends in order, keepalived goes on, the next agent ends on the newest (fault 73)`,
    slow(60_000, () =>
      withNode(bundle, async (node) => {
        const { agent, pid } = await running(node)
        node.faults.forget()
        node.faults.set({ [point]: "term" })
        await node.publish(51)
        await until(() => node.faults.reached().has(point), `${point} is reached`)
        await assertOrderlyEnd(node, agent, pid)
        node.faults.set({})
        node.agent()
        await node.untilInEffect(51)
        assert.is(node.pid(), pid, "keepalived went on all the time")
        await node.publish(52)
        await node.untilInEffect(52)
      }),
    ),
  )

for (const { name: point, what } of BACK)
  unless(
    `SIGTERM of the agent in a rollback at ${point}, ${what}: it ends in order, the next agent ends on the newest (fault 73)`,
    slow(60_000, () =>
      withNode(bundle, async (node) => {
        const { agent } = await running(node)
        node.faults.forget()
        node.faults.set({ A6: "stop" })
        await node.publish(51)
        await until(() => stateOf(agent.child.pid ?? 0) === "T", "SIGHUP is sent and the agent stands still")
        const child = node.pid("vrrp")
        process.kill(child, "SIGKILL")
        await until(() => ["", "Z", "X"].includes(stateOf(child)), "the VRRP child is dead")
        node.faults.set({ [point]: "term" })
        agent.child.kill("SIGCONT")
        await until(() => node.faults.reached().has(point), `${point} is reached`)
        await assertOrderlyEnd(node, agent, null)
        node.faults.set({})
        node.agent()
        await node.untilInEffect(51)
      }),
    ),
  )

async function running(node: TestNode): Promise<{ readonly agent: Program; readonly pid: number }> {
  const agent = node.agent()
  await node.publish(50)
  await node.untilInEffect(50)
  const good = () => readdirSync(join(node.directory, "state/last-known-good")).filter((name) => !name.startsWith("."))
  await until(() => good().length > 0, "a configuration has soaked")
  return { agent, pid: node.pid() }
}

/** It finished its step: the journal tells of nothing half done, and no file is left half written. */
async function assertOrderlyEnd(node: TestNode, agent: Program, pid: number | null): Promise<void> {
  const since = performance.now()
  assert.is(await agent.ended, 0, agent.printed())
  const tookMs = Math.round(performance.now() - since)
  figures({ tookMs })
  assert.ok(tookMs < GRACE_MS, `it took ${tookMs} ms`)
  assert.ok(agent.lines.some(({ event }) => event === "stopping"))
  assert.ok(node.tested().has(node.live()), "the live file passed the config test")
  const journal = node.journal()
  assert.is(journal?.phase, "in-effect")
  assert.is(journal?.to, node.live())
  const hidden = ["applied", "applied/candidates", "state/last-known-good", "state/archive"].flatMap((folder) =>
    readdirSync(join(node.directory, folder)).filter((name) => name.startsWith(".")),
  )
  assert.equal(hidden, [])
  if (pid !== null) assert.is(node.pid(), pid, "keepalived goes on")
  const announced = String(readFileSync(join(node.directory, "applied/keepalived.conf"))).match(/10\.4\.0\.(\d+)\/32/g)
  const shown = (await node.vips()).map((last) => `10.4.0.${last}/32`)
  assert.equal(shown, announced, "and announces what its file says")
}

/** The letter of proc(5), such as T for stopped; empty where there is no such process. */
function stateOf(pid: number): string {
  try {
    return /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1] ?? ""
  } catch {
    return ""
  }
}

test.run()
