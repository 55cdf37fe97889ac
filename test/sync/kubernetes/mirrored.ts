import type { KubeConfig } from "@kubernetes/client-node"

import { systemClock } from "../../../src/kit/time/clock.ts"
import { createKubernetesApi } from "../../../src/sync/kubernetes/client/client.ts"
import type { Collection } from "../../../src/sync/kubernetes/collection.ts"
import { loadKubeConfig } from "../../../src/kubernetes/connection.ts"
import { TIMINGS, type Timings } from "../../../src/sync/kubernetes/timings.ts"
import { type Reflector, startReflector } from "../../../src/sync/kubernetes/reflector.ts"
import { openSession } from "../../../src/kubernetes/session.ts"
import { type FakeApiServer, service, startFakeApiServer } from "./fake-api-server.ts"

export const patience: Timings = { ...TIMINGS, backoffMs: 20, refusedMs: 60, shortWatchMs: 30, graceMs: 20 }

export const services: Collection = {
  id: "services default",
  resource: "services",
  namespace: "default",
  fieldSelector: null,
  labelSelector: null,
  names: new Set(["echo", "web"]),
}

/** A reflector of two Services, by the real client library, against the fake API server. */
export interface Scene {
  readonly fake: FakeApiServer
  readonly reflector: Reflector
  readonly changes: () => number
  readonly troubles: Readonly<Record<string, unknown>>[]
  /** The named Services with their ports. */
  readonly ports: () => string
  /** Waits until it is so. */
  readonly until: (what: () => boolean) => Promise<void>
  /** Lists that were asked for, without watches. */
  readonly lists: () => number
}

interface Setting {
  readonly patience?: Partial<Timings>
  readonly load?: (url: string) => KubeConfig
  readonly before?: (fake: FakeApiServer) => void
  /** No answer is waited for any longer. */
  readonly answerMs?: number
  readonly random?: () => number
}

/** Lists and watches until `use` is done. */
export async function mirrored(use: (scene: Scene) => Promise<void>, setting: Setting = {}): Promise<void> {
  const fake = await startFakeApiServer()
  fake.items.set("services", [service("echo", 3), service("stranger", 4)])
  setting.before?.(fake)
  const load = setting.load ?? ((url: string) => loadKubeConfig({ kubeconfig: null, apiserverHost: url }))
  const session = openSession(() => load(fake.url), setting.answerMs)
  const api = createKubernetesApi(session)
  let changes = 0
  const troubles: Readonly<Record<string, unknown>>[] = []
  const reflector = startReflector({
    collection: services,
    api,
    clock: systemClock,
    known: 0,
    random: setting.random ?? (() => 0),
    patience: { ...patience, ...setting.patience },
    onChange: () => (changes += 1),
    onWarning: (event, facts) => void troubles.push({ event, ...facts }),
  })
  const ports = () =>
    [...reflector.store.objects.values()]
      .map(({ placed }) => (placed?.object.kind === "Service" ? placed.object : null))
      .map((object) => `${object?.metadata.name}:${object?.spec.ports[0]?.port}`)
      .join()
  const until = async (what: () => boolean) => {
    while (!what()) await new Promise((resolve) => setTimeout(resolve, 3))
  }
  const lists = () => fake.asked.filter(({ query }) => query.get("watch") === null).length
  try {
    await use({ fake, reflector, changes: () => changes, troubles, ports, until, lists })
  } finally {
    session.close()
    await reflector.stop()
    await fake.close()
  }
}

/** Waits until so many watches were opened. */
export const watching = ({ fake, until }: Scene, count = 1) => until(() => fake.watches.length >= count)
