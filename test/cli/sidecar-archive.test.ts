import { test } from "uvu"
import * as assert from "uvu/assert"

import { openArchive } from "../../src/sidecar/volume/archive.ts"
import { kkv } from "./support/kkv.ts"
import { configMap, inTree, nodes, service, slice } from "./support/manifests.ts"
import { writeGeneration } from "../support/volume.ts"

const FILES = {
  "vips/default/vips.yaml": configMap("10.4.0.50: default/echo"),
  "nodes.json": nodes("10.4.0.3"),
  "services/default/echo.json": `${service("echo")}---\n${slice("echo", ["10.2.0.1"])}`,
}

test("kkv reads what the sidecar archives", () =>
  inTree({}, async (directory) => {
    const { path, name, manifestSha256 } = writeGeneration(directory, 7, FILES)
    const config = (await kkv(["render", name, "--iface", "eth7"])).out
    const archive = await openArchive(`${directory}/state`)
    const outcome = {
      sequence: 7,
      generation: name,
      time: "2026-11-22T23:00:00.000Z",
      outcome: "applied" as const,
      reason: null,
      node: "n-10.4.0.3",
      interfaces: ["eth7"],
      keepalivedVersion: "2.3.3",
      configSha256: "a".repeat(64),
      vips: ["10.4.0.50"],
      virtualServers: 1,
      realServers: 1,
      problems: [],
    }
    assert.ok(await archive.add({ path, name, manifestSha256, config, outcome }))
    const file = `state/archive/${name}.tar.gz`
    assert.match((await kkv(["history", "--state", "state"])).out, /^7 +2026-11-22T23:00:00\.000Z +applied +1 /m)
    assert.is((await kkv(["validate", file])).out, "1 VIP, 1 virtual server: no problems (ConfigMap default/vips)\n")
    assert.is((await kkv(["diff", file, name])).status, 0)
    assert.is((await kkv(["rollback", "7", "--state", "state"])).status, 0)
  }))

test.run()
