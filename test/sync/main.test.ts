import { spawn } from "node:child_process"
import { once } from "node:events"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { main } from "../../src/sync/main.ts"
import { serviceText, vipsText } from "../support/manifests.ts"
import { run } from "../support/run.ts"
import { slow } from "../support/slow.ts"
import { writeTree } from "../support/volume.ts"
import { inLab, vips } from "./lab.ts"

const root = join(import.meta.dirname, "../..")
const program = 'process.exitCode = await (await import("./src/sync/main.ts")).main(process.argv.slice(1))'

test(
  "main() --once ends with 0 when published, with 1 when held, and says which file and line",
  slow(20_000, () =>
    inLab(async ({ source, desired, status, read }) => {
      const words = ["--once", "--source", source, "--desired", desired, "--services-configmap=default/vips"]
      writeTree(source, { "vips.yaml": vips, "echo.yaml": serviceText("echo", ["10.2.0.1"]) })
      const good = await run(process.execPath, ["-e", program, "--", ...words], { directory: root })
      assert.is(good.status, 0, good.stderr)
      assert.equal(await read(), ["10.4.0.50", "10.2.0.1"])
      writeTree(source, { "echo.yaml": "kind: Service\n\tbad: true\n" })
      const bad = await run(process.execPath, ["-e", program, "--", ...words], { directory: root })
      assert.is(bad.status, 1)
      assert.ok(bad.stderr.includes(`${join(source, "echo.yaml")}:2:1: YAML_TAB`), bad.stderr)
      assert.is(status()?.state, "held")
      assert.equal(await read(), ["10.4.0.50", "10.2.0.1"])
    }),
  ),
)

test(
  "main() follows until SIGTERM and ends with 0; a second writer ends with 3; after kill -9 the next goes on (fault 41)",
  slow(30_000, () =>
    inLab(async ({ source, desired, until }) => {
      writeTree(source, { "vips.yaml": vips })
      const words = ["-e", program, "--", "--source", source, "--desired", desired, "--services-configmap=default/vips"]
      const start = () => spawn(process.execPath, words, { cwd: root, stdio: "ignore" })
      const killed = start()
      await until("10.4.0.50")
      const second = await run(process.execPath, words, { directory: root })
      assert.is(second.status, 3)
      assert.match(second.stderr, "another kkv sync writes there")
      killed.kill("SIGKILL")
      await once(killed, "exit")
      const next = start()
      writeTree(source, { "vips.yaml": vipsText("10.4.0.51: default/echo") })
      await until("10.4.0.51")
      next.kill("SIGTERM")
      assert.equal(await once(next, "exit"), [0, null])
    }),
  ),
)

test(
  "main() killed at any moment leaves a volume whose reader sees whole generations only",
  slow(60_000, () =>
    inLab(async ({ source, desired, read }) => {
      const many = Array.from({ length: 30 }, (_, index) => index)
      const words = ["-e", program, "--", "--source", source, "--desired", desired, "--services-configmap=default/vips"]
      writeTree(
        source,
        Object.fromEntries(many.map((index) => [`s${index}.yaml`, serviceText(`s${index}`, ["10.2.0.1"])])),
      )
      for (let round = 0; round < 8; round++) {
        writeTree(source, {
          "vips.yaml": vipsText(`10.4.0.${round + 1}: |`, ...many.map((index) => `  default/s${index}`)),
        })
        const child = spawn(process.execPath, words, { cwd: root, stdio: "ignore" })
        // Start-up takes some hundred milliseconds; the kills fall before, into and after the publication.
        await new Promise((resolve) => setTimeout(resolve, 150 + 40 * round))
        child.kill("SIGKILL")
        await once(child, "exit")
        const seen = (await read())[0] ?? ""
        assert.ok(seen === "absent" || /^10\.4\.0\.\d$/.test(seen), seen)
      }
      const last = await run(process.execPath, [...words, "--once"], { directory: root })
      assert.is(last.status, 0)
      assert.equal(await read(), ["10.4.0.8"])
      const left = [...readdirSync(desired), ...readdirSync(join(desired, "generations"))]
      assert.equal(
        left.filter((name) => name.startsWith(".")),
        [],
      )
    }),
  ),
)

test("main() makes the volume's directory, and ends with a fault where there can be none", () =>
  inLab(async ({ source, desired, read }) => {
    writeTree(source, { "vips.yaml": vips })
    const words = ["--once", "--source", source, "--services-configmap=default/vips", "--log-level=silent", "--desired"]
    assert.is(await main([...words, join(desired, "deep", "er")]), 0)
    assert.equal(await read(), ["absent"])
    const fault = await main([...words, "/proc/desired"]).catch((error: unknown) => error)
    assert.instance(fault, Error)
  }))

test("main() answers --help with 0 and an unknown flag with 2", async () => {
  assert.is((await run(process.execPath, ["-e", program, "--", "--help"], { directory: root })).status, 0)
  assert.is(await main(["--source=a", "--services-configmap=a/b", "--nonsense"]), 2)
})

test.run()
