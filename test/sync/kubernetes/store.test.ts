import * as fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { createStore, type Store } from "../../../src/sync/kubernetes/store.ts"
import { service } from "./fake-api-server.ts"
import { services } from "./mirrored.ts"

type Type = "ADDED" | "MODIFIED" | "DELETED"

/** The Services of the collection with their ports. */
function portsIn(store: Store): string {
  return [...store.objects]
    .map(([key, { placed }]) => `${key}:${placed?.object.kind === "Service" ? placed.object.spec.ports[0]?.port : "-"}`)
    .toSorted()
    .join()
}

/** A store that was listed at version 10, with echo on port 80. */
function listed(): Store {
  const store = createStore(services)
  const listing = store.listing()
  listing.add(service("echo", 5))
  listing.commit("10")
  return store
}

type Event = readonly [type: Type, object: object]
const added = (name: string, version: number, port: number): Event => ["ADDED", service(name, version, port)]
const modified = (name: string, version: number, port: number): Event => ["MODIFIED", service(name, version, port)]
const deleted = (name: string, version: number, port: number): Event => ["DELETED", service(name, version, port)]

const orders: readonly (readonly [what: string, events: readonly Event[], ports: string])[] = [
  ["an event with an older version", [modified("echo", 12, 82), modified("echo", 11, 81)], "default/echo:82"],
  ["an event older than the list", [modified("echo", 4, 81)], "default/echo:80"],
  ["a doubled ADDED", [added("web", 12, 82), added("web", 12, 82)], "default/echo:80,default/web:82"],
  ["ADDED of what is there", [added("echo", 12, 82)], "default/echo:82"],
  ["DELETED of an unknown", [deleted("web", 12, 82)], "default/echo:80"],
  ["DELETED twice", [deleted("echo", 12, 80), deleted("echo", 12, 80)], ""],
  ["DELETED that is older than what is there", [modified("echo", 14, 84), deleted("echo", 13, 80)], "default/echo:84"],
  ["MODIFIED before its ADDED", [modified("web", 13, 83), added("web", 12, 82)], "default/echo:80,default/web:83"],
  ["DELETED before its ADDED", [deleted("web", 13, 82), added("web", 12, 82)], "default/echo:80"],
  ["MODIFIED that comes after its DELETED", [deleted("echo", 13, 80), modified("echo", 12, 82)], ""],
  ["MODIFIED of what the list no longer had", [modified("web", 9, 82)], "default/echo:80"],
  ["made anew after DELETED", [deleted("echo", 13, 80), added("echo", 14, 84)], "default/echo:84"],
  ["of another object", [modified("echo", 15, 85), added("web", 14, 84)], "default/echo:85,default/web:84"],
]
for (const [what, events, ports] of orders) {
  test(`createStore() is right after ${what} (fault 48)`, () => {
    const store = listed()
    for (const event of events) store.apply(...event)
    assert.is(portsIn(store), ports)
  })
}

interface Change {
  readonly name: "echo" | "web"
  readonly deletes: boolean
}

test("createStore() is right after any history in any order, each event once or more, whatever the list had of it (fault 48)", () => {
  const change = fc.record({ name: fc.constantFrom("echo", "web"), deletes: fc.boolean() })
  const history = fc.array(change, { minLength: 1, maxLength: 12 }).chain((changes) =>
    fc.record({
      changes: fc.constant(changes),
      listedAt: fc.nat({ max: changes.length }),
      order: fc.shuffledSubarray([...changes.keys(), ...changes.keys()], { minLength: changes.length * 2 }),
    }),
  )
  fc.assert(
    fc.property(history, ({ changes, listedAt, order }) => {
      const store = createStore(services)
      const listing = store.listing()
      for (const object of stateAfter(changes.slice(0, listedAt)).values()) listing.add(object)
      listing.commit(String(listedAt))
      for (const index of order) store.apply(...eventOf(changes, index))
      const wanted = createStore(services)
      const last = wanted.listing()
      for (const object of stateAfter(changes).values()) last.add(object)
      last.commit(String(changes.length))
      assert.is(portsIn(store), portsIn(wanted))
    }),
    { numRuns: 500 },
  )
})

/** What there is after these changes; the n-th has version and port n, from 1. */
function stateAfter(changes: readonly Change[]): ReadonlyMap<string, object> {
  const objects = new Map<string, object>()
  for (const [index, { name, deletes }] of changes.entries()) {
    if (deletes) objects.delete(name)
    else objects.set(name, service(name, index + 1, index + 1))
  }
  return objects
}

function eventOf(changes: readonly Change[], index: number): Event {
  const { name, deletes } = changes[index] ?? { name: "echo", deletes: false }
  const known = stateAfter(changes.slice(0, index)).has(name)
  return [deletes ? "DELETED" : known ? "MODIFIED" : "ADDED", service(name, index + 1, index + 1)]
}

test("createStore() remembers no strangers that are gone: however many there are, it knows its own (fault 48)", () => {
  const store = listed()
  store.apply("DELETED", service("echo", 20))
  for (let version = 21; version < 3000; version++) store.apply("DELETED", service(`stranger-${version}`, version))
  store.apply("MODIFIED", service("echo", 15, 85))
  assert.is(portsIn(store), "")
})

test.run()
