import { readdirSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { createGenerations } from "../../src/sidecar/volume/generations.ts"
import { serviceText, vipsText } from "../support/manifests.ts"
import { slow } from "../support/slow.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"
import { writeTree } from "../support/volume.ts"
import type { Action } from "./inject.ts"
import { PUBLISH } from "./points.ts"
import { buildBundle, type Bundle, type Faults, faultsIn, type Program, start, until } from "./support/program.ts"

let bundle: Bundle
test.before(async () => {
  bundle = await buildBundle()
})
test.after(() => bundle.remove())

interface Bed {
  readonly desired: string
  readonly faults: Faults
  /** Changes the source, so that the only VIP is 10.4.0.<last>. */
  change(last: number): void
  /** Starts sync; two generations are kept. */
  sync(): Program
  /** The VIP that a new reader of the volume sees, or why it sees none. */
  seen(): Promise<string>
}

async function inBed(use: (bed: Bed) => Promise<void>): Promise<void> {
  await withTemporaryDirectory(async (directory) => {
    const [source, desired] = [join(directory, "source"), join(directory, "desired")]
    const faults = faultsIn(directory)
    const words = ["sync", "--source", source, "--desired", desired, "--services-configmap=default/vips", "--retain=2"]
    const programs: Program[] = []
    const change = (last: number) =>
      writeTree(source, {
        "vips.yaml": vipsText(`10.4.0.${last}: default/echo`),
        "echo.yaml": serviceText("echo", ["10.2.0.1"]),
      })
    try {
      await use({
        desired,
        faults,
        change,
        sync: () => {
          const program = start(bundle, words, { faults })
          programs.push(program)
          return program
        },
        seen: () => vipIn(desired),
      })
    } finally {
      for (const { child, ended } of programs) {
        child.kill("SIGKILL")
        await ended
      }
    }
  })
}

async function vipIn(desired: string): Promise<string> {
  const reading = await createGenerations({ directory: desired, alarm: () => {} }).read()
  if (reading.kind !== "generation") return reading.kind
  const data = reading.generation.objects.configMaps.get("default/vips")?.object.data ?? {}
  return `${Object.keys(data).join()} in ${reading.generation.sequence}`
}

/** What is left of a crash in the volume. */
function remains(desired: string): readonly string[] {
  const names = [...readdirSync(desired), ...readdirSync(join(desired, "generations"))]
  return names.filter((name) => name.startsWith("."))
}

test(
  "sync comes to every point of publishing, in order",
  slow(30_000, () =>
    inBed(async ({ change, sync, faults, seen }) => {
      sync()
      for (const last of [1, 2, 3]) {
        change(last)
        await until(async () => (await seen()) === `10.4.0.${last} in ${last}`, `generation ${last} is published`)
      }
      await until(() => faults.reached().has("P7"), "an old generation was removed")
      assert.equal(
        [...faults.reached()].filter((name) => name.startsWith("P")),
        PUBLISH.map(({ name }) => name),
      )
    }),
  ),
)

const kills: readonly [name: string, point: string, action: Action, committed: boolean][] = [
  ["P1, the directory is made (fault 17)", "P1", "kill", false],
  ["P2, a file is written (fault 18)", "P2", "kill", false],
  ["P3, the manifest is written", "P3", "kill", false],
  ["P4, the generation has its name (fault 20)", "P4", "kill", false],
  ["P5, the next pointer is written (fault 21)", "P5", "kill", false],
  ["P6, the pointer is moved (fault 22)", "P6", "kill", true],
  ["P7, half of an old generation is removed", "P7", "tear", true],
]
for (const [name, point, action, committed] of kills)
  test(
    `sync killed with -9 at ${name}`,
    slow(30_000, () =>
      inBed(async ({ change, sync, faults, desired, seen }) => {
        const first = sync()
        for (const last of [1, 2]) {
          change(last)
          await until(async () => (await seen()) === `10.4.0.${last} in ${last}`, `generation ${last} is published`)
        }
        // The pointer is moved a moment before it comes to the point that it has moved it.
        await published(first, 2)
        faults.set({ [point]: action })
        change(3)
        assert.is(await first.ended, "SIGKILL", first.printed())
        assert.ok(faults.reached().has(point))
        // The reader sees the old one or the new one, whole.
        assert.is(await seen(), committed ? "10.4.0.3 in 3" : "10.4.0.2 in 2")
        faults.set({})
        sync()
        // P4 has used the number 3 up.
        const expected = point === "P4" || point === "P5" ? "10.4.0.3 in 4" : "10.4.0.3 in 3"
        await until(async () => (await seen()) === expected, `the next sync comes to ${expected}, not ${await seen()}`)
        await until(() => remains(desired).length === 0, "what the crash left is gone")
        change(4)
        await until(async () => (await seen()).startsWith("10.4.0.4 "), "it goes on")
        await until(
          () => readdirSync(join(desired, "generations")).length === 2,
          "it keeps as many generations as it was told",
        )
        await until(() => remains(desired).length === 0, "nothing is left half done")
      }),
    ),
  )

const terms: readonly [name: string, point: string][] = PUBLISH.map(({ name, what }) => [`${name}, ${what}`, name])
for (const [name, point] of terms)
  test(
    `SIGTERM of sync at ${name}: it finishes the publication and ends in order (fault 73)`,
    slow(30_000, () =>
      inBed(async ({ change, sync, faults, desired, seen }) => {
        const first = sync()
        for (const last of [1, 2]) {
          change(last)
          await published(first, last)
        }
        faults.set({ [point]: "term" })
        change(3)
        const status = await first.ended
        assert.ok(faults.reached().has(point))
        assert.is(status, 0, first.printed())
        assert.is(await seen(), "10.4.0.3 in 3")
        assert.equal(remains(desired), [])
        assert.is(readdirSync(join(desired, "generations")).length, 2)
        faults.set({})
        const second = sync()
        change(4)
        await published(second, 4)
        assert.is(await seen(), "10.4.0.4 in 4")
      }),
    ),
  )

function published({ lines }: Program, generation: number): Promise<void> {
  const is = (line: Program["lines"][number]) => line.event === "published" && line["generation"] === generation
  return until(() => lines.some(is), `sync says that generation ${generation} is published`)
}

test.run()
