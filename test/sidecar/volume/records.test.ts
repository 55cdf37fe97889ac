import { execFileSync } from "node:child_process"
import { renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs"
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import * as tar from "tar"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { vipsOf } from "../../../src/core/model/keepalived-model.ts"
import { openArchive } from "../../../src/sidecar/volume/archive.ts"
import { openAppliedVolume } from "../../../src/sidecar/volume/config-files.ts"
import { openLedger } from "../../../src/sidecar/volume/ledger.ts"
import { openLastKnownGood } from "../../../src/sidecar/volume/last-known-good.ts"
import {
  encodeAppliedRecord,
  readAppliedRecord,
  type AppliedRecord,
} from "../../../src/sidecar/volume/applied-record.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"
import { writeGeneration } from "../../support/volume.ts"
import { modelOf, renderedOf } from "../scripted.ts"

const one = renderedOf("10.4.0.50")
const two = renderedOf("10.4.0.50", "10.4.0.51")
const noBackup = () => Promise.resolve(null)

test("openAppliedVolume() makes a candidate live by a name of its own bytes", () =>
  withTemporaryDirectory(async (directory) => {
    const volume = await openAppliedVolume(directory, noBackup)
    assert.is(await volume.liveSha256(), null)
    for (const rendered of [one, two, one, one]) {
      await volume.writeCandidate(rendered.sha256, rendered.text)
      await volume.makeLive(rendered.sha256)
      assert.is(await volume.liveSha256(), rendered.sha256)
      assert.is(await readFile(join(directory, "keepalived.conf"), "utf8"), rendered.text)
    }
    assert.equal(
      (await readdir(directory)).filter((name) => name.startsWith(".")),
      [],
    )
  }))

test("openAppliedVolume() does not trust a candidate that a crash left short", () =>
  withTemporaryDirectory(async (directory) => {
    const volume = await openAppliedVolume(directory, noBackup)
    await writeFile(join(directory, "candidates", `${one.sha256}.conf`), one.text.slice(0, 40))
    assert.is(volume.candidate(one.sha256), null)
    assert.is(await readFile(await volume.writeCandidate(one.sha256, one.text), "utf8"), one.text)
  }))

test("openAppliedVolume() brings a lost candidate back from the last known good one, or says that it cannot", () =>
  withTemporaryDirectory(async (directory) => {
    const volume = await openAppliedVolume(directory, (sha256) =>
      Promise.resolve(sha256 === one.sha256 ? one.text : null),
    )
    await volume.restoreCandidate(one.sha256)
    assert.is(volume.candidate(one.sha256), one.text)
    const fault: unknown = await volume.restoreCandidate(two.sha256).catch((error: unknown) => error)
    assert.match(String(fault), "is gone")
  }))

test("openAppliedVolume() reads a journal back, and takes a torn one for none", () =>
  withTemporaryDirectory(async (directory) => {
    const volume = await openAppliedVolume(directory, noBackup)
    assert.is(await volume.journal(), null)
    await volume.writeJournal({ phase: "swap", from: null, to: one.sha256 })
    assert.equal(await volume.journal(), { phase: "swap", from: null, to: one.sha256 })
    const text = await readFile(join(directory, "journal.json"), "utf8")
    for (let length = 0; length < text.length - 1; length += 7) {
      await writeFile(join(directory, "journal.json"), text.slice(0, length))
      assert.is(await volume.journal(), null)
    }
  }))

test("openAppliedVolume() claims before, settles after, and remembers over a restart", () =>
  withTemporaryDirectory(async (directory) => {
    const first = await openAppliedVolume(directory, noBackup)
    await first.claim(modelOf("10.4.0.50"))
    await first.claim(modelOf("10.4.0.51"))
    const second = await openAppliedVolume(directory, noBackup)
    assert.equal([...(await second.ledger()).vips].toSorted(), ["10.4.0.50", "10.4.0.51", "169.254.50.1"])
    await second.settle(modelOf("10.4.0.51"))
    const third = await openAppliedVolume(directory, noBackup)
    assert.equal([...(await third.ledger()).vips].toSorted(), ["10.4.0.51", "169.254.50.1"])
  }))

test("openLedger() finds what a pod left that is gone, and nothing of another boot (fault 211)", () =>
  withTemporaryDirectory(async (directory) => {
    const [file, copy] = [join(directory, "ledger.json"), join(directory, "copy.json")]
    const failed = () => assert.unreachable()
    const of = (boot: string) => openLedger(file, { boot, copy, failed })
    const first = of("one")
    assert.is((await first.ledger()).isLost, true)
    await first.claim(modelOf("10.4.0.50"))
    await first.idle()
    for (const spoil of [() => truncateSync(file, 40), () => rmSync(file)]) {
      spoil()
      const { additions, isLost } = await of("one").ledger()
      assert.equal([[...additions], isLost], [["10.4.0.50 eth0", "169.254.50.1 eth0"], false])
    }
    assert.is((await of("two").ledger()).isLost, true)
  }))

test("openAppliedVolume() keeps the candidates that are needed", () =>
  withTemporaryDirectory(async (directory) => {
    const volume = await openAppliedVolume(directory, noBackup)
    for (const rendered of [one, two]) await volume.writeCandidate(rendered.sha256, rendered.text)
    await volume.retain(new Set([two.sha256]))
    assert.equal(await readdir(join(directory, "candidates")), [`${two.sha256}.conf`])
  }))

const remembered = (rendered: typeof one): AppliedRecord => ({
  sha256: rendered.sha256,
  model: rendered.model,
  lastGood: new Map(vipsOf(rendered.model).map((vip) => [vip.id, { text: "", vip }])),
  generation: { sequence: 7, name: "00000000000000000007-0123456789ab" },
  past: {
    model: rendered.model,
    nodeCount: 2,
    announced: new Set(["10.4.0.50", "10.4.0.51"]),
    nodes: new Map([["n1", "10.4.0.3"]]),
  },
})

test("encodeRemembered() comes back as it was", () =>
  withTemporaryDirectory(async (directory) => {
    const file = join(directory, "applied.json")
    await writeFile(file, encodeAppliedRecord(remembered(two)))
    assert.equal(readAppliedRecord(file), remembered(two))
    await writeFile(file, encodeAppliedRecord(remembered(two)).slice(0, -20))
    assert.is(readAppliedRecord(file), null)
  }))

test("openLastKnownGood() has the newest that is whole, over a restart, and keeps two (fault 38)", () =>
  withTemporaryDirectory(async (directory) => {
    const first = await openLastKnownGood(directory)
    assert.is(first.read(), null)
    for (const rendered of [two, one, two]) await first.promote({ record: remembered(rendered), text: rendered.text })
    assert.equal(await readdir(join(directory, "last-known-good")), ["0000000002", "0000000003"])
    assert.is((await openLastKnownGood(directory)).read()?.text, two.text)
    await writeFile(join(directory, "last-known-good", "0000000003", "keepalived.conf"), "spoilt")
    assert.is((await openLastKnownGood(directory)).read()?.text, one.text)
    await rm(join(directory, "last-known-good", "0000000002", "record.json"))
    assert.is((await openLastKnownGood(directory)).read(), null)
  }))

test("openLastKnownGood() removes what a crash left half written", () =>
  withTemporaryDirectory(async (directory) => {
    await mkdir(join(directory, "last-known-good", ".0000000001.abc"), { recursive: true })
    await openLastKnownGood(directory)
    assert.equal(await readdir(join(directory, "last-known-good")), [])
  }))

/** A generation with two files, and what else lies in its directory. */
async function generation(directory: string, sequence: number, beside: (path: string) => void = () => {}) {
  const files = { "services/default/echo.json": "kind: Service\n", "vips/default/vips.yaml": `# ${sequence}\n` }
  const made = writeGeneration(join(directory, "generations"), sequence, files)
  beside(made.path)
  return Promise.resolve(made)
}

const outcomeOf = (name: string) => ({
  sequence: Number(name.slice(0, 20)),
  generation: name,
  time: "2026-11-22T10:00:00.000Z",
  outcome: "applied" as const,
  reason: null,
  node: "n1",
  interfaces: ["eth0"],
  keepalivedVersion: "2.2.7",
  configSha256: one.sha256,
  vips: ["10.4.0.50"],
  virtualServers: 0,
  realServers: 0,
  problems: [],
})

test("openArchive() packs equal content into equal bytes, and unpacks what was packed", () =>
  withTemporaryDirectory(async (directory) => {
    const made = await generation(directory, 1)
    const { name } = made
    const archive = await openArchive(join(directory, "state"))
    const file = join(directory, "state", "archive", `${name}.tar.gz`)
    const content = { ...made, config: one.text, outcome: outcomeOf(name) }
    assert.is(await archive.add(content), true)
    const first = await readFile(file)
    await rm(file)
    await archive.add(content)
    assert.ok(first.equals(await readFile(file)))
    const unpacked = await archive.unpack(`${name}.tar.gz`)
    assert.equal((await readdir(unpacked, { recursive: true })).toSorted(), [
      "manifest.json",
      "services",
      "services/default",
      "services/default/echo.json",
      "vips",
      "vips/default",
      "vips/default/vips.yaml",
    ])
    assert.equal(
      (await readdir(join(directory, "state", "archive"))).filter((one) => one.includes("tmp")),
      [],
    )
  }))

/** What somebody who may write desired/ can lay into a generation that the sidecar has read already. */
const BESIDE: Readonly<Record<string, (path: string) => void>> = {
  "a sparse file of 1 GB": (path) => {
    writeFileSync(join(path, "services/default/more.json"), "")
    truncateSync(join(path, "services/default/more.json"), 1e9)
  },
  "a fifo": (path) => execFileSync("mkfifo", [join(path, "pipe")]),
  "a link to the whole machine": (path) => symlinkSync("/", join(path, "services/default/root")),
}

for (const [what, beside] of Object.entries(BESIDE))
  test(`openArchive() packs what the manifest names, and not ${what} that lies beside it`, () =>
    withTemporaryDirectory(async (directory) => {
      const made = await generation(directory, 1, beside)
      const archive = await openArchive(join(directory, "state"))
      assert.is(await archive.add({ ...made, config: one.text, outcome: outcomeOf(made.name) }), true)
      const names: string[] = []
      const file = join(directory, "state", "archive", `${made.name}.tar.gz`)
      await tar.list({ file, onReadEntry: ({ path }) => names.push(path) })
      assert.equal(names.toSorted(), [
        "./generation/manifest.json",
        "./generation/services/default/echo.json",
        "./generation/vips/default/vips.yaml",
        "./keepalived.conf",
        "./outcome.json",
      ])
    }))

const INSTEAD: Readonly<Record<string, (path: string) => void>> = {
  "its directory is a link": (path) => {
    renameSync(path, `${path}.real`)
    symlinkSync(`${path}.real`, path)
  },
  "services/ is a link": (path) => {
    renameSync(join(path, "services"), join(path, "real"))
    symlinkSync("real", join(path, "services"))
  },
  "a file is a link": (path) => {
    rmSync(join(path, "vips/default/vips.yaml"))
    symlinkSync("/etc/hostname", join(path, "vips/default/vips.yaml"))
  },
  "a file is a fifo": (path) => {
    rmSync(join(path, "vips/default/vips.yaml"))
    execFileSync("mkfifo", [join(path, "vips/default/vips.yaml")])
  },
  "a file is another": (path) => writeFileSync(join(path, "vips/default/vips.yaml"), "# x\n"),
  "the manifest is another": (path) => writeFileSync(join(path, "manifest.json"), "{}"),
}

for (const [how, change] of Object.entries(INSTEAD))
  test(`openArchive() packs nothing where ${how}`, () =>
    withTemporaryDirectory(async (directory) => {
      const made = await generation(directory, 1, change)
      const archive = await openArchive(join(directory, "state"))
      const fault: unknown = await archive
        .add({ ...made, config: one.text, outcome: outcomeOf(made.name) })
        .catch((error: unknown) => error)
      assert.match(String(fault), "Cannot copy")
      assert.equal(await readdir(join(directory, "state", "archive")), [])
    }))

test("openArchive() adds nothing for a generation that is gone", () =>
  withTemporaryDirectory(async (directory) => {
    const archive = await openArchive(join(directory, "state"))
    const name = "00000000000000000001-0123456789ab"
    const none = { path: join(directory, "none"), name, manifestSha256: "a".repeat(64) }
    assert.is(await archive.add({ ...none, config: "", outcome: outcomeOf(name) }), false)
    assert.equal(await readdir(join(directory, "state", "archive")), [])
  }))

test("openArchive() keeps the newest by count and by bytes, and always one", () =>
  withTemporaryDirectory(async (directory) => {
    const archive = await openArchive(join(directory, "state"))
    for (const sequence of [1, 2, 3, 10]) {
      const made = await generation(directory, sequence)
      await archive.add({ ...made, config: one.text, outcome: outcomeOf(made.name) })
    }
    const folder = join(directory, "state", "archive")
    const sequences = async () =>
      (await readdir(folder)).map((name) => Number(name.slice(0, 20))).toSorted((a, b) => a - b)
    assert.is(await archive.retain({ count: 3, bytes: 1e9 }), 1)
    assert.equal(await sequences(), [2, 3, 10])
    const [newest = ""] = (await readdir(folder)).toSorted((a, b) => (a < b ? 1 : -1))
    const { size } = await stat(join(folder, newest))
    await archive.retain({ count: 3, bytes: Math.round(size * 2.5) })
    assert.equal(await sequences(), [3, 10])
    await archive.retain({ count: 3, bytes: 1 })
    assert.equal(await sequences(), [10])
  }))

test.run()
