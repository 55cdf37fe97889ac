import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { createGenerations } from "../../../src/sidecar/volume/generations.ts"
import { nodeText, serviceText, vipsText } from "../../support/manifests.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"
import { publicationOf, publisherOf } from "../../support/volume.ts"

const vips = vipsText("10.4.0.50: default/echo", "10.4.0.51: default/other")
const other = serviceText("other", ["10.2.1.1"])
const publication = (address: string) =>
  publicationOf(vips, other, serviceText("echo", [address]), nodeText("n1", "10.4.0.3"))
const first = publication("10.2.0.1")
const second = publication("10.2.0.2")

async function sequenceRead(directory: string): Promise<number | string> {
  const reading = await createGenerations({ directory, alarm: () => {} }).read()
  return reading.kind === "generation" ? reading.generation.sequence : reading.kind
}

test("createPublisher() publishes a generation that its reader believes", () =>
  withTemporaryDirectory(async (directory) => {
    const publisher = publisherOf(directory)
    assert.is(publisher.current(), null)
    const published = await publisher.publish(first)
    assert.is(published.sequence, 1)
    assert.match(published.directory, /^0{19}1-[0-9a-f]{12}$/)
    assert.is(await sequenceRead(directory), 1)
    assert.equal(readdirSync(directory).sort(), ["current.json", "generations"])
    assert.equal(readdirSync(join(directory, "generations", published.directory)).sort(), [
      "manifest.json",
      "nodes.json",
      "services",
      "vips",
    ])
  }))

test("createPublisher() links the files that did not change, and writes the others", () =>
  withTemporaryDirectory(async (directory) => {
    const publisher = publisherOf(directory)
    const inode = (generation: string, file: string) => statSync(join(directory, "generations", generation, file)).ino
    const one = (await publisher.publish(first)).directory
    const two = (await publisher.publish(second)).directory
    assert.is(inode(one, "services/default/other.json"), inode(two, "services/default/other.json"))
    assert.is(inode(one, "vips/default/vips.yaml"), inode(two, "vips/default/vips.yaml"))
    assert.is.not(inode(one, "services/default/echo.json"), inode(two, "services/default/echo.json"))
  }))

test("createPublisher() writes what it cannot link", () =>
  withTemporaryDirectory(async (directory) => {
    const publisher = publisherOf(directory)
    const { directory: one } = await publisher.publish(first)
    rmSync(join(directory, "generations", one), { recursive: true })
    await publisher.publish(second)
    assert.is(await sequenceRead(directory), 2)
  }))

test("createPublisher() writes anew what somebody cut short in the generation before", () =>
  withTemporaryDirectory(async (directory) => {
    const publisher = publisherOf(directory)
    const { directory: one } = await publisher.publish(first)
    truncateSync(join(directory, "generations", one, "nodes.json"), 10)
    await publisher.publish(second)
    assert.is(await sequenceRead(directory), 2)
  }))

/** Changes one byte of a file, which keeps its size, its inode and, where asked, its time. */
function flip(path: string, keepTime = false): void {
  const { atime, mtime } = statSync(path)
  const descriptor = openSync(path, "r+")
  const byte = Buffer.alloc(1)
  readSync(descriptor, byte, 0, 1, 20)
  writeSync(descriptor, Buffer.from([byte[0]! ^ 1]), 0, 1, 20)
  closeSync(descriptor)
  if (keepTime) utimesSync(path, atime, mtime)
}

for (const keepTime of [false, true])
  for (const name of ["nodes.json", "vips/default/vips.yaml", "services/default/other.json"])
    test(`createPublisher() writes again ${name} that has another byte, ${keepTime ? "and its old time, " : ""}in the generation before (fault 241)`, () =>
      withTemporaryDirectory(async (directory) => {
        const publisher = publisherOf(directory)
        const { directory: one } = await publisher.publish(first)
        flip(join(directory, "generations", one, name), keepTime)
        await publisher.publish(second)
        assert.is(await sequenceRead(directory), 2)
      }))

test("createPublisher() writes again what is a link by now in the generation before (fault 241)", () =>
  withTemporaryDirectory(async (directory) => {
    const publisher = publisherOf(directory)
    const { directory: one } = await publisher.publish(first)
    const path = join(directory, "generations", one, "nodes.json")
    writeFileSync(join(directory, "elsewhere"), readFileSync(path))
    rmSync(path)
    symlinkSync(join(directory, "elsewhere"), path)
    await publisher.publish(second)
    assert.is(await sequenceRead(directory), 2)
  }))

test("createPublisher() keeps as many generations as asked, the current one always", () =>
  withTemporaryDirectory(async (directory) => {
    for (const retain of [3, 1]) {
      const publisher = publisherOf(directory, 1, retain)
      for (let round = 0; round < 5; round++) await publisher.publish(round % 2 === 0 ? second : first)
      const names = readdirSync(join(directory, "generations"))
      assert.is(names.length, retain)
      assert.ok(names.includes(publisher.current()?.directory ?? ""))
    }
  }))

