import { test } from "uvu"
import * as assert from "uvu/assert"
import type { KeepalivedModel } from "../../../src/core/model/keepalived-model.ts"
import type { Others } from "../../../src/core/model/addresses/others.ts"
import type { Question, Vacancies } from "../../../src/sidecar/lan/vacancies.ts"
import { withNewcomers } from "../../../src/sidecar/lan/newcomers.ts"
import type { RunningKeepalived } from "../../../src/sidecar/ports.ts"
import type { Ledger } from "../../../src/sidecar/volume/ledger.ts"
import { node } from "../../core/fixture.ts"
import { instanceOf, modelWith, otherInstance } from "../../core/instances.ts"
import { modelOf } from "../scripted.ts"

const LIVES: RunningKeepalived = { parent: { pid: 1, startTime: "1" }, checker: null, vrrp: null }

const ledgerOf = (...vips: readonly string[]): Ledger => ({
  ...{ vips: new Set(vips), additions: new Set(), virtualServers: new Set(), isLost: false },
})

const MODEL = modelOf("10.4.0.50", "10.4.0.51", "10.4.0.52", "10.4.0.53")

/** Which addresses of four are asked for, and what comes of it where each must wait. */
async function asked(
  ledger: Ledger,
  announced: readonly string[],
  found: Others | null,
  { lives = false, model = MODEL }: { readonly lives?: boolean; readonly model?: KeepalivedModel } = {},
) {
  let seen: readonly Question[] | null = null
  const vacancies: Pick<Vacancies, "waiting"> = {
    waiting: (questions) => {
      seen = questions
      return new Map(questions.flatMap(({ addresses }) => addresses.map((address) => [address, { kind: "asked" }])))
    },
  }
  const nodes = [node("n1", "10.4.0.3"), node("n2", "10.4.0.4"), node("n3", "10.4.0.5")]
  const past = { announced: new Set(announced), nodes }
  const others = await withNewcomers(model, found, {
    past,
    vacancies,
    ledger: () => Promise.resolve(ledger),
    keepalived: { running: () => Promise.resolve(lives ? LIVES : null) },
    self: "n1",
  })
  return { questions: seen as readonly Question[] | null, others }
}

test("withNewcomers() asks for what was never announced here, and adds to what the host has (faults 214, 215)", async () => {
  const found: Others = {
    addresses: new Map([["10.4.0.53", { kind: "host", interface: "cni0", prefixLength: 24 }]]),
    virtualServers: new Set(["10.4.0.50 80 TCP"]),
  }
  const { questions, others } = await asked(ledgerOf("10.4.0.50"), ["10.4.0.51"], found)
  const round = { interface: "eth0", anchor: "169.254.50.1", peers: ["10.4.0.4", "10.4.0.5"] }
  assert.equal(questions, [{ addresses: ["10.4.0.52"], round }])
  assert.equal([...(others?.addresses.keys() ?? [])], ["10.4.0.53", "10.4.0.52"])
  assert.equal(others?.virtualServers, found.virtualServers)
})

test("withNewcomers() asks for the VIPs of each instance on its interface (fault 215)", async () => {
  const model = modelWith(instanceOf("10.4.0.50"), otherInstance("10.8.0.50"))
  const { questions } = await asked(ledgerOf(), [], null, { model })
  assert.equal(
    questions?.map(({ addresses, round }) => [addresses, round.interface, round.anchor]),
    [
      [["10.4.0.50"], "eth0", "169.254.50.1"],
      [["10.8.0.50"], "eth1", "169.254.51.1"],
    ],
  )
})

test("withNewcomers() has nothing wait where all are announced already (fault 215)", async () => {
  const all = ["10.4.0.50", "10.4.0.51", "10.4.0.52", "10.4.0.53"]
  assert.is((await asked(ledgerOf(...all), [], null)).others, null)
  assert.is((await asked(ledgerOf(), all, null)).others, null)
})

test("withNewcomers() asks for nothing where keepalived lives on and no ledger tells what it announces (fault 215)", async () => {
  const lost = { ...ledgerOf(), isLost: true }
  assert.is((await asked(lost, [], null, { lives: true })).others, null)
  assert.is((await asked(lost, [], null)).others?.addresses.size, 4)
})

test.run()
