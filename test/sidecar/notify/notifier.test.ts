import { test } from "uvu"
import * as assert from "uvu/assert"

import type { HookResult, Told } from "../../../src/sidecar/notify/hook.ts"
import { createNotifier } from "../../../src/sidecar/notify/notifier.ts"
import { createStandingFaults } from "../../../src/sidecar/faults/standing-faults.ts"
import { statesOf } from "../../../src/sidecar/wiring/notify.ts"
import type { Vrrp } from "../../../src/sidecar/vrrp/vrrp.ts"
import { instanceOf, modelWith, otherInstance } from "../../core/instances.ts"

const DONE: HookResult = { kind: "done", output: "", ms: 5 }

/** A FAKE hook, which ends when the test says so. */
function scene() {
  const calls: Told[] = []
  const ends: ((result: HookResult) => void)[] = []
  const kinds: string[] = []
  const faults = createStandingFaults(() => new Date(0), { raised: () => {}, cleared: () => {}, onChange: () => {} })
  const lines: string[] = []
  const log = (event: string) => void lines.push(event)
  const notifier = createNotifier({
    hook: (told) => {
      calls.push(told)
      return new Promise((resolve) => ends.push(resolve))
    },
    program: "/etc/notify.sh",
    log: { debug: log, info: log, warn: log, error: log },
    faults,
    ended: (kind) => kinds.push(kind),
  })
  const end = async (result = DONE) => {
    ends.shift()?.(result)
    await new Promise((resolve) => setImmediate(resolve))
  }
  const now = (state: Told["state"], instance = "vips") => notifier.follow([{ instance, state, priority: 254 }])
  const told = () => calls.map(({ instance, state }) => `${instance} ${state}`)
  return { notifier, now, end, told, calls, kinds, faults, lines }
}

test("createNotifier() calls once for each state, and again only when it changes", async () => {
  const { now, end, told, kinds } = scene()
  now("BACKUP")
  now("BACKUP")
  await end()
  now("BACKUP")
  now("MASTER")
  await end()
  assert.equal(told(), ["vips BACKUP", "vips MASTER"])
  assert.equal(kinds, ["done", "done"])
})

test("createNotifier() calls one at a time, and then with the newest state alone", async () => {
  const { now, end, told } = scene()
  now("BACKUP")
  for (const state of ["MASTER", "FAULT", "BACKUP", "MASTER"] as const) now(state)
  assert.equal(told(), ["vips BACKUP"])
  await end()
  assert.equal(told(), ["vips BACKUP", "vips MASTER"])
  // It came and went while the program ran: the program has been told already.
  now("FAULT")
  now("MASTER")
  await end()
  assert.equal(told(), ["vips BACKUP", "vips MASTER"])
})

test("createNotifier() tells the state of each instance", async () => {
  const { now, end, told } = scene()
  now("BACKUP")
  now("MASTER", "lan")
  now("MASTER")
  await end()
  await end()
  await end()
  assert.equal(told(), ["vips BACKUP", "lan MASTER", "vips MASTER"])
})

test("createNotifier() reports a failure with the command, until a call succeeds (fault 291)", async () => {
  const { now, end, kinds, faults, lines } = scene()
  now("MASTER")
  await end({ kind: "failed", why: "it ended with status 3", output: "no\n token", ms: 5 })
  assert.equal(
    faults.standing().map(({ code, message }) => [code, message]),
    [
      [
        "NOTIFY_FAILED",
        'Cannot tell "/etc/notify.sh INSTANCE vips MASTER 254" that this node is MASTER: it ended with status 3; it printed: no token; it is called again at the next change of the state, or when the agent starts',
      ],
    ],
  )
  now("MASTER")
  now("BACKUP")
  await end({ kind: "timed-out", why: "it did not end within 30 s", output: "", ms: 30_000 })
  assert.match(faults.standing()[0]?.message ?? "", "it did not end within 30 s; it is called again")
  now("FAULT")
  await end()
  assert.equal(faults.standing(), [])
  assert.equal(kinds, ["failed", "timed-out", "done"])
  assert.equal(lines, ["notify", "notify-failed", "notify", "notify-failed", "notify", "notified"])
})

test("createNotifier() calls nothing after its stop", async () => {
  const { notifier, now, end, told } = scene()
  now("BACKUP")
  now("MASTER")
  notifier.stop()
  await end()
  now("FAULT")
  assert.equal(told(), ["vips BACKUP"])
})

test("statesOf() has the instances in effect whose state keepalived has a word for", () => {
  const model = modelWith(instanceOf("10.4.0.50"), otherInstance("10.8.0.50"))
  const role = (state: Vrrp["state"]): Vrrp => ({ state, since: null, reason: null })
  const roles = new Map([
    ["vips", role("master")],
    ["lan", role("init")],
    ["former", role("backup")],
  ])
  assert.equal(statesOf(roles, model), [{ instance: "vips", state: "MASTER", priority: 254 }])
  assert.equal(statesOf(new Map([["lan", role("fault")]]), model), [{ instance: "lan", state: "FAULT", priority: 246 }])
  assert.equal(statesOf(roles, null), [])
})

test.run()
