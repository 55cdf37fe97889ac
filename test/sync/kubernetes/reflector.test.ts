import { test } from "uvu"
import * as assert from "uvu/assert"

import { bookmark, service } from "./fake-api-server.ts"
import { mirrored, patience, type Scene, watching } from "./mirrored.ts"

test("startReflector() lists, keeps what is named, and follows events with bookmarks asked for", () =>
  mirrored(async (scene) => {
    const { fake, ports, until, changes } = scene
    await watching(scene)
    assert.is(ports(), "echo:80")
    const { query } = fake.watches[0]?.asked ?? {}
    assert.equal([query?.get("resourceVersion"), query?.get("allowWatchBookmarks")], ["10", "true"])
    const seconds = Number(query?.get("timeoutSeconds"))
    assert.ok(seconds >= 240 && seconds <= 360, String(seconds))
    fake.watches[0]?.send({ type: "MODIFIED", object: service("echo", 11, 81) })
    fake.watches[0]?.send({ type: "ADDED", object: service("stranger", 12) })
    fake.watches[0]?.send({ type: "ADDED", object: service("web", 13) })
    await until(() => ports() === "echo:81,web:80")
    fake.watches[0]?.send({ type: "DELETED", object: service("web", 14) })
    await until(() => ports() === "echo:81")
    assert.is(changes(), 4)
  }))

test("startReflector() hints at nothing where the trimmed object is what it was, and drops what is older", () =>
  mirrored(async (scene) => {
    await watching(scene)
    const { fake, reflector, ports, until, changes } = scene
    const before = reflector.store.objects.get("default/echo")?.placed
    fake.watches[0]?.send({ type: "MODIFIED", object: service("echo", 12) })
    fake.watches[0]?.send({ type: "MODIFIED", object: service("echo", 11, 99) })
    fake.watches[0]?.send(bookmark(20))
    await until(() => reflector.resourceVersion() === "20")
    assert.is(ports(), "echo:80")
    assert.is(changes(), 1)
    assert.is(reflector.store.objects.get("default/echo")?.placed, before)
  }))

test("startReflector() goes on from the last bookmark after a reset in the middle of a line, without a list", () =>
  mirrored(async (scene) => {
    await watching(scene)
    const { fake, reflector, until, troubles, lists } = scene
    fake.watches[0]?.send(bookmark(42))
    await until(() => reflector.resourceVersion() === "42")
    fake.watches[0]?.reset()
    await watching(scene, 2)
    assert.is(fake.watches[1]?.asked.query.get("resourceVersion"), "42")
    assert.is(lists(), 1)
    assert.is(troubles.length, 1)
  }))

test("startReflector() lists at once after 410, also where the API server was away before, and waits after a second 410", () => {
  const waits = (scene: Scene) => scene.troubles.map(({ retryAfterMs }) => retryAfterMs === 0)
  const tooOld = { type: "ERROR", object: { kind: "Status", code: 410, message: "too old" } }
  const check = async (scene: Scene) => {
    const { fake, until, lists } = scene
    await watching(scene)
    fake.refuse = () => (scene.troubles.length < 4 ? { status: 503 } : null)
    fake.watches[0]?.reset()
    await watching(scene, 2)
    assert.equal(waits(scene), [false, false, false, false])
    fake.watches[1]?.send(tooOld)
    await watching(scene, 3)
    assert.equal(waits(scene).slice(4), [true])
    fake.watches[2]?.send(tooOld)
    await watching(scene, 4)
    assert.equal(waits(scene).slice(4), [true, false])
    assert.is(lists(), 3)
    fake.watches[3]?.send(bookmark(60))
    await until(() => scene.reflector.resourceVersion() === "60")
    fake.watches[3]?.send(tooOld)
    await watching(scene, 5)
    assert.equal(waits(scene).slice(4), [true, false, true])
  }
  // A watch of any length proves that all is well.
  return mirrored(check, { patience: { shortWatchMs: 0 } })
})

test("startReflector() lists again after 410 in a stream that stays open", () =>
  mirrored(async (scene) => {
    await watching(scene)
    const { fake, ports, until } = scene
    fake.items.set("services", [service("echo", 50, 90)])
    fake.version = "50"
    fake.watches[0]?.send({ type: "ERROR", object: { kind: "Status", code: 410, message: "too old" } })
    await watching(scene, 2)
    await until(() => ports() === "echo:90")
    assert.is(fake.watches[1]?.asked.query.get("resourceVersion"), "50")
  }))

