import { execFileSync, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import {
  contentSha256Of,
  decodeManifest,
  encodeManifest,
  type Manifest,
  sha256Of,
} from "../../../src/contract/manifest.ts"
import { decodePointer, encodePointer, type Pointer } from "../../../src/contract/pointer.ts"
import type { Generation, Generations, Reading } from "../../../src/sidecar/ports.ts"
import { createGenerationReader } from "../../../src/sidecar/volume/generation-reader.ts"
import { createGenerations, readDirectory } from "../../../src/sidecar/volume/generations.ts"
import { nodeText, serviceText, vipsText } from "../../support/manifests.ts"
import { slow } from "../../support/slow.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"
import { publicationOf, publisherOf } from "../../support/volume.ts"

const publication = (address: string) =>
  publicationOf(
    vipsText("10.4.0.50: default/echo", "10.4.0.51: default/other"),
    serviceText("other", ["10.2.1.1"]),
    serviceText("echo", [address]),
    nodeText("n1", "10.4.0.3"),
  )
const first = publication("10.2.0.1")
const second = publication("10.2.0.2")

interface Volume {
  readonly directory: string
  readonly generations: Generations
  readonly alarms: string[]
  /** Path of the generation published first. */
  readonly path: string
}

/** A volume with one generation that was not read yet. */
function check(name: string, body: (volume: Volume) => Promise<void>): void {
  test(name, () =>
    withTemporaryDirectory(async (directory) => {
      const published = await publisherOf(directory).publish(first)
      const alarms: string[] = []
      const generations = createGenerations({ directory, alarm: (reason) => void alarms.push(reason) })
      await body({ directory, generations, alarms, path: join(directory, "generations", published.directory) })
    }),
  )
}

function generationOf(reading: Reading): Generation {
  if (reading.kind === "generation") return reading.generation
  throw new Error(`Cannot go on: ${JSON.stringify(reading)}`)
}

function pointerOf(directory: string): Pointer {
  const decoded = decodePointer(readFileSync(join(directory, "current.json"), "utf8"))
  if (decoded.kind === "value") return decoded.value
  throw new Error("Cannot go on: there is no pointer")
}

function point(directory: string, change: Partial<Pointer>): void {
  writeFileSync(join(directory, "current.json"), encodePointer({ ...pointerOf(directory), ...change }))
}

/** Changes a manifest and everything that vouches for it, as a writer that means it would. */
function forge(directory: string, path: string, change: (manifest: Manifest) => Manifest): void {
  const decoded = decodeManifest(readFileSync(join(path, "manifest.json"), "utf8"))
  if (decoded.kind !== "value") throw new Error("Cannot go on: there is no manifest")
  const text = encodeManifest(change(decoded.value))
  writeFileSync(join(path, "manifest.json"), text)
  point(directory, { manifestSha256: sha256Of(text) })
}

check("createGenerations() reads what was published", async ({ generations, directory, path }) => {
  const generation = generationOf(await generations.read())
  assert.is(generation.sequence, 1)
  assert.is(generation.path, path)
  assert.is(generation.manifestSha256, pointerOf(directory).manifestSha256)
  assert.equal([...generation.objects.services.keys()], ["default/echo", "default/other"])
  const place = generation.objects.configMaps.get("default/vips")?.keyPlaces.get("10.4.0.51")
  assert.equal(place, { file: "vips.yaml", line: 8, column: 3 })
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
  unlinkSync(join(path, "services/default/other.yaml"))
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
  unlinkSync(join(directory, "generations", name, "services/default/other.yaml"))
  assert.is((await generations.read()).kind, "torn")
})

check(
  "createGenerations() holds while current.json is cut at any byte, and goes on when it is whole (fault 6)",
  async (volume) => {
    const pointer = join(volume.directory, "current.json")
    const text = readFileSync(pointer, "utf8")
    for (let end = 0; end < text.length - 1; end++) {
      writeFileSync(pointer, text.slice(0, end))
      assert.is((await volume.generations.read()).kind, "torn")
    }
    writeFileSync(pointer, text)
    assert.is((await volume.generations.read()).kind, "generation")
  },
)

check(
  "createGenerations() believes no file that is cut at any byte, and no other one of the same size (fault 8)",
  async (volume) => {
    for (const name of ["vips.yaml", "services/default/echo.yaml", "manifest.json"]) {
      const file = join(volume.path, name)
      const bytes = readFileSync(file)
      for (let end = 0; end < bytes.length; end++) {
        truncateSync(file, 0)
        writeFileSync(file, bytes.subarray(0, end))
        assert.is((await volume.generations.read()).kind, "torn", `${name} cut at ${end}`)
      }
      const other = Buffer.from(bytes)
      other[bytes.length - 2] = (other[bytes.length - 2] ?? 0) ^ 1
      writeFileSync(file, other)
      assert.is((await volume.generations.read()).kind, "torn", `${name} with a flipped bit`)
      writeFileSync(file, bytes)
    }
    assert.is((await volume.generations.read()).kind, "generation")
  },
)

const garbage: readonly [what: string, kind: Reading["kind"], make: (pointer: string) => void][] = [
  ["a symlink", "refused", (pointer) => symlinkSync("/etc/passwd", pointer)],
  ["a fifo", "refused", (pointer) => void execFileSync("mkfifo", [pointer])],
  ["a directory", "refused", (pointer) => mkdirSync(pointer)],
  ["100 MB long", "refused", (pointer) => void execFileSync("truncate", ["-s", "100M", pointer])],
  ["garbage", "torn", (pointer) => writeFileSync(pointer, "\0\0\0")],
  ["of another schema", "refused", (pointer) => writeFileSync(pointer, '{"schema": 2}')],
  ["no pointer at all", "refused", (pointer) => writeFileSync(pointer, "[]")],
  ["empty", "torn", (pointer) => writeFileSync(pointer, "")],
  ["a socket", "refused", (pointer) => void spawnSync(process.execPath, ["-e", LEAVE_SOCKET, pointer])],
]
/** A socket's name outlives a process that is killed. */
const LEAVE_SOCKET = 'require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))'

for (const [what, kind, make] of garbage) {
  check(`createGenerations() holds where current.json is ${what} (faults 5, 6)`, async ({ directory, generations }) => {
    const pointer = join(directory, "current.json")
    const text = readFileSync(pointer)
    rmSync(pointer)
    make(pointer)
    assert.is((await generations.read()).kind, kind)
    rmSync(pointer, { recursive: true })
    writeFileSync(pointer, text)
    assert.is((await generations.read()).kind, "generation")
  })
}

check(
  "createGenerations() reads nothing that a symlink leads to (fault 5)",
  async ({ directory, generations, path }) => {
    const away = join(directory, "away")
    for (const name of [
      path,
      join(path, "services"),
      join(path, "services/default"),
      join(path, "vips.yaml"),
      join(path, "manifest.json"),
    ]) {
      renameSync(name, away)
      symlinkSync(away, name)
      assert.is((await generations.read()).kind, "refused", name)
      rmSync(name)
      renameSync(away, name)
    }
    renameSync(join(directory, "generations"), away)
    symlinkSync(away, join(directory, "generations"))
    assert.is((await generations.read()).kind, "refused")
  },
)

const strangeNames: readonly [what: string, name: string][] = [
  ["with dots", "../../etc"],
  ["absolute", "/etc"],
  ["with a NUL", `${"0".repeat(19)}1-0123456789ab\0`],
  ["5,000 long", "x".repeat(5_000)],
  ["within another directory", "a/../../../etc"],
]
for (const [what, name] of strangeNames)
  check(`createGenerations() holds where the pointer names a directory ${what} (fault 5)`, async (volume) => {
    const { directory, generations } = volume
    const before = readFileSync(join(directory, "current.json"))
    point(directory, { directory: name })
    const reading = await generations.read()
    assert.is(reading.kind, "refused", JSON.stringify(reading))
    writeFileSync(join(directory, "current.json"), before)
    assert.is((await generations.read()).kind, "generation")
  })

const dressed: readonly [what: string, change: (text: string) => string][] = [
  ["a byte order mark", (text) => `\uFEFF${text}`],
  ["CRLF", (text) => text.replaceAll("\n", "\r\n")],
]
for (const [what, change] of dressed)
  check(`createGenerations() takes a pointer with ${what} whole or not at all (fault 6)`, async (volume) => {
    const pointer = join(volume.directory, "current.json")
    const text = readFileSync(pointer, "utf8")
    writeFileSync(pointer, change(text))
    const reading = await volume.generations.read()
    // JSON knows CR as a blank, and knows no byte order mark.
    assert.is(reading.kind, what === "CRLF" ? "generation" : "torn")
    writeFileSync(pointer, text)
    assert.is((await volume.generations.read()).kind, "generation")
  })

check("createGenerations() refuses forged manifests", async ({ directory, generations, path }) => {
  const original = readFileSync(join(path, "manifest.json"))
  const restore = () => {
    writeFileSync(join(path, "manifest.json"), original)
    point(directory, { manifestSha256: sha256Of(original) })
  }
  const forgeries: readonly ((manifest: Manifest) => Manifest)[] = [
    (manifest) => ({ ...manifest, files: [...manifest.files, { name: "../x.yaml", size: 1, sha256: "0".repeat(64) }] }),
    (manifest) => ({ ...manifest, files: manifest.files.slice(1) }),
    (manifest) => ({ ...manifest, sequence: 7 }),
    // Still the name of the directory, and not the checksum of the files.
    (manifest) => ({ ...manifest, contentSha256: manifest.contentSha256.slice(0, 12).padEnd(64, "0") }),
    (manifest) => ({ ...manifest, counts: { ...manifest.counts, files: 1 } }),
    (manifest) => {
      const files = [...manifest.files, ...manifest.files]
      return { ...manifest, files, counts: { ...manifest.counts, files: files.length } }
    },
  ]
  for (const [index, forgery] of forgeries.entries()) {
    forge(directory, path, forgery)
    assert.is((await generations.read()).kind, "refused", `forgery ${index}`)
    restore()
  }
  assert.is((await generations.read()).kind, "generation")
})

check("readDirectory() refuses a manifest that names a file twice", async ({ directory, path }) => {
  forge(directory, path, (manifest) => {
    const files = manifest.files.flatMap((file) => [file, file])
    return {
      ...manifest,
      files,
      contentSha256: contentSha256Of(files),
      counts: { ...manifest.counts, files: files.length },
    }
  })
  assert.is(readDirectory(path).kind, "refused")
})

check(
  "createGenerations() refuses files with problems, whoever vouches for them (fault 8)",
  async ({ directory, path }) => {
    const file = join(path, "vips.yaml")
    const text = readFileSync(file, "utf8")
    // Every cut of the file, with the checksums of the cut: it parses or it is refused, and nothing throws.
    for (let end = 0; end < text.length; end++) {
      const cut = text.slice(0, end)
      writeFileSync(file, cut)
      const target = join(directory, "generations")
      forge(directory, path, (manifest) => {
        const files = manifest.files.map((one) =>
          one.name === "vips.yaml" ? { ...one, size: end, sha256: sha256Of(cut) } : one,
        )
        return { ...manifest, files, contentSha256: contentSha256Of(files) }
      })
      const reading = await createGenerations({ directory, alarm: () => {} }).read()
      assert.ok(reading.kind === "refused", `cut at ${end} in ${target}`)
    }
  },
)

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

check("readDirectory() reads a generation by its path, wherever it stands", async ({ directory, path }) => {
  const copy = join(directory, "unpacked")
  cpSync(path, copy, { recursive: true })
  const generation = generationOf(readDirectory(copy))
  assert.is(generation.sequence, 1)
  assert.is(join(directory, "generations", generation.name), path)
  writeFileSync(join(copy, "vips.yaml"), vipsText())
  assert.is(readDirectory(copy).kind, "torn")
  unlinkSync(join(copy, "vips.yaml"))
  assert.is(readDirectory(copy).kind, "absent")
  assert.is(readDirectory(join(directory, "none")).kind, "absent")
})

test.run()
