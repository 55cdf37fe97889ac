import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { rootObjection } from "../support/keepalived.ts"
import { slow } from "../support/slow.ts"
import { testUnless } from "../support/test-unless.ts"
import { kkv } from "../cli/support/kkv.ts"
import { type TestNode, withNode } from "./support/node.ts"
import { buildBundle, type Bundle, until } from "./support/program.ts"

const unless = testUnless(rootObjection())
let bundle: Bundle
test.before(async () => {
  bundle = await buildBundle()
})
test.after(() => bundle.remove())

/** What `kkv status` says of the node's sidecar; its sync is this test, so nothing is asked of that. */
function status({ directory }: TestNode) {
  return kkv(["status", "--applied", join(directory, "applied"), "--desired", join(directory, "nowhere")])
}

unless(
  "the agent is killed: kkv status ends with 1 and says that it is silent, until another agent lives (fault 260)",
  slow(120_000, () =>
    withNode(bundle, async (node) => {
      const { child } = node.agent()
      await node.publish(50)
      await node.untilInEffect(50)
      await until(async () => (await status(node)).status === 0, "all is well", 40_000)
      child.kill("SIGKILL")
      await until(async () => (await status(node)).status === 1, "it is not well", 40_000)
      assert.match((await status(node)).out, /the agent has been silent for \d+ s/)
      assert.equal(await node.vips(), [50], "what runs goes on")
      process.kill(node.pid(), "SIGKILL")
      assert.is((await status(node)).status, 1, "with keepalived dead as well")
      node.agent()
      await node.untilInEffect(50)
      await until(async () => (await status(node)).status === 0, "all is well again", 60_000)
    }),
  ),
)

unless(
  "the agent stands still: kkv status ends with 1 (fault 260)",
  slow(120_000, () =>
    withNode(bundle, async (node) => {
      const { child } = node.agent()
      await node.publish(50)
      await node.untilInEffect(50)
      await until(async () => (await status(node)).status === 0, "all is well", 40_000)
      child.kill("SIGSTOP")
      await until(async () => (await status(node)).status === 1, "it is not well", 40_000)
      child.kill("SIGCONT")
      await until(async () => (await status(node)).status === 0, "all is well again", 40_000)
    }),
  ),
)

test.run()
