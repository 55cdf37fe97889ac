import { test } from "uvu"
import * as assert from "uvu/assert"

import { ApiFault } from "../../../src/kubernetes/api-fault.ts"
import { TIMINGS } from "../../../src/sync/kubernetes/timings.ts"
import type { WatchEnd, WatchOptions } from "../../../src/sync/kubernetes/ports.ts"
import { startReflector } from "../../../src/sync/kubernetes/reflector.ts"
import { createFakeClock, settled } from "../../support/clock.ts"
import { seededRandom } from "../../support/random.ts"
import { createFakeApi, type FakeApi } from "./fake-api.ts"
import { BAD_ANSWERS, bookmark, service } from "./fake-api-server.ts"
import { mirrored, type Scene, services, watching } from "./mirrored.ts"

const status = (code: number) => ({ kind: "Status", code, message: `scripted ${code}` })

/** How a watch can go wrong. It is left open after an ERROR: only we can end it. */
const FAULTS: Readonly<Record<string, (options: WatchOptions, fake: FakeApi) => Promise<WatchEnd>>> = {
  "ends at once": async () => "ended",
  "is reset at once": async () => {
    throw new ApiFault("Cannot watch services: terminated: read ECONNRESET", { status: null })
  },
  "is refused with 410": async () => {
    throw new ApiFault("Cannot watch services: the API server answered 410", { status: 410 })
  },
  "brings 410 and stays open": (options) => leftOpen(options, 410),
  "brings 500 and stays open": (options) => leftOpen(options, 500),
  "hangs before the headers": async ({ inactivityMs, signal }) => {
    await clock.delay(inactivityMs, signal)
    return "silent"
  },
}

let clock = createFakeClock()

function leftOpen({ event, signal }: WatchOptions, code: number): Promise<WatchEnd> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve("ended"), { once: true })
    event("ERROR", status(code))
  })
}

/** A reflector as it is shipped, with its real patience, on a clock that runs as fast as it can; gives when it asked for what, in seconds. */
async function askedWhile(
  watch: (options: WatchOptions, fake: FakeApi) => Promise<WatchEnd>,
  isOver: (fake: FakeApi) => boolean,
): Promise<FakeApi> {
  clock = createFakeClock()
  const fake = createFakeApi(clock)
  fake.objects.set("services", [service("echo", 3)])
  fake.watching = (options) => watch(options, fake)
  const reflector = startReflector({
    ...{ collection: services, api: fake.client("one"), clock, random: seededRandom(1), patience: TIMINGS },
    ...{ known: 0, onChange: () => {}, onWarning: () => {} },
  })
  while (!isOver(fake)) {
    await clock.advance(10_000)
    assert.is(reflector.store.objects.size, 1, "what is mirrored stays")
  }
  const ended = reflector.stop()
  await settled()
  await ended
  return fake
}

for (const [what, fault] of Object.entries(FAULTS)) {
  for (const [first, before] of [
    ["", null],
    [", after an event", service("echo", 20)],
  ] as const) {
    test(`each watch ${what}${first}, for ten minutes, with a fake API: one at a time, at most a request a second (fault 45)`, async () => {
      const faulty = async (options: WatchOptions, fake: FakeApi) => {
        if (before !== null) options.event("MODIFIED", before)
        return fault(options, fake)
      }
      const fake = await askedWhile(faulty, () => clock.now() >= 600_000)
      assert.is(fake.mostWatches(), 1)
      assert.ok(fake.asked.length > 4, "it never gives up")
      for (const [index, { at }] of fake.asked.entries()) {
        // The first list and its watch belong together, and so do both again after a first 410, which is no one's failure.
        const most = 4 + at / 1000
        assert.ok(index + 1 <= most, `request ${index + 1} after ${at} ms`)
      }
      const watches = fake.asked.filter(({ what: kind }) => kind === "watch")
      const gaps = watches.slice(2).map(({ at }, index) => at - (watches[index + 1]?.at ?? 0))
      assert.ok(Math.min(...gaps) >= 1000, `two watches after ${Math.min(...gaps)} ms`)
    })
  }
}

test("a thousand watches that end at once, with a fake API, are never less than a second apart, without a list (fault 45)", async () => {
  const watches = (fake: FakeApi) => fake.asked.filter(({ what }) => what === "watch")
  // The full comparison, every ten minutes, is the only other request.
  const fake = await askedWhile(
    async () => "ended",
    (so) => watches(so).length >= 1000,
  )
  const times = watches(fake).map(({ at }) => at)
  const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0))
  assert.ok(Math.min(...gaps) >= 1000, String(Math.min(...gaps)))
  assert.ok(Math.max(...gaps) <= 30_000, String(Math.max(...gaps)))
  assert.is(fake.mostWatches(), 1)
  const lists = fake.asked.length - times.length
  assert.ok(lists <= 1 + clock.now() / 480_000, `${lists} lists`)
})

