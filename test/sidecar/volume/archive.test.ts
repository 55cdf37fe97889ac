import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as tar from "tar"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { openArchive, withinLimits } from "../../../src/sidecar/volume/archive.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"
import { writeGeneration, writeTree } from "../../support/volume.ts"

const NAME = "00000000000000000007-0123456789ab.tar.gz"

/** Packs a folder that somebody else filled, and unpacks it as the archive of a generation. */
async function unpacked(directory: string, fill: (root: string) => void): Promise<string> {
  const [foreign, state] = [join(directory, "foreign"), join(directory, "state")]
  writeTree(foreign, { "generation/vips/default/vips.yaml": "# ours\n", "keepalived.conf": "# ours\n" })
  mkdirSync(join(foreign, "generation/services/default"), { recursive: true })
  fill(foreign)
  const archive = await openArchive(state)
  const file = join(state, "archive", NAME)
  await tar.create({ file, cwd: foreign, gzip: true, preservePaths: true, follow: false }, readdirSync(foreign))
  return archive.unpack(NAME)
}

const FOREIGN: Readonly<Record<string, (root: string) => void>> = {
  "a link in the place of a file": (root) => symlinkSync("/etc/passwd", join(root, "generation/nodes.json")),
  "a link in the place of a directory": (root) => symlinkSync("/etc", join(root, "generation/services/kube-system")),
  "names that are none of ours": (root) =>
    writeTree(root, {
      "pin.json": "{}",
      "generation/run": "#!/bin/sh\n",
      "generation/services/a.json": "x",
      "generation/.x": "x",
    }),
  "a file of 2 MB": (root) => {
    writeFileSync(join(root, "generation/nodes.json"), "")
    truncateSync(join(root, "generation/nodes.json"), 2e6)
  },
}
for (const [what, fill] of Object.entries(FOREIGN))
  test(`openArchive() unpacks what is ours, and not ${what}`, () =>
    withTemporaryDirectory(async (directory) => {
      const generation = await unpacked(directory, fill)
      const files = readdirSync(join(generation, ".."), { recursive: true, encoding: "utf8" })
        .filter((name) => !statSync(join(generation, "..", name)).isDirectory())
        .toSorted()
      assert.equal(files, ["generation/vips/default/vips.yaml", "keepalived.conf"])
      assert.is(readFileSync(join(generation, "vips/default/vips.yaml"), "utf8"), "# ours\n")
    }))

test("openArchive() unpacks nothing outside of its directory", () =>
  withTemporaryDirectory(async (directory) => {
    const state = join(directory, "state")
    const archive = await openArchive(state)
    writeTree(directory, { "vips/default/vips.yaml": "# theirs\n", "work/x": "" })
    const words = ["../vips/default/vips.yaml", join(directory, "vips/default/vips.yaml")]
    const file = join(state, "archive", NAME)
    await tar.create({ file, cwd: join(directory, "work"), gzip: true, preservePaths: true }, words)
    const generation: unknown = await archive.unpack(NAME).catch((error: unknown) => error)
    assert.ok(generation !== undefined)
    const names = readdirSync(state, { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith("vips/default/vips.yaml"),
    )
    assert.equal(names, [])
    assert.is(readFileSync(join(directory, "vips/default/vips.yaml"), "utf8"), "# theirs\n")
  }))

for (const name of ["../../etc/x.tar.gz", "x.tar.gz", `${NAME}/..`, `a/${NAME}`])
  test(`openArchive() does not look for an archive called ${name}`, () =>
    withTemporaryDirectory(async (directory) => {
      const archive = await openArchive(directory)
      const fault: unknown = await archive.unpack(name).catch((error: unknown) => error)
      assert.match(String(fault), "not the name of an archive")
    }))

test("openArchive() lists the archives, oldest first, and reads the keepalived.conf of one", () =>
  withTemporaryDirectory(async (directory) => {
    await unpacked(directory, () => {})
    const state = join(directory, "state")
    writeTree(join(state, "archive"), { "00000000000000000003-0123456789ab.tar.gz": "broken", "notes.txt": "" })
    const archive = await openArchive(state)
    const found = await archive.list()
    assert.equal(
      found.map(({ sequence }) => sequence),
      [3, 7],
    )
    assert.ok(found.every(({ time }) => Math.abs(Date.parse(time) - Date.now()) < 60_000))
    assert.is(await archive.config(NAME), "# ours\n")
    assert.is(await archive.config("00000000000000000004-0123456789ab.tar.gz"), null)
    assert.is(await archive.config("../last-known-good"), null)
    const broken: unknown = await archive.config(found[0]?.name ?? "").catch((error: unknown) => error)
    assert.ok(broken instanceof Error)
  }))

test("withinLimits() has removed what is beyond the limits when an addition is done", () =>
  withTemporaryDirectory(async (directory) => {
    const archive = withinLimits(await openArchive(join(directory, "state")), { count: 2, bytes: 1e9 })
    for (const sequence of [1, 2, 3]) {
      const made = writeGeneration(join(directory, "generations"), sequence, {
        "vips/default/vips.yaml": `# ${sequence}\n`,
      })
      await archive.add({ ...made, config: "# none\n", outcome: outcomeOf(sequence, made.name) })
    }
    const kept = readdirSync(join(directory, "state/archive")).map((name) => Number(name.slice(0, 20)))
    assert.equal(new Set(kept), new Set([2, 3]))
  }))

const outcomeOf = (sequence: number, generation: string) => ({
  ...{ sequence, generation, time: "2026-11-22T10:00:00.000Z", outcome: "applied" as const, reason: null, node: "n1" },
  ...{ interfaces: ["eth0"], keepalivedVersion: null, configSha256: "a".repeat(64), vips: [], problems: [] },
  ...{ virtualServers: 0, realServers: 0 },
})

test.run()
