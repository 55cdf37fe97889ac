import { test } from "uvu"
import * as assert from "uvu/assert"
import type { RoleChange } from "../../../src/contract/node/history.ts"
import { iso, scene, START } from "./scene.ts"

const path = (changes: readonly RoleChange[]) => changes.map(({ from, to, reason }) => [from, to, reason])

test("look() follows keepalived's log, with time and reason", async () => {
  const { fake, look } = scene()
  fake.says("master")
  fake.tells(1, "backup", "keepalived has started")
  fake.tells(4, "master")
  await look()
  assert.equal(fake.shown, { state: "master", since: iso(4), reason: "no advert of a master was heard" })
  assert.equal(path(fake.changes), [
    ["unknown", "backup", "keepalived has started"],
    ["backup", "master", "no advert of a master was heard"],
  ])
})

test("look() a cable that is out is FAULT, with what the machine shows to be down (fault 250)", async () => {
  const { fake, look } = scene()
  fake.says("backup")
  fake.tells(1, "backup")
  await look()
  fake.cause = 'interface "eth0" has no carrier'
  fake.says("fault")
  fake.tells(20, "fault", 'interface "eth0" is down')
  await look()
  assert.equal(fake.shown, { state: "fault", since: iso(20), reason: 'interface "eth0" has no carrier' })
  fake.says("backup")
  fake.tells(30, "backup", 'interface "eth0" is up again')
  await look()
  assert.equal(fake.shown, { state: "backup", since: iso(30), reason: 'interface "eth0" is up again' })
  assert.equal(path(fake.changes).slice(1), [
    ["backup", "fault", 'interface "eth0" is down'],
    ["fault", "backup", 'interface "eth0" is up again'],
  ])
})

test("look() a master that gave the role up is the reason of the next", async () => {
  const { fake, look } = scene()
  fake.says("backup", { farewells: 2 })
  fake.tells(1, "backup")
  await look()
  fake.says("master", { farewells: 3 })
  fake.tells(5, "master")
  await look()
  assert.is(fake.shown?.reason, "the master before it gave the role up")
})

test("look() an agent that starts again knows state and time from what the last one wrote (fault 255)", async () => {
  const last: RoleChange = { kind: "role", instance: "vips", time: iso(0), from: "backup", to: "master", reason: "why" }
  const { fake, look } = scene([last])
  fake.says("master", { at: START + 500_000 })
  // The log still has what the last agent saw.
  fake.tells(-60, "backup")
  fake.tells(0, "master")
  await look()
  assert.equal([fake.shown, fake.changes], [{ state: "master", since: iso(0), reason: "why" }, []])
  fake.tells(9, "backup", "peer")
  fake.says("backup")
  await look()
  assert.equal(path(fake.changes), [["master", "backup", "peer"]])
})

test("look() an agent that starts with a keepalived that has said nothing does not take it for the one before", async () => {
  const last: RoleChange = { kind: "role", instance: "vips", time: iso(0), from: "backup", to: "master", reason: "why" }
  const { fake, look } = scene([last])
  fake.answer = { kind: "not-ready" }
  await look()
  assert.is(fake.shown?.state, "init")
})

test("look() an agent that starts again takes up what happened meanwhile, each change once", async () => {
  const last: RoleChange = { kind: "role", instance: "vips", time: iso(4), from: "unknown", to: "backup", reason: null }
  const { fake, look } = scene([last])
  fake.says("backup")
  for (const [second, state] of [
    [4, "backup"],
    [4, "master"],
    [9, "fault"],
    [12, "backup"],
  ] as const)
    fake.tells(second, state)
  await look()
  assert.equal(
    fake.changes.map(({ to, time }) => [to, time]),
    [
      ["master", iso(4)],
      ["fault", iso(9)],
      ["backup", iso(12)],
    ],
  )
})

test("look() asks keepalived where its log has no state any more", async () => {
  const { fake, look } = scene()
  fake.says("backup", { at: START - 7_000 })
  await look()
  assert.equal([fake.shown?.state, fake.shown?.since], ["backup", iso(-7)])
})

