import { spawn } from "node:child_process"
import { once } from "node:events"
import { connect } from "node:net"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { type HttpServer, serve } from "../../../src/kit/http/server.ts"
import { slow } from "../../support/slow.ts"

const LARGE = "x".repeat(100_000)
const routes = {
  "/livez": () => ({ status: 200, type: "text/plain", body: "OK" }),
  "/large": () => ({ status: 200, type: "text/plain", body: LARGE.slice(0, 100_000 - (Date.now() % 2)) }),
}

async function served(use: (server: HttpServer) => Promise<void>): Promise<void> {
  const server = await serve({ port: 0, address: "127.0.0.1", routes })
  try {
    await use(server)
  } finally {
    await server.close()
  }
}

/** Connections that the other process really opens. */
const CONNECTIONS = 10_000
/** A kubelet gives up after 5 s. */
const PROBE_LIMIT_MS = 5_000
/** Of a readiness probe; a machine that is short of processors may miss one. */
const FAILURE_THRESHOLD = 3
const PROBES = 20
const MEMORY_LIMIT = 200 * 1024 * 1024

test(
  "serve() answers each probe while another process opens 10,000 connections and keeps all it can: idle, half-sent, byte by byte, never reading, pipelined (fault 220)",
  slow(180_000, () =>
    served(async ({ port }) => {
      const before = process.memoryUsage.rss()
      const script = join(import.meta.dirname, "hostile-clients.ts")
      const hostile = spawn(process.execPath, [script, String(port), String(CONNECTIONS)], {
        stdio: ["ignore", "pipe", "inherit"],
      })
      try {
        const opened = once(hostile.stdout, "data").then(() => true)
        let isOpened = false
        let failures = 0
        for (let probe = 0; probe < PROBES || !isOpened; probe++) {
          const answer = await probed(port)
          failures = answer === "OK" ? 0 : failures + 1
          assert.ok(failures < FAILURE_THRESHOLD, `${failures} probes in a row: ${answer}`)
          isOpened ||= await Promise.race([opened, new Promise<false>((resolve) => setTimeout(resolve, 200, false))])
        }
        const grown = process.memoryUsage.rss() - before
        assert.ok(grown < MEMORY_LIMIT, `${grown} bytes`)
        const sockets = process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length
        assert.ok(sockets < 600, `${sockets} sockets are open`)
      } finally {
        hostile.kill("SIGKILL")
        await once(hostile, "close")
      }
    }),
  ),
)

async function probed(port: number): Promise<string> {
  const signal = AbortSignal.timeout(PROBE_LIMIT_MS)
  const url = `http://127.0.0.1:${port}/livez`
  return fetch(url, { signal }).then((response) => response.text(), String)
}

test("serve() ends a connection that sends nothing, and one that sends one byte at a time, after 5 s", () =>
  served(async ({ port }) => {
    const startedAt = performance.now()
    const ends = [0, 1].map(async (bytes) => {
      const socket = connect(port, "127.0.0.1").on("error", () => {})
      const timer = setInterval(() => bytes > 0 && socket.writable && socket.write("G"), 100)
      await new Promise((resolve) => socket.resume().on("close", resolve))
      clearInterval(timer)
    })
    await Promise.all(ends)
    const tookMs = performance.now() - startedAt
    assert.ok(tookMs > 4_000 && tookMs < 8_000, `${tookMs} ms`)
  }))

test("serve() answers one request a connection and says so", () =>
  served(async ({ port }) => {
    const socket = connect(port, "127.0.0.1").setEncoding("utf8")
    let answer = ""
    socket.on("data", (text: string) => (answer += text))
    socket.write("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n".repeat(3))
    await once(socket, "close")
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n[^]*connection: close\r\n\r\nOK$/)
  }))

test.run()
