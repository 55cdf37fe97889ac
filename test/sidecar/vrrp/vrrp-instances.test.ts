import { test } from "uvu"
import * as assert from "uvu/assert"
import type { RoleChange } from "../../../src/contract/node/history.ts"
import type { Vrrp } from "../../../src/sidecar/vrrp/vrrp.ts"
import { answerOf, iso, scene, START } from "./scene.ts"

const statesIn = ({ roles }: { readonly roles: ReadonlyMap<string, Vrrp> }) =>
  [...roles].map(([name, { state }]) => `${name} ${state}`)

test("look() follows each instance, and what ends keepalived ends them all", async () => {
  const { fake, look } = scene()
  fake.instances = ["vips", "lan"]
  fake.answer = answerOf({ vips: { state: "master" }, lan: { state: "backup" } })
  fake.tells(1, "master")
  fake.log.push({ instance: "lan", state: "backup", at: START + 2_000, reason: "keepalived has started" })
  await look()
  assert.equal(statesIn(fake), ["vips master", "lan backup"])
  assert.equal(
    fake.changes.map(({ instance, to }) => `${instance} ${to}`),
    ["vips master", "lan backup"],
  )
  fake.answer = answerOf({ vips: { state: "master" }, lan: { state: "master", farewells: 1 } })
  fake.log.push({ instance: "lan", state: "master", at: START + 5_000, reason: null })
  await look()
  assert.equal(fake.roles.get("lan"), {
    ...{ state: "master", since: iso(5), reason: "the master before it gave the role up" },
  })
  fake.alive = false
  fake.log.push({ instance: null, state: "unknown", at: START + 9_000, reason: "keepalived ended" })
  await look()
  assert.equal(statesIn(fake), ["vips unknown", "lan unknown"])
})

test("look() forgets an instance that neither keepalived nor the configuration in effect has", async () => {
  const { fake, look } = scene()
  fake.instances = ["vips", "lan"]
  fake.answer = answerOf({ vips: { state: "master" }, lan: { state: "master" } })
  await look()
  await fake.seconds(1)
  assert.equal(statesIn(fake), ["vips master", "lan master"])
  fake.instances = ["vips"]
  await fake.seconds(1)
  assert.equal(statesIn(fake), ["vips master", "lan master"], "keepalived has it still")
  fake.says("master")
  await fake.seconds(6)
  assert.equal(statesIn(fake), ["vips master"])
})

test("look() shows the instances of keepalived's answer before a configuration is in effect", async () => {
  const { fake, look } = scene()
  fake.instances = []
  await look()
  assert.equal(statesIn(fake), [])
  fake.answer = answerOf({ lan: { state: "backup" } })
  await fake.seconds(1)
  assert.equal(statesIn(fake), ["lan backup"])
})

test("look() an agent that starts again knows each instance by its own history", async () => {
  const role = (instance: string, to: RoleChange["to"]): RoleChange => ({
    ...{ kind: "role", instance, time: iso(0), from: "init", to, reason: null },
  })
  const { fake, look } = scene([role("vips", "master"), role("lan", "backup")])
  fake.instances = ["vips", "lan"]
  fake.answer = answerOf({ vips: { state: "master" }, lan: { state: "backup" } })
  await look()
  assert.equal(statesIn(fake), ["vips master", "lan backup"])
  assert.equal(fake.changes, [])
})

test.run()