test("startReflector() keeps what it has while the API server refuses, and backs off", () =>
  mirrored(async (scene) => {
    await watching(scene)
    const { fake, ports, until, troubles, reflector } = scene
    fake.refuse = () => ({ status: 500 })
    fake.watches[0]?.end()
    await until(() => troubles.length >= 3)
    assert.is(ports(), "echo:80")
    assert.is(reflector.fault()?.status, 500)
    const waits = troubles.map((facts) => Number(facts["retryAfterMs"]))
    assert.ok((waits[2] ?? 0) > (waits[0] ?? 0), waits.join())
    fake.refuse = () => null
    await watching(scene, 2)
  }))

test("startReflector() waits as long as a 429 asks for", () =>
  mirrored(
    async ({ until, troubles }) => {
      await until(() => troubles.length > 0)
      assert.is(troubles[0]?.["retryAfterMs"], 2000)
    },
    { before: (fake) => (fake.refuse = () => ({ status: 429, headers: { "retry-after": "2" } })) },
  ))

test("startReflector() waits long where it stays forbidden, and goes on when that ends", () =>
  mirrored(
    async (scene) => {
      const { fake, until, troubles, ports } = scene
      await until(() => troubles.length > 4)
      // The API server was away, and knew no rights in its first second: that is no refusal for good.
      const waits = troubles.map(({ retryAfterMs }) => retryAfterMs)
      assert.equal(waits.slice(0, 5), [20, 20, 40, 80, patience.refusedMs])
      troubles.shift()
      assert.match(
        String(troubles[0]?.["error"]),
        'Cannot list services in namespace "default": the API server answered 403',
      )
      fake.refuse = () => null
      await until(() => ports() === "echo:80")
    },
    { before: (fake) => (fake.refuse = () => ({ status: fake.asked.length === 1 ? 503 : 403 })) },
  ))

test("startReflector() replaces a watch that has gone silent", () =>
  mirrored(
    async (scene) => {
      await watching(scene, 2)
      assert.is(scene.lists(), 1)
    },
    { patience: { inactivityMs: 80 } },
  ))

test("startReflector() backs off where each watch ends at once", () =>
  mirrored(async (scene) => {
    const { fake } = scene
    const startedAt = performance.now()
    for (let count = 1; count <= 5; count++) {
      await watching(scene, count)
      fake.watches[count - 1]?.end()
    }
    await watching(scene, 6)
    // 20, 40, 80, 160, 320 ms.
    assert.ok(performance.now() - startedAt > 500)
    assert.is(scene.lists(), 1)
  }, ALL_TOO_SHORT))

/** On a busy machine, too, a watch that ends at once has stood for less. */
const ALL_TOO_SHORT = { patience: { shortWatchMs: 60_000 } }

test("startReflector() finds by comparison what no watch told, on a fake API server, says so, and lists again (fault 54)", () =>
  mirrored(
    async (scene) => {
      await watching(scene)
      const { fake, ports, until, troubles } = scene
      fake.items.set("services", [service("web", 30)])
      fake.version = "30"
      await until(() => ports() === "web:80")
      assert.equal(troubles[0]?.["objects"], ["default/echo", "default/web"])
    },
    { patience: { compareMs: 60 } },
  ))

test("startReflector() compares without a word where all is well", () =>
  mirrored(
    async ({ lists, until, troubles, fake }) => {
      await until(() => lists() >= 4)
      assert.equal([troubles.length, fake.watches.length], [0, 1])
    },
    { patience: { compareMs: 30 } },
  ))

test("startReflector() takes pages of 250, over connections that it uses again", () =>
  mirrored(
    async (scene) => {
      await watching(scene)
      assert.is(scene.ports(), "echo:80,web:80")
      assert.is(scene.lists(), 5)
      // The watch may begin before the last page's connection is free again.
      assert.ok(scene.fake.connections() <= 2, String(scene.fake.connections()))
    },
    {
      before: (fake) => {
        const strangers = Array.from({ length: 1100 }, (_, index) => service(`stranger-${index}`, index))
        fake.items.set("services", [service("echo", 3), ...strangers, service("web", 4)])
      },
    },
  ))

test.run()
