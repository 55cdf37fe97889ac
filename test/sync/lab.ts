import { mkdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

import { decodeSyncStatus, type SyncStatus } from "../../src/contract/sync-status.ts"
import { createGenerations } from "../../src/sidecar/volume/generations.ts"
import { vipsText } from "../support/manifests.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"

/** A ConfigMap with one VIP, in front of default/echo. */
export const vips = vipsText("10.4.0.50: default/echo")

/** A source directory and a volume, for a sync between them, and what the sidecar's reader sees of it. */
export interface Lab {
  readonly source: string
  readonly desired: string
  /** Events logged, with their fields. */
  readonly lines: Record<string, unknown>[]
  status(): SyncStatus | null
  /** What a reader sees: key of the entries and addresses behind default/echo. */
  read(): Promise<readonly string[]>
  /** Waits until the reader sees this. */
  until(...expected: readonly string[]): Promise<void>
  /** Waits for an event that was not waited for yet. */
  event(name: string): Promise<Record<string, unknown>>
}

/** Does something in directories of its own, which are gone afterwards. */
export async function inLab(body: (lab: Lab) => Promise<void>): Promise<void> {
  await withTemporaryDirectory(async (directory) => {
    const [source, desired] = [join(directory, "source"), join(directory, "desired")]
    mkdirSync(source)
    const lines: Record<string, unknown>[] = []
    const generations = createGenerations({ directory: desired, alarm: () => {} })
    let heard = 0
    async function read(): Promise<readonly string[]> {
      const reading = await generations.read()
      if (reading.kind !== "generation") return [reading.kind]
      const { configMaps, services } = reading.generation.objects
      const slices = services.get("default/echo")?.slices ?? []
      const addresses = slices.flatMap(({ object }) => object.endpoints.flatMap((endpoint) => endpoint.addresses))
      return [...Object.keys(configMaps.get("default/vips")?.object.data ?? {}), ...addresses]
    }
    await body({
      source,
      desired,
      lines,
      status: () => {
        const decoded = decodeSyncStatus(readFileSync(join(desired, "status.yaml"), "utf8"))
        return decoded.kind === "value" ? decoded.value : null
      },
      read,
      until: async (...expected) => {
        while ((await read()).join() !== expected.join()) await tick()
      },
      event: async (name) => {
        for (; ; await tick()) {
          const found = lines.findIndex((line, index) => index >= heard && line["event"] === name)
          if (found < 0) continue
          heard = found + 1
          return lines[found] ?? {}
        }
      },
    })
  })
}

/** Leaves time for watchers and timers. */
export const tick = () => new Promise<void>((resolve) => setTimeout(resolve, 5))