test("createPublisher() reads back what an earlier life published, and counts on", () =>
  withTemporaryDirectory(async (directory) => {
    await publisherOf(directory, 1).publish(first)
    const next = publisherOf(directory, 2)
    assert.is(next.current()?.contentSha256, first.contentSha256)
    assert.is((await next.publish(second)).sequence, 2)
  }))

test("createPublisher() does not take over a generation of which a byte is wrong", () =>
  withTemporaryDirectory(async (directory) => {
    const { directory: name } = await publisherOf(directory).publish(first)
    const file = join(directory, "generations", name, "services/default/other.json")
    writeFileSync(file, readFileSync(file, "utf8").replace("10.2.1.1", "10.2.1.2"))
    const next = publisherOf(directory, 2)
    assert.is(next.current(), null)
    await next.publish(second)
    assert.is(await sequenceRead(directory), 2)
  }))

/** What a kill -9 leaves behind after each step, made by hand on a volume with one generation. */
const crashes: readonly [step: string, make: (directory: string) => void, nextSequence: number][] = [
  ["P1, an empty directory aside", (directory) => mkdirSync(join(directory, "generations/.tmp-2-abcdef")), 2],
  [
    "P2 and P3, half of the files",
    (directory) => {
      mkdirSync(join(directory, "generations/.tmp-2-abcdef/services/default"), { recursive: true })
      writeFileSync(join(directory, "generations/.tmp-2-abcdef/services/default/echo.json"), "apiVer")
    },
    2,
  ],
  [
    "P4, a generation that nobody points to",
    (directory) => mkdirSync(join(directory, "generations", `${"2".padStart(20, "0")}-0123456789ab`)),
    3,
  ],
  [
    "P5, a pointer under its temporary name",
    (directory) => writeFileSync(join(directory, ".current.json.abcdef"), "{"),
    2,
  ],
  [
    "P7, half of an old generation",
    (directory) =>
      mkdirSync(join(directory, `generations/.trash-${"1".padStart(20, "0")}-0123456789ab/services`), {
        recursive: true,
      }),
    2,
  ],
]
for (const [step, make, nextSequence] of crashes) {
  test(`createPublisher() goes on after a crash in ${step}`, () =>
    withTemporaryDirectory(async (directory) => {
      await publisherOf(directory, 1).publish(first)
      make(directory)
      assert.is(await sequenceRead(directory), 1, "the reader keeps the current generation")
      const next = publisherOf(directory, 2)
      assert.is(next.current()?.sequence, 1)
      assert.is((await next.publish(second)).sequence, nextSequence)
      assert.is(await sequenceRead(directory), nextSequence)
      const left = [...readdirSync(directory), ...readdirSync(join(directory, "generations"))]
      assert.equal(
        left.filter((name) => name.startsWith(".")),
        [],
      )
    }))
}

test("createPublisher() counts on from the names of generations where the pointer is lost", () =>
  withTemporaryDirectory(async (directory) => {
    const publisher = publisherOf(directory)
    for (const next of [first, second, first]) await publisher.publish(next)
    for (const ruin of ["", "{", '{"schema": 3}']) {
      writeFileSync(join(directory, "current.json"), ruin)
      const again = publisherOf(directory, 2)
      assert.is(again.current(), null)
    }
    assert.is((await publisherOf(directory, 2).publish(second)).sequence, 4)
  }))

test("createPublisher() counts on from the status where all else is lost", () =>
  withTemporaryDirectory(async (directory) => {
    const status = `schema: 2\nstate: held\nsince: now\nsource: dir\nsequence: 41\ndirectory: null\nproblems: []\n`
    writeFileSync(join(directory, "status.yaml"), status)
    assert.is((await publisherOf(directory).publish(first)).sequence, 42)
  }))

test("createPublisher() leaves the current generation when it cannot publish, and no half one", () =>
  withTemporaryDirectory(async (directory) => {
    const publisher = publisherOf(directory)
    await publisher.publish(first)
    // A directory cannot be replaced by a file: the commit itself fails, whoever runs the test.
    rmSync(join(directory, "current.json"))
    mkdirSync(join(directory, "current.json/x"), { recursive: true })
    const error = await publisher.publish(second).catch((error: unknown) => error)
    assert.match(error instanceof Error ? error.message : "", /^Cannot publish the generation/)
    assert.is(publisher.current()?.sequence, 1)
    assert.not(readdirSync(join(directory, "generations")).some((name) => name.startsWith(".tmp-")))
    rmSync(join(directory, "current.json"), { recursive: true })
    const again = await publisher.publish(second)
    assert.is(again.sequence, 3)
    assert.is(await sequenceRead(directory), 3)
  }))

test("createPublisher() reads no file through a symlink that somebody put there", () =>
  withTemporaryDirectory(async (directory) => {
    const { directory: name } = await publisherOf(directory).publish(first)
    const file = join(directory, "generations", name, "vips/default/vips.yaml")
    const copy = join(directory, "copy")
    writeFileSync(copy, readFileSync(file))
    rmSync(file)
    symlinkSync(copy, file)
    assert.is(publisherOf(directory, 2).current(), null)
    assert.ok(existsSync(copy))
  }))

test.run()
