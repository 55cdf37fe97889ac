import { execFileSync } from "node:child_process"
import { mkdirSync, symlinkSync } from "node:fs"
import { readFile, truncate, writeFile } from "node:fs/promises"

import { create } from "tar"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { archiveName } from "../../../src/contract/archive.ts"
import { encodeNodeEvent } from "../../../src/contract/node/history.ts"
import type { VrrpState } from "../../../src/contract/vrrp.ts"
import { decodePin } from "../../../src/contract/node/pin.ts"
import { inArchive, name, renderingOf, three, two } from "../support/archives.ts"
import { kkv } from "../support/kkv.ts"
import { inTree, writeTree } from "../support/manifests.ts"

const STATE = ["--state", "state"]

test("history() newest first, with what changed", () =>
  inArchive(
    [
      { sequence: 2, manifests: two },
      { sequence: 10, manifests: three },
    ],
    async () => {
      const said = await kkv(["history", ...STATE])
      assert.is(said.status, 0)
      assert.is(
        said.out,
        `SEQUENCE  TIME                      OUTCOME  VIPS  CHANGED
10        2026-11-22T23:00:10.000Z  applied  2     +VIP 10.4.0.61 and 10.4.0.60 80 TCP: +1 real servers
2         2026-11-22T23:00:02.000Z  applied  1     (nothing older to compare with)
`,
      )
    },
  ))

test("history() shows role changes among the generations, and skips lines that are not events", () =>
  inArchive(
    [
      { sequence: 2, manifests: two },
      { sequence: 10, manifests: three },
    ],
    async (directory) => {
      const change = (second: number, from: VrrpState, to: VrrpState, reason: string | null) =>
        encodeNodeEvent({ kind: "role", instance: "vips", time: `2026-11-22T23:00:0${second}.000Z`, from, to, reason })
      const lines = [change(1, "unknown", "backup", null), "{torn", change(4, "backup", "master", "no advert")]
      await writeFile(`${directory}/state/history.jsonl`, `${lines.join("\n")}\n`)
      const said = await kkv(["history", ...STATE])
      assert.is(said.status, 0)
      assert.equal(
        said.out
          .split("\n")
          .slice(1, -1)
          .map((line) => line.replaceAll(/ {2,}/g, " | ")),
        [
          "10 | 2026-11-22T23:00:10.000Z | applied | 2 | +VIP 10.4.0.61 and 10.4.0.60 80 TCP: +1 real servers",
          "- | 2026-11-22T23:00:04.000Z | BACKUP > MASTER | - | no advert",
          "2 | 2026-11-22T23:00:02.000Z | applied | 1 | (nothing older to compare with)",
          "- | 2026-11-22T23:00:01.000Z | UNKNOWN > BACKUP | - | no reason given",
        ],
      )
      const { events } = JSON.parse((await kkv(["history", ...STATE, "--output", "json"])).out) as { events: object[] }
      assert.is(events.length, 2)
    },
  ))

test("history() an archive that cannot be read is one line, not the end", () =>
  inArchive([{ sequence: 2, manifests: two }], async (directory) => {
    await writeFile(`${directory}/state/archive/${archiveName(name(3))}`, "no tar")
    await writeFile(`${directory}/state/archive/.half`, "")
    const said = await kkv(["history", ...STATE])
    assert.is(said.status, 0)
    assert.match(said.out, /^3 +- +unreadable +0 +Cannot read the archive/m)
    assert.match(said.out, /^2 +2026/m)
  }))

test("history() --output json has a stable shape", () =>
  inArchive([{ sequence: 2, manifests: two }], async () => {
    const { entries } = JSON.parse((await kkv(["history", ...STATE, "--output", "json"])).out) as { entries: object[] }
    assert.equal(entries, [
      {
        sequence: 2,
        archive: archiveName(name(2)),
        time: "2026-11-22T23:00:02.000Z",
        outcome: "applied",
        vips: ["10.4.0.60"],
        changes: null,
        unreadable: null,
        pinned: false,
      },
    ])
  }))

