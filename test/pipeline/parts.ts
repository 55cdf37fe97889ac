/** What a pipeline is made of, and what its volumes say. */
import { join } from "node:path"
import { decodeFile } from "../../src/core/objects/decode.ts"
import { createJoin } from "../../src/core/objects/join.ts"
import type { Clock } from "../../src/kit/time/clock.ts"
import { faultText } from "../../src/kit/fault.ts"
import type { Log } from "../../src/kit/process/log.ts"
import { sha256Of } from "../../src/kit/sha256.ts"
import { parseSettings } from "../../src/sidecar/wiring/settings.ts"
import { createGenerations } from "../../src/sidecar/volume/generations.ts"
import type { SourceReading } from "../../src/sync/ports.ts"
import { createPublish } from "../../src/sync/publication.ts"
import { createReconcile, type PassOutcome } from "../../src/sync/reconcile.ts"
import { createPublisher } from "../../src/sync/volume/publisher.ts"
import { createStatusWriter } from "../../src/sync/volume/status-writer.ts"
import { vipsText } from "../support/manifests.ts"
import { MEMORY, plainDisk } from "./disk.ts"
import type { Surroundings } from "./lives.ts"
import { REFUSED, textOf } from "./node.ts"

export const SOAK_MS = 15_000
const RETAIN = 3
/** An address of these marks the master; nobody asked for it. */
export const ANCHORS = "169.254."
export const DESIRED = join(MEMORY, "desired")
export const APPLIED = join(MEMORY, "applied")
export const STATE = join(MEMORY, "state")
export const LIVE = join(APPLIED, "keepalived.conf")
export const GOOD = join(STATE, "last-known-good")

export function settingsOf() {
  const words = ["--node", "n1", "--iface", "eth0", "--http-port", "0", "--node-probe-port", "0", "--snat", "none"]
  const paths = ["--desired", DESIRED, "--applied", APPLIED, "--state", STATE, "--run-dir", join(MEMORY, "run")]
  const parsed = parseSettings([...paths, ...words, "--soak", String(SOAK_MS / 1_000), "--drain-time", "0"])
  if (parsed.kind === "exit") throw new Error("Cannot use the settings")
  return parsed.settings
}

/** The pass of sync, with its own publisher; only the source is a fake. */
export function openSync(source: () => SourceReading, clock: Clock): () => Promise<PassOutcome> {
  const writer = { bootId: "boot", pid: 1, startedAtUptime: clock.now() }
  return createReconcile({
    source: { read: source },
    publish: createPublish(["default/vips"]),
    publisher: createPublisher({
      directory: DESIRED,
      retain: RETAIN,
      writer,
      trouble: () => undefined,
      gaveUp: () => undefined,
    }),
    status: createStatusWriter(DESIRED),
    sourceName: "a fake",
    volumeName: DESIRED,
    clock,
    now: () => new Date().toISOString(),
  })
}

export function sourceOf(lasts: readonly number[]): SourceReading {
  // Half of the VIPs may go at once: whoever guards against that is told that it is meant.
  const meant = `\n  annotations: {kube-keepalived-vip.io/allow-mass-removal: "${lasts.length}"}\ndata:`
  const text = vipsText(...addressesOf(lasts).map((vip) => `${vip}: ""`)).replace("\ndata:", meant)
  return { kind: "objects", objects: createJoin()([decodeFile("vips.yaml", text)]).value, problems: [], resources: [] }
}

export function addressesOf(lasts: readonly number[]): readonly string[] {
  return lasts.map((last) => `10.4.0.${last}`)
}

export function isRefused(lasts: readonly number[]): boolean {
  return addressesOf(lasts).includes(REFUSED)
}

/** Whoever opens the volume at this moment must find nothing, or a whole generation. */
export function checkPointer(wrong: (what: string) => void): void {
  // It reads at once; only the answer comes later.
  void createGenerations({ directory: DESIRED, alarm: wrong })
    .read()
    .then((found) => {
      if (found.kind !== "absent" && found.kind !== "generation") wrong(`current.json: ${found.kind}, ${found.reason}`)
    })
}

/** sha256 of what the journal says is in effect; null for nothing. */
export function inEffect(): string | null {
  const journal = JSON.parse(textOf(join(APPLIED, "journal.json")) ?? "{}") as { phase?: string; to?: string }
  return journal.phase === "in-effect" && journal.to === sha256Of(textOf(LIVE) ?? "") ? journal.to : null
}

/** What the node remembers as good, the newest last. */
export function goodOnes(): readonly string[] {
  if (!plainDisk().existsSync(GOOD)) return []
  const names = (plainDisk().readdirSync(GOOD) as readonly string[]).filter((name) => /^\d+$/.test(name))
  return names.toSorted().map((name) => sha256Of(textOf(join(GOOD, name, "keepalived.conf")) ?? ""))
}

export function logInto(events: string[], { clock }: Surroundings): Log {
  const line = (event: string, fields = {}) => {
    const text = JSON.stringify(fields, (_, value: unknown) => (value instanceof Error ? faultText(value) : value))
    events.push(`${clock.now()} ms: ${event} ${text.slice(0, 300)}`)
  }
  return { debug: line, info: line, warn: line, error: line }
}
