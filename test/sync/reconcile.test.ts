import { test } from "uvu"
import * as assert from "uvu/assert"

import type { SyncStatus } from "../../src/contract/sync-status.ts"
import { decodeFile } from "../../src/core/objects/decode.ts"
import { createJoin } from "../../src/core/objects/join.ts"
import type { Published, SourceReading } from "../../src/sync/ports.ts"
import { createPublish } from "../../src/sync/publication.ts"
import { createReconcile } from "../../src/sync/reconcile.ts"
import { vipsText } from "../support/manifests.ts"

function objectsOf(text: string): SourceReading {
  const { value, problems } = createJoin()([decodeFile("f.yaml", text)])
  return { kind: "objects", objects: value, problems, resources: [] }
}

/** A source that gives one reading after another, and a publisher that only counts. */
function bench(readings: readonly SourceReading[], faults: { publish?: unknown; status?: unknown } = {}) {
  const queue = [...readings]
  const statuses: SyncStatus[] = []
  let published: Published | null = null
  let time = 0
  let looks = 0
  const pass = createReconcile({
    source: { read: () => (looks++, queue.shift() ?? { kind: "settling", retryAfterMs: 1 }) },
    // From one look to the next, 50 ms.
    clock: { now: () => looks * 50 },
    publish: createPublish(["default/vips"]),
    publisher: {
      open: () => {},
      inspect: () => null,
      damage: () => null,
      mend: async () => published,
      current: () => published,
      text: () => null,
      publish: async ({ contentSha256, configMaps }): Promise<Published> => {
        if (faults.publish !== undefined) throw faults.publish
        published = { sequence: (published?.sequence ?? 0) + 1, directory: "d", contentSha256, configMaps }
        return published
      },
    },
    status: {
      write: async (status) => {
        if (faults.status !== undefined) throw faults.status
        statuses.push(status)
      },
      isIntact: () => true,
    },
    volumeName: "/desired",
    sourceName: "dir",
    now: () => `t${++time}`,
  })
  return { pass, statuses, faults }
}

const good = objectsOf(vipsText("10.4.0.50: a/b"))
const other = objectsOf(vipsText("10.4.0.51: a/b"))
const bad = objectsOf(vipsText("10.4.0.50:"))
const missing = objectsOf("")

test("createReconcile() publishes what is new, and nothing twice", async () => {
  const { pass } = bench([good, good, other])
  const outcomes = [await pass(), await pass(), await pass()]
  assert.equal(
    outcomes.map(({ kind }) => kind),
    ["published", "unchanged", "published"],
  )
})

test("createReconcile() holds input with any problem, and the last generation stays", async () => {
  const { pass, statuses } = bench([good, bad, bad, missing, good])
  const outcomes = [await pass(), await pass(), await pass(), await pass(), await pass()]
  assert.equal(
    outcomes.map(({ kind }) => kind),
    ["published", "settling", "held", "held", "unchanged"],
  )
  assert.equal(
    statuses.map(({ state, sequence, since, problems }) => [
      state,
      sequence,
      since,
      ...problems.map(({ code }) => code),
    ]),
    [
      ["published", 1, "t1"],
      ["held", 1, "t2", "CONFIGMAP_VALUE"],
      ["held", 1, "t2", "CONFIGMAP_MISSING"],
      ["published", 1, "t3"],
    ],
  )
})

test("createReconcile() waits where nothing was ever published", async () => {
  const { pass, statuses } = bench([bad, bad])
  assert.equal(await pass(), { kind: "settling", retryAfterMs: 50 })
  assert.is((await pass()).kind, "held")
  assert.equal(
    statuses.map(({ state }) => state),
    ["waiting"],
  )
})

test("createReconcile() says nothing of a problem that is gone at the second look", async () => {
  const { pass, statuses } = bench([good, missing, good, missing, good])
  for (let i = 0; i < 5; i++) await pass()
  assert.equal(
    statuses.map(({ state }) => state),
    ["published"],
  )
})

test("createReconcile() says nothing new about the same thing", async () => {
  const { pass, statuses } = bench([good, good, good])
  for (let i = 0; i < 3; i++) await pass()
  assert.is(statuses.length, 1)
})

const met = (message: string) =>
  new Error("Cannot publish", { cause: Object.assign(new Error(message), { code: /^[A-Z]+/.exec(message)?.[0] }) })

for (const [message, code] of [
  ["ENOSPC: no space left on device, write", "VOLUME_FULL"],
  ["EDQUOT: disk quota exceeded, open '/x'", "VOLUME_FULL"],
  ["EIO: i/o error, fsync", "VOLUME_FAULT"],
  ["EROFS: read-only file system, mkdir '/x'", "VOLUME_FAULT"],
  ["EACCES: permission denied, mkdir '/x'", "VOLUME_FAULT"],
] as const)
  test(`createReconcile() says ${code} for ${message}, once, and that it is over (fault 243)`, async () => {
    const { pass, statuses, faults } = bench([good, other, other, other])
    await pass()
    faults.publish = met(message)
    assert.is((await pass()).kind, "failed")
    assert.is((await pass()).kind, "failed")
    delete faults.publish
    assert.is((await pass()).kind, "published")
    assert.equal(
      statuses.map(({ state, sequence, problems }) => [state, sequence, ...problems.map((problem) => problem.code)]),
      [
        ["published", 1],
        ["failed", 1, code],
        ["published", 2],
      ],
    )
    assert.match(
      statuses[1]?.problems[0]?.message ?? "",
      `Cannot write the volume "/desired": ${message.split(",")[0]}; `,
    )
  })

test("createReconcile() a status that cannot be written is a failure too, and is written later (fault 243)", async () => {
  const { pass, statuses, faults } = bench([good, good])
  faults.status = met("ENOSPC: no space left on device, write")
  const outcome = await pass()
  assert.equal([outcome.kind, "problems" in outcome && outcome.problems[0]?.code], ["failed", "VOLUME_FULL"])
  delete faults.status
  assert.is((await pass()).kind, "unchanged")
  assert.equal(
    statuses.map(({ state }) => state),
    ["published"],
  )
})

test("createReconcile() takes no bug for a fault of the volume", async () => {
  const { pass } = bench([good], { publish: new TypeError("x is undefined") })
  const error = await pass().catch((thrown: unknown) => thrown)
  assert.instance(error, TypeError)
})

test("createReconcile() neither publishes nor reports while the source settles", async () => {
  const { pass, statuses } = bench([{ kind: "settling", retryAfterMs: 100 }])
  assert.equal(await pass(), { kind: "settling", retryAfterMs: 100 })
  assert.equal(statuses, [])
})

test.run()
