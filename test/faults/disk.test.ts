import { execFileSync, spawnSync } from "node:child_process"
import { randomBytes } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as tar from "tar"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { openArchive } from "../../src/sidecar/volume/archive.ts"
import { openAppliedVolume } from "../../src/sidecar/volume/config-files.ts"
import { createGenerations } from "../../src/sidecar/volume/generations.ts"
import { createPublisher } from "../../src/sync/volume/publisher.ts"
import { renderedOf } from "../sidecar/scripted.ts"
import { figures } from "../support/figures.ts"
import { serviceText, vipsText } from "../support/manifests.ts"
import { slow } from "../support/slow.ts"
import { testUnless } from "../support/test-unless.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"
import { publicationOf, writeGeneration } from "../support/volume.ts"
import { failure, inject } from "./inject.ts"

const mayMount = spawnSync("unshare", ["--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).status === 0
const unless = testUnless(mayMount ? null : "needs the right to mount a file system")
const CODES = ["EIO", "EROFS", "EACCES"] as const

/** Has the n-th call below a directory fail, and gives whether there was one. */
async function failing(
  directory: string,
  { n, code }: { n: number; code: string },
  act: () => Promise<unknown>,
): Promise<boolean> {
  let calls = 0
  inject({
    actionAt: () => null,
    each: (call, about) => {
      if (about.startsWith(directory) && ++calls === n) throw failure(code, call, about)
    },
  })
  try {
    await act().catch((error: unknown) => {
      // Anything else is a bug.
      assert.match(
        String((error as Error).stack) + String((error as { cause?: Error }).cause?.stack),
        /injected|removed/,
      )
    })
  } finally {
    inject({ actionAt: () => null })
  }
  return calls >= n
}

async function seenIn(directory: string): Promise<string> {
  const reading = await createGenerations({ directory, alarm: () => {} }).read()
  if (reading.kind !== "generation") return reading.kind
  return Object.keys(reading.generation.objects.configMaps.get("default/vips")?.object.data ?? {}).join()
}

const publication = (last: number) =>
  publicationOf(vipsText(`10.4.0.${last}: default/echo`), serviceText("echo", [`10.2.0.${last}`]), serviceText("b", []))

for (const code of CODES)
  test(`createPublisher() with ${code} at any call keeps the current generation or has the next one, and goes on (fault 14)`, () =>
    withTemporaryDirectory(async (directory) => {
      const troubles: unknown[] = []
      const writer = { bootId: "boot", pid: 1, startedAtUptime: 1 }
      const trouble = (error: unknown) => void troubles.push(error)
      const publisher = createPublisher({ directory, retain: 2, writer, trouble, gaveUp: () => {} })
      await publisher.publish(publication(1))
      await publisher.publish(publication(2))
      let n = 1
      for (let last = 3; ; n++, last++) {
        const before = await seenIn(directory)
        const met = await failing(directory, { n, code }, () => publisher.publish(publication(last)))
        const now = await seenIn(directory)
        assert.ok(now === before || now === `10.4.0.${last}`, `call ${n}: the reader sees ${now}, it saw ${before}`)
        const generations = readdirSync(join(directory, "generations"))
        assert.ok(generations.length <= 4, String(generations))
        if (!met) break
        last++
        await publisher.publish(publication(last))
        assert.is(await seenIn(directory), `10.4.0.${last}`, `after call ${n}`)
      }
      assert.ok(n > 15, `${n} calls`)
      figures({ calls: n - 1, old: troubles.length })
    }))

for (const code of CODES)
  test(`openAppliedVolume() with ${code} at any call never has a live file that is not whole (fault 14)`, () =>
    withTemporaryDirectory(async (directory) => {
      const volume = await openAppliedVolume(directory, () => Promise.resolve(null))
      const texts = [renderedOf("10.4.0.50"), renderedOf("10.4.0.50", "10.4.0.51")]
      const apply = async (turn: number) => {
        const { sha256, text, model } = texts[turn % 2] ?? renderedOf()
        await volume.writeCandidate(sha256, text)
        await volume.claim(model)
        await volume.writeJournal({ phase: "swap", from: null, to: sha256 })
        await volume.makeLive(sha256)
        await volume.writeJournal({ phase: "in-effect", from: null, to: sha256 })
        await volume.settle(model)
      }
      await apply(0)
      let n = 1
      for (let turn = 1; ; turn++, n++) {
        await volume.retain(new Set())
        const met = await failing(directory, { n, code }, () => apply(turn))
        assert.ok(
          texts.some(({ text }) => text === readFileSync(join(directory, "keepalived.conf"), "utf8")),
          `call ${n}`,
        )
        await apply(turn)
        assert.is(await volume.liveSha256(), texts[turn % 2]?.sha256)
        if (!met) break
      }
      assert.ok(n > 15, `${n} calls`)
      figures({ calls: n - 1 })
    }))

unless("openAppliedVolume() without inodes keeps the live file, and goes on when there are some again (fault 15)", () =>
  withTemporaryDirectory(async (directory) => {
    execFileSync("mount", ["-t", "tmpfs", "-o", "nr_inodes=12", "tmpfs", directory])
    try {
      const volume = await openAppliedVolume(directory, () => Promise.resolve(null))
      const [one, two] = [renderedOf("10.4.0.50"), renderedOf("10.4.0.51")]
      await volume.writeCandidate(one.sha256, one.text)
      await volume.makeLive(one.sha256)
      fill(directory, "")
      const fault = await volume.writeCandidate(two.sha256, two.text).catch((error: unknown) => error)
      assert.match(String(fault), "ENOSPC")
      assert.is(volume.candidate(two.sha256), null)
      assert.is(await volume.liveSha256(), one.sha256)
      // Going back needs no inode.
      await volume.makeLive(one.sha256)
      rmSync(join(directory, "filler"), { recursive: true })
      await volume.writeCandidate(two.sha256, two.text)
      await volume.makeLive(two.sha256)
      assert.is(await volume.liveSha256(), two.sha256)
    } finally {
      execFileSync("umount", [directory])
    }
  }),
)

/** Takes whatever is left of a file system. */
function fill(directory: string, content: string): void {
  mkdirSync(join(directory, "filler"))
  try {
    for (let index = 0; ; index++) writeFileSync(join(directory, "filler", String(index)), content)
  } catch (error) {
    assert.match(String(error), "ENOSPC")
  }
}

/** Files that do not become smaller when packed; always the same, so that the generation keeps its name. */
const FILES = Object.fromEntries(
  Array.from({ length: 40 }, (_, index) => [`services/default/s${index}.json`, randomBytes(1_500).toString("base64")]),
)
const generationIn = (directory: string) => writeGeneration(join(directory, "generations"), 1, FILES)

const contentOf = (made: ReturnType<typeof generationIn>) => ({
  ...made,
  config: "# nothing\n",
  outcome: {
    ...{ sequence: 1, generation: made.name, time: "2026-11-22T10:00:00.000Z", outcome: "applied" as const },
    ...{ reason: null, node: "n1", interfaces: ["eth0"], keepalivedVersion: "2.2.7", configSha256: "a".repeat(64) },
    ...{ vips: [], virtualServers: 0, realServers: 0, problems: [] },
  },
})

/** Every archive that there is can be read to its end, and has everything. */
async function assertListed(state: string): Promise<number> {
  const root = join(state, "archive")
  const archives = readdirSync(root).filter((name) => name.endsWith(".tar.gz") && !name.startsWith("."))
  for (const archive of archives) {
    let files = 0
    await tar.list({ file: join(root, archive), strict: true, onReadEntry: () => (files += 1) })
    assert.is(files, 43)
  }
  assert.equal(
    readdirSync(root).filter((name) => name.startsWith(".")),
    [],
  )
  return archives.length
}

unless(
  "openArchive() on a full volume, and where tar fails in the middle, leaves no archive that does not list (fault 71)",
  () =>
    withTemporaryDirectory(async (directory) => {
      const state = join(directory, "state")
      mkdirSync(join(state, "archive"), { recursive: true })
      const made = generationIn(directory)
      // From nothing at all to enough: it breaks off while it copies, while it packs, and not at all.
      const ended = new Set<string>()
      for (const pages of [4, 20, 60, 62, 64, 70, 80, 90, 100, 200]) {
        execFileSync("mount", ["-t", "tmpfs", "-o", `size=${pages * 4}k`, "tmpfs", join(state, "archive")])
        try {
          const archive = await openArchive(state)
          const fault: unknown = await archive.add(contentOf(made)).then(
            () => null,
            (error: unknown) => error,
          )
          ended.add(fault === null ? "packed" : "failed")
          assert.is(await assertListed(state), fault === null ? 1 : 0, `${pages} pages: ${String(fault)}`)
        } finally {
          execFileSync("umount", [join(state, "archive")])
        }
      }
      assert.equal([...ended], ["failed", "packed"])
    }),
)

test(
  "openArchive() whose source vanishes under it leaves no archive that does not list (fault 71)",
  slow(30_000, () =>
    withTemporaryDirectory(async (directory) => {
      const state = join(directory, "state")
      const archive = await openArchive(state)
      const root = join(state, "archive")
      const ended: Record<string, number> = {}
      for (let turn = 0; turn < 40; turn++) {
        const made = generationIn(directory)
        const adding = archive.add(contentOf(made)).then(
          (added) => String(added),
          () => "failed",
        )
        // Now the generation itself, now the copy that is being packed; ever later.
        await new Promise((resolve) => setTimeout(resolve, turn / 2))
        const stage = readdirSync(root).find((name) => name.startsWith(".") && statSync(join(root, name)).isDirectory())
        rmSync(turn % 2 === 0 || stage === undefined ? made.path : join(root, stage), { recursive: true, force: true })
        const how = await adding
        ended[how] = (ended[how] ?? 0) + 1
        assert.is(await assertListed(state), how === "true" ? 1 : 0)
        rmSync(join(root, `${made.name}.tar.gz`), { force: true })
      }
      figures(ended)
      assert.ok(existsSync(root))
    }),
  ),
)

test.run()
