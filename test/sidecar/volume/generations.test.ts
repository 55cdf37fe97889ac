import { spawn } from "node:child_process"
import { once } from "node:events"
import { cpSync, readdirSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { createGenerationReader } from "../../../src/sidecar/volume/generation-reader.ts"
import { createGenerations, readDirectory } from "../../../src/sidecar/volume/generations.ts"
import { nodeText, vipsText } from "../../support/manifests.ts"
import { slow } from "../../support/slow.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"
import { publicationOf, publisherOf } from "../../support/volume.ts"
import { check, first, generationOf, point, pointerOf, second } from "./published.ts"

check("createGenerations() reads what was published", async ({ generations, directory, path }) => {
  const generation = generationOf(await generations.read())
  assert.is(generation.sequence, 1)
  assert.is(generation.path, path)
  assert.is(generation.manifestSha256, pointerOf(directory).manifestSha256)
  assert.equal([...generation.objects.services.keys()], ["default/echo", "default/other"])
  const place = generation.objects.configMaps.get("default/vips")?.keyPlaces.get("10.4.0.51")
  assert.equal(place, { file: "vips/default/vips.yaml", line: 8, column: 3 })
})

test("createGenerations() gives absent in an empty volume, and without one", () =>
  withTemporaryDirectory(async (directory) => {
    for (const path of [directory, join(directory, "none")]) {
      assert.equal(await createGenerations({ directory: path, alarm: () => {} }).read(), { kind: "absent" })
    }
  }))

check("createGenerations() reads nothing twice", async ({ generations, directory, path }) => {
  const before = generationOf(await generations.read())
  // Whoever reads the files again now would fail.
  rmSync(path, { recursive: true })
  assert.is(generationOf(await generations.read()), before)
  assert.ok(directory.length > 0)
})

check("createGenerations() reads only the files that changed, and keeps the objects of the others", async (volume) => {
  const before = generationOf(await volume.generations.read())
  const next = await publisherOf(volume.directory, 1).publish(second)
  const path = join(volume.directory, "generations", next.directory)
  // An unchanged file is not read: its content does not matter any more.
  unlinkSync(join(path, "services/default/other.json"))
  const after = generationOf(await volume.generations.read())
  assert.is(after.sequence, 2)
  assert.is(after.objects.services.get("default/other"), before.objects.services.get("default/other"))
  assert.is(after.objects.nodes, before.objects.nodes)
  const [slice] = after.objects.services.get("default/echo")?.slices ?? []
  assert.equal(slice?.object.endpoints[0]?.addresses, ["10.2.0.2"])
})

check("createGenerations() forgets what the newest generation does not use", async ({ generations, directory }) => {
  await generations.read()
  const publisher = publisherOf(directory, 1)
  await publisher.publish(publicationOf(vipsText(), nodeText("n1", "10.4.0.3")))
  await generations.read()
  const { directory: name } = await publisher.publish(first)
  unlinkSync(join(directory, "generations", name, "services/default/other.json"))
  assert.is((await generations.read()).kind, "torn")
})

check(
  "createGenerations() refuses an older sequence of the same writer, and other content under one number (faults 10, 11)",
  async (volume) => {
    const { directory, generations, alarms } = volume
    const publisher = publisherOf(directory, 1)
    const old = readFileSync(join(directory, "current.json"))
    await publisher.publish(second)
    await generations.read()
    const newest = readFileSync(join(directory, "current.json"))
    writeFileSync(join(directory, "current.json"), old)
    assert.is((await generations.read()).kind, "refused")
    writeFileSync(join(directory, "current.json"), newest)
    point(directory, { manifestSha256: "0".repeat(64) })
    assert.is((await generations.read()).kind, "refused")
    writeFileSync(join(directory, "current.json"), newest)
    assert.is(generationOf(await generations.read()).sequence, 2)
    assert.equal(alarms, [])
  },
)

check(
  "createGenerations() follows a new writer that counts anew, with one alarm (fault 10)",
  async ({ directory, generations, alarms }) => {
    await publisherOf(directory, 1).publish(second)
    assert.is(generationOf(await generations.read()).sequence, 2)
    for (const name of readdirSync(directory)) rmSync(join(directory, name), { recursive: true })
    await publisherOf(directory, 2).publish(first)
    assert.is(generationOf(await generations.read()).sequence, 1)
    await generations.read()
    assert.is(alarms.length, 1)
  },
)

check(
  "createGenerations() follows a writer that was restarted without an alarm",
  async ({ directory, generations, alarms }) => {
    await generations.read()
    await publisherOf(directory, 2).publish(second)
    assert.is(generationOf(await generations.read()).sequence, 2)
    assert.equal(alarms, [])
  },
)

check("createGenerations() says torn where retention took the generation, and reads the newer one", async (volume) => {
  const { directory, generations, path } = volume
  const away = join(directory, "away")
  renameSync(path, away)
  assert.is((await generations.read()).kind, "torn")
  await publisherOf(directory, 2).publish(second)
  assert.is(generationOf(await generations.read()).sequence, 2)
})

check(
  "createGenerations() reads the pointer again where retention came between it and the files (fault 9)",
  async (volume) => {
    const { directory, path } = volume
    const published = readFileSync(join(directory, "current.json"))
    await publisherOf(directory, 1).publish(second)
    const newer = readFileSync(join(directory, "current.json"))
    writeFileSync(join(directory, "current.json"), published)
    const read = createGenerationReader()
    const generations = createGenerations({
      directory,
      alarm: () => {},
      reader: (named, sha256) => {
        if (named === path) {
          rmSync(path, { recursive: true, force: true })
          writeFileSync(join(directory, "current.json"), newer)
        }
        return read(named, sha256)
      },
    })
    assert.is(generationOf(await generations.read()).sequence, 2)
  },
)

test(
  "createGenerations() never fails beside a writer that publishes and prunes as fast as it can (fault 9)",
  slow(30_000, () =>
    withTemporaryDirectory(async (directory) => {
      // Another process: one read is a single step of this one, and retention must come in between.
      const writer = spawn(process.execPath, [join(import.meta.dirname, "busy-writer.ts"), directory], {
        stdio: "inherit",
      })
      const ended = once(writer, "exit")
      const generations = createGenerations({ directory, alarm: () => {} })
      let last = 0
      while (writer.exitCode === null) {
        const reading = await generations.read()
        if (reading.kind !== "absent" || last > 0) {
          const { sequence } = generationOf(reading)
          assert.ok(sequence >= last)
          last = sequence
        }
        await new Promise((resolve) => setImmediate(resolve))
      }
      assert.equal(await ended, [0, null])
      assert.is(generationOf(await generations.read()).sequence, 80)
    }),
  ),
)

check("readDirectory() reads a generation by its path, wherever it is", async ({ directory, path }) => {
  const copy = join(directory, "unpacked")
  cpSync(path, copy, { recursive: true })
  const generation = generationOf(readDirectory(copy))
  assert.is(generation.sequence, 1)
  assert.is(join(directory, "generations", generation.name), path)
  writeFileSync(join(copy, "vips/default/vips.yaml"), vipsText())
  assert.is(readDirectory(copy).kind, "torn")
  unlinkSync(join(copy, "vips/default/vips.yaml"))
  assert.is(readDirectory(copy).kind, "absent")
  assert.is(readDirectory(join(directory, "none")).kind, "absent")
})

test.run()
