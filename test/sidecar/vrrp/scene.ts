import type { RoleChange } from "../../../src/contract/node/history.ts"
import type { InstanceAnswer, VrrpAnswer, VrrpEvent } from "../../../src/sidecar/ports.ts"
import { NO_ROLES, type Vrrp } from "../../../src/sidecar/vrrp/vrrp.ts"
import { createVrrpWatch } from "../../../src/sidecar/vrrp/vrrp-watch.ts"
import { createFakeClock } from "../../support/clock.ts"

export const START = Date.parse("2026-11-29T23:43:00.000Z")
export const iso = (second: number) => new Date(START + second * 1_000).toISOString()

/** What keepalived answers of these instances. */
export function answerOf(states: Readonly<Record<string, Partial<InstanceAnswer>>>): VrrpAnswer {
  const usual = { state: "backup", at: null, advertInterval: 1, heard: 1, farewells: 0 } as const
  return {
    kind: "answer",
    instances: new Map(Object.entries(states).map(([name, state]) => [name, { ...usual, ...state }])),
  }
}

/** A FAKE keepalived: its log and its answers are what a test says. */
export function scene(roles: readonly RoleChange[] = []) {
  const clock = createFakeClock()
  const began = clock.now()
  const fake = {
    clock,
    log: [] as VrrpEvent[],
    answer: { kind: "silent" } as VrrpAnswer,
    alive: true,
    child: true,
    anchor: null as boolean | null,
    cause: null as string | null,
    asked: 0,
    changes: [] as RoleChange[],
    instances: ["vips"],
    roles: NO_ROLES,
    shown: null as Vrrp | null,
    disagreements: [] as (string | null)[],
    deaf: [] as (string | null)[],
    tells: (second: number, state: VrrpEvent["state"], reason: string | null = null) =>
      void fake.log.push({ instance: "vips", state, at: START + second * 1_000, reason }),
    says: (state: InstanceAnswer["state"], more: Partial<InstanceAnswer> = {}) => {
      fake.answer = answerOf({ vips: { state, ...more } })
    },
    /** Looks once a second. */
    seconds: async (count: number) => {
      for (let second = 0; second < count; second++) {
        await clock.advance(1_000)
        await watch.look()
      }
    },
  }
  const identity = { pid: 7, startTime: "1" }
  const watch = createVrrpWatch({
    source: {
      news: () => Promise.resolve(fake.log.splice(0)),
      ask: () => {
        fake.asked++
        return Promise.resolve(fake.answer)
      },
      listen: () => () => {},
    },
    running: () =>
      Promise.resolve(fake.alive ? { parent: identity, checker: null, vrrp: fake.child ? identity : null } : null),
    instances: () => fake.instances,
    hasAnchor: () => Promise.resolve(fake.anchor),
    faultCause: () => Promise.resolve(fake.cause),
    roles,
    onChange: (roles, change) => {
      fake.shown = roles.get("vips") ?? null
      fake.roles = roles
      if (change !== null) fake.changes.push(change)
    },
    disagrees: (_, what) => void fake.disagreements.push(what),
    deaf: (_, what) => void fake.deaf.push(what),
    clock,
    date: () => START + (clock.now() - began),
  })
  return { ...{ fake, look: () => watch.look() } }
}
