import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Others } from "../../../src/core/model/addresses/others.ts"
import type { Vacancies } from "../../../src/sidecar/lan/vacancies.ts"
import { withNewcomers } from "../../../src/sidecar/lan/newcomers.ts"
import type { RunningKeepalived } from "../../../src/sidecar/ports.ts"
import type { Ledger } from "../../../src/sidecar/volume/ledger.ts"
import { node } from "../../core/fixture.ts"
import { modelOf } from "../scripted.ts"

const LIVES: RunningKeepalived = { parent: { pid: 1, startTime: "1" }, checker: null, vrrp: null }

const ledgerOf = (...vips: readonly string[]): Ledger => ({
  ...{ vips: new Set(vips), additions: new Set(), virtualServers: new Set(), isLost: false },
})

/** Which addresses of four are asked for, and what comes of it where each must wait. */
async function asked(ledger: Ledger, announced: readonly string[], found: Others | null, lives = false) {
  let seen: Parameters<Vacancies["waiting"]> | null = null
  const vacancies: Pick<Vacancies, "waiting"> = {
    waiting: (...words) => {
      seen = words
      return new Map(words[0].map((address) => [address, { kind: "asked" }]))
    },
  }
  const nodes = [node("n1", "10.4.0.3"), node("n2", "10.4.0.4"), node("n3", "10.4.0.5")]
  const past = { announced: new Set(announced), nodes }
  const model = modelOf("10.4.0.50", "10.4.0.51", "10.4.0.52", "10.4.0.53")
  const others = await withNewcomers(model, found, {
    past,
    vacancies,
    ledger: () => Promise.resolve(ledger),
    keepalived: { running: () => Promise.resolve(lives ? LIVES : null) },
    self: "n1",
  })
  return { words: seen as Parameters<Vacancies["waiting"]> | null, others }
}

test("withNewcomers() asks for what was never announced here, and adds to what the host has (faults 214, 215)", async () => {
  const found: Others = {
    addresses: new Map([["10.4.0.53", { kind: "host", interface: "cni0", prefixLength: 24 }]]),
    virtualServers: new Set(["10.4.0.50 80 TCP"]),
  }
  const { words, others } = await asked(ledgerOf("10.4.0.50"), ["10.4.0.51"], found)
  assert.equal(words, [["10.4.0.52"], { interface: "eth0", anchor: "169.254.50.1", peers: ["10.4.0.4", "10.4.0.5"] }])
  assert.equal([...(others?.addresses.keys() ?? [])], ["10.4.0.53", "10.4.0.52"])
  assert.equal(others?.virtualServers, found.virtualServers)
})

test("withNewcomers() has nothing wait where all are announced already (fault 215)", async () => {
  const all = ["10.4.0.50", "10.4.0.51", "10.4.0.52", "10.4.0.53"]
  assert.is((await asked(ledgerOf(...all), [], null)).others, null)
  assert.is((await asked(ledgerOf(), all, null)).others, null)
})

test("withNewcomers() asks for nothing where keepalived lives on and no ledger tells what it announces (fault 215)", async () => {
  const lost = { ...ledgerOf(), isLost: true }
  assert.is((await asked(lost, [], null, true)).others, null)
  assert.is((await asked(lost, [], null)).others?.addresses.size, 4)
})

test.run()
