import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { decodeSyncStatus, type SyncStatus } from "../../src/contract/sync-status.ts"
import { createLog } from "../../src/kit/log.ts"
import { createGenerations } from "../../src/sidecar/volume/generations.ts"
import { main, runSync } from "../../src/sync/main.ts"
import { serviceText, vipsText } from "../support/manifests.ts"
import { run } from "../support/run.ts"
import { slow } from "../support/slow.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"
import { writeTree } from "../support/volume.ts"

const vips = vipsText("10.4.0.50: default/echo")
const root = join(import.meta.dirname, "../..")
const program = 'process.exitCode = await (await import("./src/sync/main.ts")).main(process.argv.slice(1))'

interface Lab {
  readonly source: string
  readonly desired: string
  /** Events logged, with their fields. */
  readonly lines: Record<string, unknown>[]
  status(): SyncStatus | null
  /** What a reader sees: key of the entries and addresses behind default/echo. */
  read(): Promise<readonly string[]>
  /** Waits until the reader sees this. */
  until(...expected: readonly string[]): Promise<void>
  /** Waits for an event that was not waited for yet. */
  event(name: string): Promise<Record<string, unknown>>
}

async function inLab(body: (lab: Lab) => Promise<void>): Promise<void> {
  await withTemporaryDirectory(async (directory) => {
    const [source, desired] = [join(directory, "source"), join(directory, "desired")]
    mkdirSync(source)
    const lines: Record<string, unknown>[] = []
    const generations = createGenerations({ directory: desired, alarm: () => {} })
    let heard = 0
    async function read(): Promise<readonly string[]> {
      const reading = await generations.read()
      if (reading.kind !== "generation") return [reading.kind]
      const { configMaps, services } = reading.generation.objects
      const slices = services.get("default/echo")?.slices ?? []
      const addresses = slices.flatMap(({ object }) => object.endpoints.flatMap((endpoint) => endpoint.addresses))
      return [...Object.keys(configMaps.get("default/vips")?.object.data ?? {}), ...addresses]
    }
    await body({
      source,
      desired,
      lines,
      status: () => {
        const decoded = decodeSyncStatus(readFileSync(join(desired, "status.yaml"), "utf8"))
        return decoded.kind === "value" ? decoded.value : null
      },
      read,
      until: async (...expected) => {
        while ((await read()).join() !== expected.join()) await tick()
      },
      event: async (name) => {
        for (; ; await tick()) {
          const found = lines.findIndex((line, index) => index >= heard && line["event"] === name)
          if (found < 0) continue
          heard = found + 1
          return lines[found] ?? {}
        }
      },
    })
  })
}

const tick = () => new Promise((resolve) => setTimeout(resolve, 5))

/** sync itself, in this process, until the body ends. */
function follow(name: string, body: (lab: Lab) => Promise<void>): void {
  test(
    name,
    slow(30_000, () =>
      inLab(async (lab) => {
        const stop = new AbortController()
        const write = (line: string) => void lab.lines.push(JSON.parse(line) as Record<string, unknown>)
        const { source, desired } = lab
        const settings = {
          source: { kind: "directory", directory: source },
          desired,
          servicesConfigmap: "default/vips",
          retain: 5,
          once: false,
          logLevel: "debug",
        } as const
        const running = runSync(settings, { log: createLog({}, { level: "debug", write }), stop: stop.signal })
        try {
          await lab.event("following")
          await body(lab)
        } finally {
          stop.abort()
          assert.is(await running, 0)
        }
      }),
    ),
  )
}

follow("runSync() publishes what the directory says, and every change of it", async (lab) => {
  writeTree(lab.source, { "vips.yaml": vips, "echo.yaml": serviceText("echo", ["10.2.0.1"]) })
  await lab.until("10.4.0.50", "10.2.0.1")
  writeTree(lab.source, { "echo.yaml": serviceText("echo", ["10.2.0.1", "10.2.0.2"]) })
  await lab.until("10.4.0.50", "10.2.0.1", "10.2.0.2")
  writeTree(lab.source, { "deep/er/vips.yaml": vipsText("10.4.0.51: default/echo") })
  rmSync(join(lab.source, "vips.yaml"))
  await lab.until("10.4.0.51", "10.2.0.1", "10.2.0.2")
  assert.is(lab.status()?.state, "published")
})

