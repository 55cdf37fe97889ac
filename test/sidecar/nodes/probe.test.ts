import { spawn } from "node:child_process"
import { connect, createServer, type Server, type Socket } from "node:net"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { createProber } from "../../../src/sidecar/nodes/probe.ts"
import type { Target } from "../../../src/sidecar/nodes/watched.ts"
import { settled } from "../../support/clock.ts"

/**
 * A port of this machine that is silent: the process behind it stands still, and its queue is full, so that the kernel drops
 * what comes. Connections that fill the queue stay open meanwhile.
 */
async function withSilence(check: (target: Target) => Promise<void>): Promise<void> {
  const script = `const s = require("net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => console.log(s.address().port))`
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] })
  const fillers: Socket[] = []
  try {
    const port = await new Promise<number>((resolve) =>
      child.stdout.once("data", (text: Buffer) => resolve(Number(text.toString()))),
    )
    child.kill("SIGSTOP")
    while (fillers.length < 4) fillers.push(connect({ host: "127.0.0.1", port }).on("error", () => undefined))
    // A queue for one takes two.
    while (fillers.filter(({ readyState }) => readyState === "open").length < 2) await settled()
    await check({ address: "127.0.0.1", port })
  } finally {
    for (const socket of fillers) socket.destroy()
    const ended = new Promise((resolve) => child.once("close", resolve))
    child.kill("SIGKILL")
    await ended
  }
}

async function listening(): Promise<{ server: Server; port: number; ended: Promise<void> }> {
  let end = () => {}
  const ended = new Promise<void>((resolve) => (end = resolve))
  const server = createServer((socket) => {
    socket.on("error", () => undefined)
    socket.on("close", end)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  return { server, port: typeof address === "object" && address !== null ? address.port : 0, ended }
}

const closed = (server: Server) => new Promise((resolve) => server.close(resolve))

test("createProber() accepted: a port that listens; and it hangs up at once", async () => {
  const { server, port, ended } = await listening()
  assert.is(await createProber().ask({ address: "127.0.0.1", port }), "accepted")
  await ended
  await closed(server)
})

test("createProber() refused: a port without a listener", async () => {
  const { server, port } = await listening()
  await closed(server)
  assert.is(await createProber().ask({ address: "127.0.0.1", port }), "refused")
})

test("createProber() silent: nothing comes back in time", () =>
  withSilence(async (target) => {
    const startedAt = performance.now()
    assert.is(await createProber({ timeoutMs: 100 }).ask(target), "silent")
    assert.ok(performance.now() - startedAt >= 99)
  }))

test("createProber() unknown: more connections than may be open at a time", () =>
  withSilence(async (target) => {
    const prober = createProber({ timeoutMs: 100, mostOpen: 1 })
    assert.equal(await Promise.all([prober.ask(target), prober.ask(target)]), ["silent", "unknown"])
    assert.is(await prober.ask(target), "silent")
  }))

test("createProber() unknown: this process paused for an unknown time", () =>
  withSilence(async (target) => {
    const asked = createProber({ timeoutMs: 50 }).ask(target)
    const end = performance.now() + 1_200
    while (performance.now() < end);
    assert.is(await asked, "unknown")
  }))

test("createProber() accepted: the answer was there while this process was busy", async () => {
  const { server, port } = await listening()
  const asked = createProber({ timeoutMs: 50 }).ask({ address: "127.0.0.1", port })
  const end = performance.now() + 200
  while (performance.now() < end);
  assert.is(await asked, "accepted")
  await closed(server)
})

test("close() ends what is under way", () =>
  withSilence(async (target) => {
    const prober = createProber({ timeoutMs: 60_000 })
    const asked = prober.ask(target)
    prober.close()
    assert.is(await asked, "unknown")
  }))

test.run()