type Sabotage = (scene: Scene, count: number) => void

/** The same over real connections. */
const OVER_HTTP: readonly (readonly [what: string, sabotage: Sabotage, lists: number])[] = [
  ["ends at once", ({ fake }, count) => fake.watches[count]?.end(), 1],
  ["is reset in the midst of a line", ({ fake }, count) => fake.watches[count]?.reset(), 1],
  ["brings 410 and stays open", ({ fake }, count) => fake.watches[count]?.send(error(410)), 6],
  ["brings 500 and stays open", ({ fake }, count) => fake.watches[count]?.send(error(500)), 1],
]

const error = (code: number) => ({ type: "ERROR", object: status(code) })

for (const [what, sabotage, lists] of OVER_HTTP) {
  test(`each of five watches ${what}, on a fake API server: the next one is the only one, and it mirrors (fault 45)`, () =>
    mirrored(
      async (scene) => {
        for (let count = 0; count < 5; count++) {
          await watching(scene, count + 1)
          sabotage(scene, count)
        }
        await watching(scene, 6)
        assert.is(scene.fake.mostWatches(), 1)
        assert.is(scene.lists(), lists)
        scene.fake.watches[5]?.send({ type: "MODIFIED", object: service("echo", 60, 91) })
        await scene.until(() => scene.ports() === "echo:91")
      },
      { patience: { backoffMs: 5 } },
    ))
}

test("a watch is refused with 410, on a fake API server: everything is listed anew (fault 45)", () =>
  mirrored(async (scene) => {
    await watching(scene)
    const { fake, ports, until } = scene
    fake.items.set("services", [service("echo", 50, 90)])
    fake.version = "50"
    let refused = 0
    fake.refuse = ({ query }) => (query.get("watch") === "true" && refused++ === 0 ? { status: 410 } : null)
    fake.watches[0]?.end()
    await until(() => ports() === "echo:90")
    await watching(scene, 2)
    assert.equal([scene.lists(), refused], [2, 2])
  }))

const hang = BAD_ANSWERS["hangs before the headers"] ?? null

test("a watch hangs before the headers, on a fake API server: it is given up, counted, and asked for again (faults 45, 46)", () =>
  mirrored(
    async (scene) => {
      const { fake, until, troubles } = scene
      await until(() => troubles.length >= 2)
      fake.refuse = () => null
      await watching(scene)
      assert.equal(
        troubles.slice(0, 2).map(({ event }) => event),
        ["watch silent", "watch silent"],
      )
      assert.is(fake.mostWatches(), 1)
      assert.is(scene.lists(), 1)
    },
    {
      patience: { inactivityMs: 100 },
      before: (fake) => (fake.refuse = ({ query }) => (query.get("watch") === "true" ? hang : null)),
    },
  ))

test("a watch goes silent, on a fake API server: it is replaced, from where it was, without a list, and counted (fault 46)", () =>
  mirrored(
    async (scene) => {
      await watching(scene)
      const { fake, until, troubles } = scene
      fake.watches[0]?.send(bookmark(42))
      await until(() => scene.reflector.resourceVersion() === "42")
      await watching(scene, 2)
      assert.equal(troubles, [{ event: "watch silent", collection: 'services in namespace "default"', silentMs: 150 }])
      assert.is(fake.watches[1]?.asked.query.get("resourceVersion"), "42")
      assert.equal([scene.lists(), fake.mostWatches()], [1, 1])
      fake.watches[1]?.send({ type: "MODIFIED", object: service("echo", 43, 92) })
      await until(() => scene.ports() === "echo:92")
    },
    { patience: { inactivityMs: 150 } },
  ))

test("the patience that is shipped replaces a silent watch within 120 s, and lets a bookmark a minute be late", () => {
  assert.ok(TIMINGS.inactivityMs < 120_000)
  assert.ok(TIMINGS.inactivityMs > 90_000)
})

test("a watch that brings a bookmark now and then, on a fake API server, is no silent one", () =>
  mirrored(
    async (scene) => {
      await watching(scene)
      const startedAt = performance.now()
      for (let version = 20; performance.now() - startedAt < 900; version++) {
        scene.fake.watches[0]?.send(bookmark(version))
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      assert.equal([scene.fake.watches.length, scene.troubles.length], [1, 0])
    },
    { patience: { inactivityMs: 400 } },
  ))

test.run()