test("history() no archive: status 3, and what to do", () =>
  inTree({}, async () => {
    const said = await kkv(["history", ...STATE])
    assert.is(said.status, 3)
    assert.match(said.err, "name its directory with --state")
  }))

test("rollback() pins an archive, history shows it, resume removes it", () =>
  inArchive(
    [
      { sequence: 2, manifests: two },
      { sequence: 10, manifests: three },
    ],
    async (directory) => {
      const said = await kkv(["rollback", "2", ...STATE, "--reason", "checkout answers 500"])
      assert.is(said.status, 0)
      assert.match(said.out, "See it:  kkv status\n")
      const decoded = decodePin(await readFile(`${directory}/state/pin.json`, "utf8"))
      assert.is(decoded.kind === "value" ? decoded.value.archive : null, archiveName(name(2)))
      assert.is(decoded.kind === "value" ? decoded.value.reason : null, "checkout answers 500")
      assert.match((await kkv(["history", ...STATE])).out, /^2 \(pinned\) /m)
      const resumed = await kkv(["resume", ...STATE])
      assert.is(resumed.status, 0)
      assert.match(resumed.out, "Removed the pin (state/pin.json)\n")
      assert.match((await kkv(["resume", ...STATE])).out, "Nothing is pinned")
      const rows = (await kkv(["history", ...STATE])).out.split("\n")
      assert.match(rows[1] ?? "", /^- +\S+ +resume +- +generation 2 is no longer pinned$/)
      assert.match(rows[2] ?? "", /^- +\S+ +rollback to 2 +- +checkout answers 500$/)
    },
  ))

test("diff() takes the numbers that history prints, and says which there are", () =>
  inArchive(
    [
      { sequence: 2, manifests: two },
      { sequence: 10, manifests: three },
    ],
    async () => {
      const said = await kkv(["diff", "2", "10", ...STATE])
      assert.is(said.status, 1)
      assert.match(said.out, "+    10.4.0.61/32 dev eth0\n")
      assert.is((await kkv(["diff", "2", "2", ...STATE])).status, 0)
      assert.equal(await kkv(["diff", "2", "3", ...STATE]), {
        status: 3,
        out: "",
        err: "kkv: Cannot compare 3: no file has this name, and the archive in state has only 10 and 2\n",
      })
    },
  ))

