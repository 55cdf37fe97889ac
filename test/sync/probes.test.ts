import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { closeSync, constants, existsSync, openSync, rmSync } from "node:fs"
import { type AddressInfo, createServer } from "node:net"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { startProbes } from "../../src/sync/probes.ts"
import { serviceText } from "../support/manifests.ts"
import { run } from "../support/run.ts"
import { slow } from "../support/slow.ts"
import { writeTree } from "../support/volume.ts"
import { inLab, type Lab, tick, vips } from "./lab.ts"

const kkv = join(import.meta.dirname, "../../src/kkv.ts")
const words = ({ desired }: Lab, port: number) => [
  ...[kkv, "sync", "--services-configmap=default/vips", "--log-level=debug"],
  ...["--desired", desired, "--http-port", String(port)],
]

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

const isHeld = (lab: Lab) => existsSync(join(lab.desired, "status.yaml")) && lab.status()?.state === "held"

/** Status, or what kept the answer from coming within a second. */
const probed = (port: number, path: string) =>
  fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(1_000) }).then(
    ({ status }) => status,
    () => null,
  )

async function until(port: number, path: string, status: number | null): Promise<void> {
  while ((await probed(port, path)) !== status) await new Promise((resolve) => setTimeout(resolve, 20))
}

test("startProbes() tells why desired/ cannot be written, and lives nevertheless", async () => {
  let objection: string | null = null
  const port = await freePort()
  const answers = { port, addresses: ["127.0.0.1"], notReady: () => objection, metrics: () => Promise.resolve("x 1\n") }
  const server = await startProbes(answers)
  try {
    assert.equal([await probed(port, "/livez"), await probed(port, "/readyz")], [200, 200])
    objection = "ENOSPC: no space left on device"
    const answer = await fetch(`http://127.0.0.1:${port}/readyz?again`)
    assert.equal([answer.status, await answer.text()], [503, `${objection}\n`])
    assert.is(await probed(port, "/livez"), 200)
    assert.is(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text(), "x 1\n")
  } finally {
    await server.close()
  }
})

/** Long names, as many as make a line of the log that is longer than what fits into half a pipe. */
const names = Array.from({ length: 15 }, (_, index) => `${index}${"x".repeat(200)}`)

test(
  "sync whose log is a full pipe that nobody reads publishes each change and answers its probes; its probe fails while it stands still (faults 222, 224)",
  slow(60_000, () =>
    inLab(async (lab) => {
      const pipe = join(lab.desired, "../log")
      execFileSync("mkfifo", [pipe])
      const log = openSync(pipe, constants.O_RDWR)
      const port = await freePort()
      writeTree(lab.source, { "vips.yaml": vips, "echo.yaml": serviceText("echo", ["10.2.0.1"]) })
      const sync = spawn(process.execPath, [...words(lab, port), "--source", lab.source], {
        stdio: ["ignore", "ignore", log],
      })
      try {
        await lab.until("10.4.0.50", "10.2.0.1")
        for (let change = 2; change <= 30; change++) {
          // What is wrong is said in the log, with the name of the file, in lines that fill a pipe of 64 KiB.
          const wrong = Object.fromEntries(
            names.map((name) => [`${change}-${name}.yaml`, "kind: Service\n\tbad: true\n"]),
          )
          writeTree(lab.source, wrong)
          while (!isHeld(lab)) await tick()
          for (const name of Object.keys(wrong)) rmSync(join(lab.source, name))
          writeTree(lab.source, { "echo.yaml": serviceText("echo", [`10.2.0.${change}`]) })
          await lab.until("10.4.0.50", `10.2.0.${change}`)
        }
        assert.equal([await probed(port, "/livez"), await probed(port, "/readyz")], [200, 200])
        sync.kill("SIGSTOP")
        await until(port, "/livez", null)
        sync.kill("SIGCONT")
        await until(port, "/livez", 200)
      } finally {
        sync.kill("SIGKILL")
        closeSync(log)
      }
    }),
  ),
)

test(
  "sync that waits for an API server is alive and ready (fault 224)",
  slow(60_000, () =>
    inLab(async (lab) => {
      const port = await freePort()
      const sync = spawn(process.execPath, [...words(lab, port), "--apiserver-host", "http://127.0.0.1:1"], {
        stdio: ["ignore", "ignore", "ignore"],
      })
      try {
        await until(port, "/livez", 200)
        assert.is(await probed(port, "/readyz"), 200)
      } finally {
        sync.kill("SIGKILL")
      }
    }),
  ),
)

test(
  "another program has the port of sync's probes: sync says so and ends with 3 (fault 221)",
  slow(60_000, () =>
    inLab(async (lab) => {
      const stranger = createServer().listen(0, "127.0.0.1")
      await once(stranger, "listening")
      const { port } = stranger.address() as AddressInfo
      try {
        const ended = await run(process.execPath, [...words(lab, port), "--source", lab.source], { limitMs: 50_000 })
        assert.is(ended.status, 3)
        assert.match(ended.stderr, `Cannot listen on 127.0.0.1 port ${port} (another program has it`)
      } finally {
        stranger.close()
      }
    }),
  ),
)

test.run()
