import { renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { createGenerations } from "../../../src/sidecar/volume/generations.ts"
import type { Publisher } from "../../../src/sync/ports.ts"
import { createInspection } from "../../../src/sync/volume/inspection.ts"
import { openVolume } from "../../../src/sync/volume/published.ts"
import { nodeText, serviceText, vipsText } from "../../support/manifests.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"
import { publicationOf, publisherOf } from "../../support/volume.ts"

const publication = publicationOf(
  vipsText("10.4.0.50: default/echo"),
  serviceText("echo", ["10.2.0.1"]),
  nodeText("n1", "10.4.0.3"),
)

/** What is done to the volume; `root` is the directory of the current generation. */
const damages: readonly (readonly [what: string, act: (root: string, volume: string) => void, said: RegExp])[] = [
  [
    "a byte of a Service is another",
    (root) => flip(join(root, ECHO)),
    /^services\/default\/echo\.json has the checksum /,
  ],
  [
    "a byte of the ConfigMap is another",
    (root) => flip(join(root, "vips/default/vips.yaml")),
    /^vips\/default\/vips\.yaml has the checksum /,
  ],
  ["the Nodes are cut short", (root) => truncateSync(join(root, "nodes.json"), 10), /^nodes\.json has the checksum /],
  ["a file is missing", (root) => rmSync(join(root, ECHO)), /^services\/default\/echo\.json is missing/],
  [
    "the manifest is empty",
    (root) => truncateSync(join(root, "manifest.json"), 0),
    /^manifest\.json has the checksum /,
  ],
  [
    "a file is a link",
    (root) => {
      rmSync(join(root, ECHO))
      symlinkSync("/etc/hostname", join(root, ECHO))
    },
    /^services\/default\/echo\.json: it is a symbolic link/,
  ],
  [
    "a directory is a link",
    (root) => {
      renameSync(join(root, "services"), join(root, "other"))
      symlinkSync("other", join(root, "services"))
    },
    /^services is not a directory/,
  ],
  ["the generation is gone", (root) => rmSync(root, { recursive: true }), /the directory is missing/],
  ["all generations are gone", (root) => rmSync(dirname(root), { recursive: true }), /the directory is missing/],
  ["the pointer is gone", (_, volume) => rmSync(join(volume, "current.json")), /^current\.json: it is missing/],
  [
    "the pointer is another",
    (_, volume) => writeFileSync(join(volume, "current.json"), "{}"),
    /^current\.json is not /,
  ],
]
const ECHO = "services/default/echo.json"

function flip(path: string): void {
  const text = Buffer.from("\0")
  writeFileSync(path, text, { flag: "r+" })
}

for (const [what, act, said] of damages)
  test(`inspect() finds that ${what}, and mend() publishes it again under a new sequence (fault 242)`, () =>
    withTemporaryDirectory(async (volume) => {
      const publisher = publisherOf(volume)
      const { directory } = await publisher.publish(publication)
      act(join(volume, "generations", directory), volume)
      assert.match(await found(publisher), said)
      assert.is((await publisher.mend())?.sequence, 2)
      assert.is(publisher.damage(), null)
      const reading = await createGenerations({ directory: volume, alarm: () => {} }).read()
      assert.is(reading.kind === "generation" ? reading.generation.sequence : reading.kind, 2)
    }))

/** What is found within the looks that a whole round takes. */
async function found(publisher: Publisher): Promise<string> {
  for (let look = 0; look < 20; look++) {
    const damage = publisher.inspect()
    if (damage !== null) return damage
  }
  return "nothing"
}

test("mend() counts further than whoever wrote over the pointer (fault 242)", () =>
  withTemporaryDirectory(async (volume) => {
    const publisher = publisherOf(volume)
    await publisher.publish(publication)
    const other = publisherOf(volume, 2)
    for (let round = 0; round < 3; round++) await other.publish(publication)
    assert.match(await found(publisher), /^current\.json is not what was published/)
    assert.is((await publisher.mend())?.sequence, 5)
  }))

test("mend() leaves what is whole, and what this life has not published", () =>
  withTemporaryDirectory(async (volume) => {
    const publisher = publisherOf(volume)
    const { directory } = await publisher.publish(publication)
    assert.is(await found(publisher), "nothing")
    assert.is((await publisher.mend())?.sequence, 1)
    const next = publisherOf(volume, 2)
    flip(join(volume, "generations", directory, ECHO))
    assert.match(await found(next), /echo\.json has the checksum/)
    assert.is((await next.mend())?.sequence, 1)
    assert.is.not(next.damage(), null)
  }))

test("createInspection() looks at a part at a time, rests after each round, and begins again (fault 242)", () =>
  withTemporaryDirectory(async (volume) => {
    const services = Array.from({ length: 100 }, (_, at) => serviceText(`s${at}`, ["10.2.0.1"]))
    const keys = services.map((_, at) => `10.4.1.${at}: default/s${at}`)
    const { directory } = await publisherOf(volume).publish(publicationOf(vipsText(...keys), ...services))
    const { published } = openVolume(volume)
    let time = 0
    // Each question for the time takes a ms: so each look has ten checks.
    const inspectNext = createInspection({ directory: volume, current: () => published, now: () => ++time })
    flip(join(volume, "generations", directory, "vips/default/vips.yaml"))
    let looks = 1
    while (inspectNext() === null) looks++
    assert.ok(looks > 5 && looks < 20, `${looks} looks`)
    assert.is(inspectNext(), null)
    assert.is(inspectNext(), null)
    time += 10_000
    looks = 1
    while (inspectNext() === null) looks++
    assert.ok(looks > 5 && looks < 20, `${looks} looks in the second round`)
  }))

test.run()