test("an archive that unpacks to more than its limit is read no further: one line, status 3", () =>
  inArchive([{ sequence: 2, manifests: two }], async (directory) => {
    const archive = `state/archive/${archiveName(name(2))}`
    // Large while it is unpacked, and small while it is packed: one member above the limit, and two that reach it together.
    for (const sizes of [[400], [60, 60]]) {
      const members = sizes.map((_, index) => `generation/services/default/s${index}.json`)
      for (const [index, member] of members.entries()) {
        await writeTree(`${directory}/bomb`, { [member]: "" })
        await truncate(`${directory}/bomb/${member}`, (sizes[index] ?? 0) * 1024 * 1024)
      }
      await create({ file: `${directory}/${archive}`, cwd: `${directory}/bomb`, gzip: true }, members)
      for (const words of [
        ["validate", archive],
        ["diff", "2", "2", ...STATE],
        ["rollback", "2", ...STATE],
      ]) {
        const said = await kkv(words)
        assert.is(said.status, 3)
        assert.match(said.err, /^kkv: Cannot read the archive "[^\n]*: it holds more than \d+ bytes\n$/)
      }
      const shown = await kkv(["history", ...STATE])
      assert.is(shown.status, 0)
      assert.match(shown.out, "it holds more than")
    }
  }))

test("rollback() --dry-run shows the difference to what runs, and pins nothing", () =>
  inArchive(
    [
      { sequence: 2, manifests: two },
      { sequence: 10, manifests: three },
    ],
    async (directory) => {
      await writeTree(directory, { "applied/keepalived.conf": await renderingOf(three) })
      const said = await kkv(["rollback", "2", ...STATE, "--applied", "applied", "--dry-run"])
      assert.is(said.status, 0)
      assert.match(said.out, "-    10.4.0.61/32 dev eth0\n")
      assert.match((await kkv(["resume", ...STATE])).out, "Nothing is pinned")
    },
  ))

test("rollback() refuses what is not there, and what cannot be read", () =>
  inArchive([{ sequence: 2, manifests: two }], async (directory) => {
    const unknown = await kkv(["rollback", "3", ...STATE])
    assert.is(unknown.status, 1)
    assert.is(unknown.err, "kkv: Cannot go back to 3: the archive has only 2\n")
    assert.is((await kkv(["rollback", "newest", ...STATE])).status, 2)
    const whole = await readFile(`${directory}/state/archive/${archiveName(name(2))}`)
    await writeFile(`${directory}/state/archive/${archiveName(name(2))}`, whole.subarray(0, whole.length - 20))
    const cut = await kkv(["rollback", "2", ...STATE])
    assert.is(cut.status, 3)
    assert.match(cut.err, "Cannot read the archive")
    assert.match((await kkv(["resume", ...STATE])).out, "Nothing is pinned")
  }))

test("an archive that is a fifo, a directory or a link to nowhere is waited for by no command", () =>
  inTree({}, async () => {
    const name = (sequence: number) => `${String(sequence).padStart(20, "0")}-${"a".repeat(12)}.tar.gz`
    mkdirSync("state/archive", { recursive: true })
    execFileSync("mkfifo", [`state/archive/${name(3)}`])
    mkdirSync(`state/archive/${name(2)}`)
    symlinkSync("nowhere", `state/archive/${name(1)}`)
    const history = await kkv(["history", ...STATE])
    assert.match(history.out, /^3 .*it is not a regular file/m)
    assert.match(history.out, /^2 .*it is not a regular file/m)
    assert.match(history.out, /^1 .*ENOENT/m)
    for (const words of [
      ["rollback", "3"],
      ["diff", "3", "2"],
    ]) {
      const said = await kkv([...words, ...STATE])
      assert.is(said.status, 3)
      assert.match(said.err, /^kkv: Cannot read the archive ".*": it is not a regular file$/m)
    }
  }))

test("history() reports an unreadable pin once", () =>
  inTree({ "state/pin.json": "{", "state/archive/.keep": "" }, async () => {
    const said = await kkv(["history", ...STATE])
    assert.is(said.status, 3)
    assert.match(said.err, /^kkv: Cannot read state\/pin\.json: Expected property name/)
  }))

test("resume() does not report that nothing is pinned if the directory does not exist", () =>
  inTree({}, async () => {
    const said = await kkv(["resume", "--state", "stat"])
    assert.is(said.status, 3)
    assert.match(said.err, /^kkv: Cannot look for a pin in "stat": the directory does not exist; .* --state$/m)
    assert.is(said.out, "")
  }))

test("resume() removes an unreadable pin, too", () =>
  inArchive([{ sequence: 2, manifests: two }], async (directory) => {
    await writeFile(`${directory}/state/pin.json`, "{")
    assert.match((await kkv(["resume", ...STATE])).out, "Removed the pin")
  }))

test("diff() an archive is what it led to, validate() what it was made of", () =>
  inArchive([{ sequence: 2, manifests: two }], async (directory) => {
    const archive = `state/archive/${archiveName(name(2))}`
    await writeTree(directory, { "live.conf": await renderingOf(two) })
    assert.equal(await kkv(["diff", archive, "live.conf"]), { status: 0, out: "", err: "" })
    assert.is((await kkv(["validate", archive])).out, "1 VIP, 1 virtual server: no problems (ConfigMap default/vips)\n")
  }))

test.run()
