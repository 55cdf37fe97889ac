import * as fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { sha256Of } from "../../../src/kit/sha256.ts"
import type { KeepalivedModel, VipModel, VirtualServer } from "../../../src/core/model/keepalived-model.ts"
import { type Piece, parsePiece } from "../../../src/core/render/piece.ts"
import { createRenderer } from "../../../src/core/render/render.ts"
import { checkStructure } from "../../../src/core/render/structure.ts"
import { shippedTemplates } from "../../support/golden.ts"

const templates = shippedTemplates()

function server(address: string, more: Partial<VirtualServer> = {}): VirtualServer {
  const realServers = [{ address: "10.2.1.5", port: 8080, weight: 1, draining: false } as const]
  return {
    ...{ service: "default/a", address, port: 80, protocol: "TCP", scheduler: "wlc", forwardingMethod: "NAT" },
    ...{ persistenceTimeout: null, check: "none", realServers, ...more },
  }
}

function vip(address: string, ...virtualServers: readonly VirtualServer[]): VipModel {
  return { id: `ConfigMap default/vips ${address}`, address, virtualServers }
}

function model(vips: readonly VipModel[], priority = 254): KeepalivedModel {
  const vrrp = { name: "vips", interface: "eth0", virtualRouterId: 50, priority, advertInterval: 1 } as const
  return {
    routerId: "n1",
    vrrpVersion: 3,
    releaseFile: "/run/keepalived/release",
    instances: [{ ...vrrp, anchor: "169.254.50.1", advertised: null, unicast: null, vips }],
  }
}

const addresses = Array.from({ length: 100 }, (_, at) => `10.4.0.${at + 1}`)
/** Of each address some VIPs: the same object again is what did not change. */
const pool = addresses.map((address) => [
  vip(address),
  vip(address, server(address)),
  vip(address, server(address, { service: "default/b" })),
  vip(address, server(address), server(address, { port: 81 }), server(address, { port: 81, protocol: "UDP" })),
])

const anyVips = fc.array(fc.option(fc.nat(3), { freq: 4 }), { minLength: 0, maxLength: 100 })
const anyStep = fc.record({ vips: anyVips, priority: fc.constantFrom(254, 254, 246) })
/** What a step changes of the one before: some places, all day; or everything. */
const anyChange = fc.oneof(
  anyStep,
  fc.array(fc.tuple(fc.nat(99), fc.option(fc.nat(3))), { minLength: 1, maxLength: 3 }),
)

test("createRenderer() renders each model like a new renderer", () => {
  fc.assert(
    fc.property(anyStep, fc.array(anyChange, { maxLength: 8 }), (first, changes) => {
      const render = createRenderer(templates)
      let step = first
      for (const change of [[], ...changes]) {
        if (Array.isArray(change)) {
          const vips = [...step.vips]
          for (const [at, one] of change) if (at < vips.length) vips[at] = one
          step = { ...step, vips }
        } else step = change
        const chosen = step.vips.flatMap((one, at) => (one === null ? [] : (pool[at]?.[one] ?? [])))
        const given = model(chosen, step.priority)
        const [again, fresh] = [render(given), createRenderer(templates)(given)]
        assert.is(again.text, fresh.text)
        assert.is(again.sha256, sha256Of(again.text))
        assert.is(again.pieces.map(({ text }) => text).join(""), again.text)
      }
    }),
    { numRuns: 60 },
  )
})

test("createRenderer() keeps the pieces of an unchanged VIP at any position", () => {
  const [a, b, c] = [pool[0]?.[1], pool[1]?.[1], pool[2]?.[1]]
  if (a === undefined || b === undefined || c === undefined) throw new Error("the pool has no VIPs")
  const render = createRenderer(templates)
  const before = render(model([a, c])).pieces
  const after = render(model([a, b, c])).pieces
  assert.is(after[2], before[2])
  assert.is(after[4], before[3])
})

const wrong: readonly [what: string, vips: readonly VipModel[]][] = [
  ["a virtual server twice", [vip("10.4.0.50", server("10.4.0.50"), server("10.4.0.50"))]],
  ["virtual servers out of order", [vip("10.4.0.50", server("10.4.0.50", { port: 81 }), server("10.4.0.50"))]],
  ["a VIP twice", [vip("10.4.0.50", server("10.4.0.50")), vip("10.4.0.50")]],
  ["a virtual server of another address", [vip("10.4.0.50", server("10.4.0.51"))]],
  ["the anchor as a VIP", [vip("169.254.50.1")]],
]
for (const [what, vips] of wrong)
  test(`createRenderer() throws for a model with ${what}`, () =>
    assert.throws(() => createRenderer(templates)(model(vips)), /Cannot trust/))

const spoilt: readonly [what: string, spoil: (pieces: readonly Piece[]) => readonly Piece[]][] = [
  ["the last VIP", (pieces) => pieces.with(1, without(pieces[1], "    10.4.0.51/32 dev eth0\n"))],
  ["the first VIP", (pieces) => pieces.with(1, without(pieces[1], "    10.4.0.50/32 dev eth0\n"))],
  ["the VRRP instance", (pieces) => pieces.toSpliced(1, 1)],
  ["the last block", (pieces) => pieces.toSpliced(3, 1)],
  ["the first block", (pieces) => pieces.toSpliced(2, 1)],
  ["the last line", (pieces) => pieces.slice(0, -1)],
  ["everything", () => []],
]
for (const [what, spoil] of spoilt)
  test(`checkStructure() throws for a text without ${what}`, () => {
    const given = model(["10.4.0.50", "10.4.0.51"].map((address) => vip(address, server(address))))
    const { pieces } = createRenderer(templates)(given)
    checkStructure(pieces, given)
    assert.throws(() => checkStructure(spoil(pieces), given), /Cannot trust/)
  })

function without(piece: Piece | undefined, text: string): Piece {
  if (piece?.text.includes(text) !== true) throw new Error(`the text does not contain ${text}`)
  return parsePiece(piece.text.replace(text, ""), piece.origin)
}

test.run()
