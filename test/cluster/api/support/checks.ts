import * as assert from "uvu/assert"

import { echoNamespace } from "./objects.ts"
import type { Scene } from "./scene.ts"
import type { Generation, LogLine, Sync } from "./sync.ts"

/** A sync that has published the VIP 10.4.0.50. */
export interface Published {
  readonly sync: Sync
  readonly namespace: string
  /** Key of the Service behind the VIP. */
  readonly echo: string
  /** The generation in which all of its endpoints are. */
  readonly before: Generation
}

/** Starts sync and waits until it has published a VIP with an `echo` of so many pods behind it. */
export async function publishEcho(scene: Scene, title: string, replicas: number): Promise<Published> {
  const namespace = scene.namespace(title)
  const echo = `${namespace}/echo`
  await echoNamespace(namespace, replicas)
  await scene.entries({ "10.4.0.50": echo })
  const sync = scene.sync()
  const before = await sync.until("it publishes", (generation) => endpointsOf(generation, echo) === replicas)
  return { sync, namespace, echo, before }
}

/** How many endpoints a Service has; none where there is no such Service. */
export function endpointsOf(generation: Generation, key: string): number {
  return generation.services.get(key)?.endpoints.length ?? 0
}

/** Whether sync says there that it could not read. */
export function isFailure({ event }: LogLine): boolean {
  return event === "list or watch failed"
}

/** No generation since that one was published without the Service. */
export function assertNeverWithout(sync: Sync, key: string, since: Generation): void {
  const lacking = sync.seen.filter(
    ({ generation }) => generation.sequence >= since.sequence && !generation.services.has(key),
  )
  assert.equal(
    lacking.map(({ generation }) => generation.sequence),
    [],
    `generations without ${key}`,
  )
}
