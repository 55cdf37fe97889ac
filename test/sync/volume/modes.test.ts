import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { modesBelow } from "../../support/modes.ts"
import { run } from "../../support/run.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"

const root = join(import.meta.dirname, "../../..")

for (const umask of ["000", "077"])
  test(`sync's files are written by its user and read by the sidecar's, also where it is started with umask ${umask}`, () =>
    withTemporaryDirectory(async (directory) => {
      mkdirSync(join(directory, "desired"))
      const words = ["--once", "--source", join(root, "manifests/example"), "--desired", join(directory, "desired")]
      const command = `umask ${umask}; exec "$0" "$@" --services-configmap default/vip-configmap`
      const program = [process.execPath, join(root, "src/kkv.ts"), "sync", ...words]
      const ended = await run("/bin/sh", ["-c", command, ...program])
      assert.is(ended.status, 0, ended.stderr)
      const modes = modesBelow(join(directory, "desired"))
      assert.ok(Object.keys(modes).some((name) => name.endsWith("/services/default/echoheaders.json")))
      for (const [name, mode] of Object.entries(modes))
        assert.is(mode, /\.[a-z]+$|heartbeat$|reserve$/.test(name) ? "644" : "755", name)
    }))

test.run()
