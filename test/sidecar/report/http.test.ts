import { connect, type Socket } from "node:net"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { type AnswerParts, startServers } from "../../../src/sidecar/report/http.ts"
import { NO_HISTORY } from "../../../src/sidecar/agent/history.ts"
import { createMetrics } from "../../../src/sidecar/report/metrics.ts"
import { parseSettings } from "../../../src/sidecar/wiring/settings.ts"
import { STATUS, SYNC_SIGNS } from "../../cli/support/volume.ts"
import { renderedOf } from "../scripted.ts"
import { readPageTexts } from "../../../src/sidecar/wiring/page.ts"
import { explain, GENERATIONS, pageData } from "../page/fixture.ts"

const HIDDEN = "\u001b[2J\u009b\u202e"
const { sha256, model } = renderedOf("10.4.0.50")
const snapshot = {
  ...{ observation: null, outcome: null, running: null, drift: null, history: NO_HISTORY },
  roles: new Map([["vips", { state: "master" as const, since: null, reason: null }]]),
  inEffect: { sha256, model, generation: null, since: 0 },
}
const parts: AnswerParts = {
  agent: { snapshot: () => snapshot },
  metrics: createMetrics(),
  watch: { counts: () => ({ pollRecovered: 0, watcherErrors: 0 }) },
  status: { value: () => ({ ...STATUS, reason: HIDDEN }) },
  statusNow: () => STATUS,
  sync: () => SYNC_SIGNS,
  faults: { standing: () => [] },
  nodes: {
    follow: () => {},
    unreachable: () => new Set(["worker-7"]),
    state: () => ({ watched: 2, unreachable: ["worker-7"], unheard: ["worker-8"], isCutOff: false }),
    stop: () => Promise.resolve(),
  },
  page: () => Promise.resolve(pageData()),
  pageTexts: readPageTexts,
  node: "n1",
  generations: GENERATIONS,
  explain,
}

/** Servers on the addresses; each url is reached by loopback, wherever it listens. */
async function served(httpAddresses: readonly string[], use: (urls: readonly string[]) => Promise<void>) {
  const servers = await startServers({ httpPort: 0, httpAddresses })
  servers.answerFrom(parts)
  try {
    await use(servers.ports.map((port) => `http://127.0.0.1:${port}`))
  } finally {
    await servers.close()
  }
}

const statusOf = async (url: string) => (await fetch(url)).status

test("the sidecar answers only on loopback by default", () => {
  const parsed = parseSettings(["--node", "n1"])
  assert.equal(parsed.kind === "settings" && parsed.settings.httpAddresses, ["127.0.0.1"])
})

test("--http-address takes IP addresses, and nothing else", () => {
  const parsed = parseSettings(["--http-address", "127.0.0.1,10.4.0.3"])
  assert.equal(parsed.kind === "settings" && parsed.settings.httpAddresses, ["127.0.0.1", "10.4.0.3"])
  for (const wrong of ["", "127.0.0.1,", "localhost", "10.4.0.3:8080", "10.4.0.0/24"])
    assert.equal(parseSettings(["--http-address", wrong]), { kind: "exit", status: 2 }, wrong)
})

test("startServers() tells the LAN how the node fares, and the names of Services on loopback alone", () =>
  served(["127.0.0.1", "0.0.0.0"], async ([own = "", lan = ""]) => {
    for (const path of ["/livez", "/metrics"])
      assert.equal([await statusOf(own + path), await statusOf(lan + path)], [200, 200], path)
    assert.equal([await statusOf(`${own}/status.json`), await statusOf(`${lan}/status.json`)], [200, 404])
    const page = await (await fetch(`${lan}/metrics`)).text()
    for (const name of ["10.4.0.50", "default/echo", "worker-7", "worker-8"])
      assert.not.ok(page.includes(name), `the metrics say ${name}`)
  }))

test("startServers() shows the VRRP state in the metrics: one of all states, and transitions from zero on", () =>
  served(["127.0.0.1"], async ([url = ""]) => {
    const lines = async () => (await (await fetch(`${url}/metrics`)).text()).split("\n")
    const page = await lines()
    for (const state of ["master", "backup", "fault", "init", "unknown"]) {
      assert.ok(
        page.includes(`kkv_vrrp_state{vrrp_instance="vips",state="${state}"} ${state === "master" ? 1 : 0}`),
        state,
      )
      assert.ok(page.includes(`kkv_vrrp_transitions_total{vrrp_instance="vips",state="${state}"} 0`), state)
    }
    parts.metrics.transition({ kind: "role", instance: "vips", time: "", from: "master", to: "fault", reason: null })
    assert.ok((await lines()).includes('kkv_vrrp_transitions_total{vrrp_instance="vips",state="fault"} 1'))
  }))

test("startServers() answers with nothing that a terminal acts upon", () =>
  served(["127.0.0.1"], async ([url = ""]) => {
    const body = await (await fetch(`${url}/status.json`)).text()
    assert.is(body.match(/[^\n -~]/g), null)
    assert.is(JSON.parse(body).reason, HIDDEN)
  }))

test("startServers() answers on loopback while a client holds all connections of the LAN's address", () =>
  served(["127.0.0.1", "0.0.0.0"], async ([own = "", lan = ""]) => {
    const port = Number(new URL(lan).port)
    const sockets = await Promise.all(Array.from({ length: 600 }, () => opened(port)))
    try {
      assert.ok(sockets.some((socket) => socket.destroyed) || (await someEnds(sockets)), "there is a limit")
      assert.is(await statusOf(`${own}/livez`), 200)
    } finally {
      for (const socket of sockets) socket.destroy()
    }
  }))

function opened(port: number): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(socket))
    socket.on("error", () => resolve(socket))
    socket.resume()
  })
}

function someEnds(sockets: readonly Socket[]): Promise<boolean> {
  return new Promise((resolve) => {
    for (const socket of sockets) socket.once("close", () => resolve(true))
  })
}

test("startServers() answers before there is anything to say: alive, and neither ready nor well", async () => {
  const servers = await startServers({ httpPort: 0, httpAddresses: ["127.0.0.1"] })
  try {
    const url = `http://127.0.0.1:${servers.ports[0]}`
    const statuses: number[] = []
    for (const path of ["/livez", "/readyz", "/health", "/metrics", "/status.json"])
      statuses.push(await statusOf(url + path))
    assert.equal(statuses, [200, 503, 503, 503, 503])
  } finally {
    await servers.close()
  }
})

test("startServers() closes what it has opened when one of the addresses is not this machine's", async () => {
  const fault: unknown = await startServers({ httpPort: 0, httpAddresses: ["127.0.0.1", "203.0.113.1"] }).catch(
    (error: unknown) => error,
  )
  assert.match(String(fault), "Cannot listen on 203.0.113.1")
})

test.run()