test("look() believes what keepalived answers against its log, at the second time", async () => {
  const { fake, look } = scene()
  fake.says("fault")
  fake.tells(1, "master")
  await look()
  assert.is(fake.shown?.state, "master", "the log may be a moment late")
  await fake.seconds(1)
  assert.is(fake.shown?.state, "fault")
})

test("look() a keepalived that is dead, and one without its VRRP child, are unknown (fault 251)", async () => {
  const { fake, look } = scene()
  fake.says("master")
  fake.tells(1, "master")
  await look()
  fake.alive = false
  await fake.seconds(1)
  assert.equal([fake.shown?.state, fake.shown?.reason], ["unknown", "keepalived is not running"])
  fake.alive = true
  fake.child = false
  await fake.seconds(1)
  assert.is(fake.shown?.reason, "keepalived's VRRP child process is not running")
  fake.child = true
  fake.answer = { kind: "not-ready" }
  await fake.seconds(1)
  assert.is(fake.shown?.state, "init")
  fake.says("backup")
  fake.tells(9, "backup", "keepalived has started")
  await fake.seconds(1)
  assert.equal(
    fake.changes.map(({ from, to }) => `${from}>${to}`),
    ["unknown>master", "master>unknown", "init>backup"],
  )
})

test("look() a keepalived that hangs is unknown at the third question, and known again when it answers (fault 252)", async () => {
  const { fake, look } = scene()
  fake.says("backup")
  fake.tells(1, "backup")
  await look()
  fake.answer = { kind: "silent" }
  await fake.seconds(6)
  assert.is(fake.shown?.state, "backup")
  await fake.seconds(1)
  assert.equal([fake.shown?.state, fake.shown?.reason], ["unknown", "keepalived does not answer"])
  fake.says("backup")
  await fake.seconds(1)
  assert.is(fake.shown?.state, "backup")
})

test("look() a build that cannot be asked is known by its log alone", async () => {
  const { fake, look } = scene()
  fake.answer = { kind: "cannot" }
  await look()
  assert.equal([fake.shown?.state, /cannot be asked/.test(fake.shown?.reason ?? "")], ["unknown", true])
  fake.tells(3, "master")
  await fake.seconds(1)
  assert.is(fake.shown?.state, "master")
})

test("look() asks seldom while nothing happens", async () => {
  const { fake, look } = scene()
  fake.says("master")
  fake.tells(1, "master")
  await look()
  fake.asked = 0
  await fake.seconds(60)
  assert.is(fake.asked, 12)
})

test("look() says where the kernel shows another role than keepalived, and when that is over (fault 254)", async () => {
  const { fake, look } = scene()
  fake.says("master")
  fake.tells(1, "master")
  fake.anchor = false
  await look()
  await fake.seconds(4)
  assert.equal(fake.disagreements, [], "keepalived has time to put its addresses there")
  await fake.seconds(2)
  assert.match(String(fake.disagreements[0]), "keepalived says MASTER, but the anchor")
  fake.anchor = true
  await fake.seconds(1)
  assert.is(fake.disagreements.at(-1), null)
})

test("look() a backup that hears nothing and does not take over is stuck (fault 253)", async () => {
  const { fake, look } = scene()
  fake.says("backup", { heard: 9 })
  fake.tells(1, "backup")
  await look()
  await fake.seconds(13)
  assert.equal(fake.deaf, [])
  await fake.seconds(5)
  assert.match(String(fake.deaf[0]), "has heard no advert of a master for 15 s")
  fake.says("backup", { heard: 10 })
  await fake.seconds(5)
  assert.is(fake.deaf.at(-1), null)
})

test("look() a backup that hears a master, whatever its interval, is not stuck", async () => {
  const { fake, look } = scene()
  fake.tells(1, "backup")
  for (let heard = 1; heard < 10; heard++) {
    fake.says("backup", { heard, advertInterval: 10 })
    await fake.seconds(10)
  }
  await look()
  assert.equal(fake.deaf, [])
})

test.run()
