import { renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { createLog } from "../../src/kit/process/log.ts"
import { createGenerations } from "../../src/sidecar/volume/generations.ts"
import { runSync } from "../../src/sync/main.ts"
import { serviceText, vipsText } from "../support/manifests.ts"
import { slow } from "../support/slow.ts"
import { writeTree } from "../support/volume.ts"
import { inLab, type Lab, tick, vips } from "./lab.ts"

function settingsOf({ source, desired }: Lab) {
  return {
    source: { kind: "directory", directory: source },
    desired,
    servicesConfigmaps: ["default/vips"],
    retain: 5,
    httpPort: 0,
    httpAddress: [],
  } as const
}

/** sync itself, in this process, until the body ends. */
function follow(name: string, body: (lab: Lab) => Promise<void>): void {
  test(
    name,
    slow(30_000, () =>
      inLab(async (lab) => {
        const stop = new AbortController()
        const write = (line: string) => void lab.lines.push(JSON.parse(line) as Record<string, unknown>)
        const settings = { ...settingsOf(lab), once: false, logLevel: "debug" } as const
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
      const settings = { ...settingsOf(lab), once: true, logLevel: "silent" } as const
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

test("runSync() publishes another order of the ConfigMaps, which readers get, and holds one that is gone over a restart", () =>
  inLab(async (lab) => {
    const run = async (...servicesConfigmaps: readonly string[]) => {
      const log = createLog({}, { level: "silent" })
      const settings = { ...settingsOf(lab), servicesConfigmaps, once: true, logLevel: "silent" } as const
      const status = await runSync(settings, { log, stop: new AbortController().signal })
      const reading = await createGenerations({ directory: lab.desired, alarm: () => {} }).read()
      if (reading.kind !== "generation") throw new Error(`the reading is ${reading.kind}`)
      const { sequence, objects } = reading.generation
      const keys = [...objects.configMaps].map(([key, { object }]) => `${key} ${Object.keys(object.data).join()}`)
      return [status, sequence, ...keys]
    }
    const more = vipsText("10.4.0.60: default/echo").replace("name: vips", "name: more")
    writeTree(lab.source, { "vips.yaml": vips, "more.yaml": more, "echo.yaml": serviceText("echo", ["10.2.0.1"]) })
    const [first, second] = ["default/vips 10.4.0.50", "default/more 10.4.0.60"] as const
    assert.equal(await run("default/vips", "default/more"), [0, 1, first, second])
    assert.equal(await run("default/vips", "default/more"), [0, 1, first, second])
    assert.equal(await run("default/more", "default/vips"), [0, 2, second, first])
    rmSync(join(lab.source, "more.yaml"))
    assert.equal(await run("default/more", "default/vips"), [1, 2, second, first])
    writeTree(lab.source, { "vips.yaml": vipsText("10.4.0.51: default/echo") })
    assert.equal(await run("default/more", "default/vips"), [1, 3, second, "default/vips 10.4.0.51"])
    assert.equal(
      [lab.status()?.state, ...(lab.status()?.problems ?? []).map(({ code, path }) => `${code} ${path.join()}`)],
      ["published", "CONFIGMAP_MISSING ConfigMap default/more"],
    )
    rmSync(join(lab.source, "vips.yaml"))
    assert.equal(await run("default/more", "default/vips"), [1, 3, second, "default/vips 10.4.0.51"])
    assert.is(lab.status()?.state, "held")
  }))

test.run()
