import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { pageNodesOf } from "../../../src/sidecar/page/cluster-nodes.ts"
import { clusterIn } from "../../../src/sidecar/volume/cluster-reader.ts"
import type { ShownCluster } from "../../../src/sync/report/cluster-view.ts"
import { createClusterWriter } from "../../../src/sync/volume/cluster-writer.ts"
import { STATUS, VRRP } from "../../cli/support/volume.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"

const { interface: _, ...role } = VRRP
const report = { state: "applied", generation: "0123456789ab", vips: 3, roles: [role], troubles: ["Held: x"] } as const
const shown: ShownCluster = [
  { name: "n1", ready: true, report: { ...report, ageMs: null } },
  { name: "n2", ready: true, report: { ...report, ageMs: 20 } },
  { name: "n3", ready: false, report: null },
]

const members = [
  { name: "n1", address: "10.4.0.1" },
  { name: "n2", address: "10.4.0.2" },
]

function nodesIn(desired: string) {
  return pageNodesOf({ status: STATUS, generation: null, members, reading: clusterIn(desired) })
}

test("createClusterWriter() leaves what the sidecar reads: roles, ages on its clock, and who has never reported", () =>
  withTemporaryDirectory(async (directory) => {
    mkdirSync(join(directory, "beat"))
    await createClusterWriter(directory, { warn: () => assert.unreachable() })(shown)
    const { age, list } = nodesIn(directory)
    assert.ok(age.kind === "age" && age.seconds < 30)
    assert.equal(
      list.map(({ name, priority }) => [name, priority]),
      [
        ["n1", 254],
        ["n2", 246],
        ["n3", null],
      ],
    )
    const [self, other, silent] = list
    assert.equal(
      [self?.isSelf, self?.roles, self?.vips],
      [true, STATUS.vrrp, 1],
      "its own status is newer than its report",
    )
    assert.equal([other?.roles, other?.vips, other?.troubles], [[role], 3, ["Held: x"]])
    assert.ok(other?.heard.kind === "age" && other.heard.seconds < 30)
    assert.equal(silent?.heard, { kind: "unknown", why: "it has not reported" })
    assert.is(silent?.ready, false)
  }))

test("createClusterWriter() says once that it cannot write, and writes again when it can", () =>
  withTemporaryDirectory(async (directory) => {
    const said: string[] = []
    const write = createClusterWriter(directory, { warn: (what) => said.push(what) })
    await write(shown)
    await write(shown)
    assert.is(said.length, 1)
    assert.is(nodesIn(directory).age.kind, "unknown")
    mkdirSync(join(directory, "beat"))
    await write(shown)
    assert.is(nodesIn(directory).age.kind, "age")
  }))

test("clusterIn() trusts no file that is not one: what the other nodes do is then unknown", () =>
  withTemporaryDirectory(async (directory) => {
    mkdirSync(join(directory, "beat"))
    const path = join(directory, "beat", "cluster.json")
    const texts = ["", "{", '{"schema":1}', '{"schema":2,"bootId":"x","read":-1,"nodes":[]}', '{"schema":2,"nodes":7}']
    for (const text of texts) {
      writeFileSync(path, text)
      assert.is(clusterIn(directory).kind, "unknown", text)
    }
    await createClusterWriter(directory, { warn: () => assert.unreachable() })(shown)
    const good = readFileSync(path, "utf8")
    writeFileSync(path, good.replace(/"bootId":"[^"]*"/, '"bootId":"another"'))
    assert.is(nodesIn(directory).age.kind, "unknown", "ages of another boot")
    rmSync(path)
    mkdirSync(path)
    assert.is(clusterIn(directory).kind, "unknown")
  }))

test.run()