follow(
  "runSync() publishes nothing from input with a problem, says so once, and goes on when it is mended",
  async (lab) => {
    writeTree(lab.source, { "vips.yaml": vips, "echo.yaml": serviceText("echo", ["10.2.0.1"]) })
    await lab.until("10.4.0.50", "10.2.0.1")
    writeTree(lab.source, {
      "vips.yaml": vipsText("10.4.0.50: default/echo", "10.4.0.51:"),
      "echo.yaml": serviceText("echo", []),
    })
    const { problems } = await lab.event("held")
    const place = `${join(lab.source, "vips.yaml")}:7:3: CONFIGMAP_VALUE: `
    assert.ok(Array.isArray(problems) && String(problems[0]).startsWith(place), String(problems))
    assert.equal(await lab.read(), ["10.4.0.50", "10.2.0.1"])
    assert.equal(
      lab.status()?.problems.map(({ place: where }) => [where?.line, where?.column]),
      [[7, 3]],
    )
    // Another pass over the same problem.
    writeTree(lab.source, { "unrelated.yaml": "kind: Other\n" })
    writeTree(lab.source, { "vips.yaml": vipsText("10.4.0.50: default/echo", '10.4.0.51: ""') })
    await lab.until("10.4.0.50", "10.4.0.51")
    await lab.event("published")
    assert.is(lab.lines.filter(({ event }) => event === "held").length, 1)
    assert.equal([lab.status()?.state, lab.status()?.problems], ["published", []])
  },
)

follow("runSync() holds when the ConfigMap goes, and removes the VIPs when its data is emptied", async (lab) => {
  writeTree(lab.source, { "vips.yaml": vips, "echo.yaml": serviceText("echo", ["10.2.0.1"]) })
  await lab.until("10.4.0.50", "10.2.0.1")
  rmSync(join(lab.source, "vips.yaml"))
  await lab.event("held")
  assert.equal(
    lab.status()?.problems.map(({ code }) => code),
    ["CONFIGMAP_MISSING"],
  )
  assert.equal(await lab.read(), ["10.4.0.50", "10.2.0.1"])
  writeTree(lab.source, { "vips.yaml": vipsText() })
  await lab.until()
})

follow("runSync() holds when the whole directory goes, and goes on when it is back", async (lab) => {
  writeTree(lab.source, { "vips.yaml": vips })
  await lab.until("10.4.0.50")
  renameSync(lab.source, `${lab.source}-away`)
  await lab.event("held")
  assert.equal(
    lab.status()?.problems.map(({ code }) => code),
    ["SOURCE_MISSING"],
  )
  assert.equal(await lab.read(), ["10.4.0.50"])
  renameSync(`${lab.source}-away`, lab.source)
  await lab.event("mended")
  writeTree(lab.source, { "vips.yaml": vipsText("10.4.0.52: default/echo") })
  await lab.until("10.4.0.52")
})

follow("runSync() ends on the newest state after a storm of changes, without a publication for each", async (lab) => {
  for (let round = 0; round < 300; round++) {
    writeTree(lab.source, { "vips.yaml": vipsText(`10.4.1.${round % 250}: default/echo`) })
    if (round % 10 === 0) await tick()
  }
  writeTree(lab.source, { "vips.yaml": vipsText("10.4.0.99: default/echo") })
  await lab.until("10.4.0.99")
  assert.ok(lab.lines.filter(({ event }) => event === "published").length < 20)
})

test(
  "runSync() never publishes a manifest that is being written in place, whatever the cut",
  slow(60_000, () =>
    inLab(async (lab) => {
      const text = vipsText("10.4.0.50: default/echo", "10.4.0.51: default/echo:NAT")
      const settings = {
        source: { kind: "directory", directory: lab.source },
        desired: lab.desired,
        servicesConfigmap: "default/vips",
        retain: 5,
        once: true,
        logLevel: "silent",
      } as const
      const seen = new Set<string>()
      for (let end = 0; end <= text.length; end += 3) {
        // The writer goes on while sync waits for the file to settle.
        writeFileSync(join(lab.source, "vips.yaml"), text.slice(0, end))
        const finish = setTimeout(() => writeFileSync(join(lab.source, "vips.yaml"), text), 20)
        const running = runSync(settings, {
          log: createLog({}, { level: "silent" }),
          stop: new AbortController().signal,
        })
        await running
        clearTimeout(finish)
        // A cut at the end of a line cannot be told from a shorter file; any other cut is waited out.
        if (end > 0 && text[end - 1] !== "\n") seen.add((await lab.read()).join())
      }
      assert.equal([...seen], ["10.4.0.50,10.4.0.51"])
    }),
  ),
)

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
