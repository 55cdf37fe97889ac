import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { rootObjection } from "../support/keepalived.ts"
import { slow } from "../support/slow.ts"
import { testUnless } from "../support/test-unless.ts"
import type { Action } from "./inject.ts"
import { APPLY, BACK } from "./points.ts"
import { type TestNode, withNode } from "./support/node.ts"
import { buildBundle, type Bundle, type Program, until } from "./support/program.ts"

const unless = testUnless(rootObjection())
let bundle: Bundle
test.before(async () => {
  bundle = await buildBundle()
})
test.after(() => bundle.remove())

unless(
  "the agent comes to every point of applying and of going back",
  slow(60_000, () =>
    withNode(bundle, async (node) => {
      const agent = node.agent()
      await node.publish(50)
      await node.untilInEffect(50)
      await node.publish(51)
      await node.untilInEffect(51)
      await until(() => node.faults.reached().has("A10"), "it was archived")
      const before = node.faults.reached()
      await goBack(node, agent, { publish: 52, then: {} })
      await until(() => agent.lines.some((line) => line["outcome"] === "rolled-back"), "it went back")
      const after = node.faults.reached()
      const missed = [...APPLY, ...BACK].filter(({ name }) => !before.has(name) && !after.has(name))
      assert.equal(
        missed.map(({ name }) => name),
        [],
      )
    }),
  ),
)

const kills: readonly [name: string, point: string, action: Action][] = [
  ["A1, the generation is read (fault 25)", "A1", "kill"],
  ["A2, the text is rendered (fault 26)", "A2", "kill"],
  ["A3, half of the candidate is written (fault 27)", "A3 write", "tear"],
  ["A3, the candidate has its name (fault 27)", "A3 name", "kill"],
  ["A3, the config test runs (fault 27)", "A3 test", "kill"],
  ["A4, the journal says swap (fault 28)", "A4", "kill"],
  ["A5, the candidate has its second name (fault 29)", "A5 link", "kill"],
  ["A5, the live file is new (fault 29)", "A5", "kill"],
  ["A6, SIGHUP is sent (fault 30)", "A6", "kill"],
  ["A7, the effect is being verified", "A7", "kill"],
  ["A8, soaking (fault 32)", "A8", "kill"],
  ["A9, the last known good is written (fault 33)", "A9", "kill"],
  ["A10, the archive is packed (fault 34)", "A10", "kill"],
]
for (const [name, point, action] of kills)
  unless(
    `the agent killed with -9 at ${name} is followed by one that ends on the newest`,
    slow(60_000, () =>
      withNode(bundle, async (node) => {
        const { agent, pid } = await running(node)
        node.faults.set({ [point]: action })
        await node.publish(51)
        assert.is(await agent.ended, "SIGKILL", agent.printed())
        assertTested(node)
        node.faults.set({})
        node.agent()
        await node.untilInEffect(51)
        await untilSoaked(node)
        assertWhole(node)
        assert.is(node.pid(), pid, "keepalived went on all the time")
        await node.publish(52)
        await node.untilInEffect(52)
        assertTested(node)
      }),
    ),
  )

const returns: readonly [name: string, point: string][] = [
  ["before the old file is live again (fault 34)", "R1"],
  ["after the old file is live again (fault 34)", "R2"],
  ["after SIGHUP for the old file (fault 34)", "R3"],
  ["after the journal says that it is in effect (fault 34)", "R4"],
]
for (const [name, point] of returns)
  unless(
    `the agent killed with -9 in a rollback, ${name}, is followed by one that ends on the newest`,
    slow(60_000, () =>
      withNode(bundle, async (node) => {
        const { agent } = await running(node)
        await goBack(node, agent, { publish: 51, then: { [point]: "kill" } })
        assert.is(await agent.ended, "SIGKILL", agent.printed())
        assertTested(node)
        node.faults.set({})
        node.agent()
        await node.untilInEffect(51)
        await untilSoaked(node)
        assertWhole(node)
      }),
    ),
  )

/** An agent whose first configuration has soaked. */
async function running(node: TestNode): Promise<{ readonly agent: Program; readonly pid: number }> {
  const agent = node.agent()
  await node.publish(50)
  await node.untilInEffect(50)
  await untilSoaked(node)
  return { agent, pid: node.pid() }
}

async function untilSoaked(node: TestNode): Promise<void> {
  await until(() => goodOnes(node).length > 0, "a configuration has soaked")
}

function goodOnes(node: TestNode): readonly string[] {
  return readdirSync(join(node.directory, "state/last-known-good")).filter((name) => !name.startsWith("."))
}

/** Has a reload fail: the VRRP child dies as it reads the file, while the agent stands still. */
async function goBack(
  node: TestNode,
  agent: Program,
  { publish, then }: { readonly publish: number; readonly then: Readonly<Record<string, Action>> },
): Promise<void> {
  node.faults.forget()
  node.faults.set({ A6: "stop" })
  await node.publish(publish)
  await until(() => stateOf(agent.child.pid ?? 0) === "T", "SIGHUP is sent and the agent stands still")
  const child = node.pid("vrrp")
  process.kill(child, "SIGKILL")
  // On a busy machine it lives on for a moment, and what it has read so far may be all that it should.
  await until(() => ["", "Z", "X"].includes(stateOf(child)), "the VRRP child is dead")
  node.faults.set(then)
  agent.child.kill("SIGCONT")
}

/** The letter of proc(5), such as T for stopped; empty where there is no such process. */
function stateOf(pid: number): string {
  try {
    return /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1] ?? ""
  } catch {
    return ""
  }
}

/** keepalived can only ever have read a file that the config test has accepted. */
function assertTested(node: TestNode): void {
  assert.ok(node.tested().has(node.live()), "the live file passed the config test")
}

function assertWhole(node: TestNode): void {
  assertTested(node)
  const hidden = (folder: string) =>
    readdirSync(join(node.directory, folder)).filter((name) => name.startsWith(".") && !name.startsWith(".status"))
  assert.equal([...hidden("applied"), ...hidden("applied/candidates"), ...hidden("state/last-known-good")], [])
}

test.run()
