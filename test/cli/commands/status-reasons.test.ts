import { test } from "uvu"
import * as assert from "uvu/assert"

import { kkv } from "../support/kkv.ts"
import { inTree } from "../support/manifests.ts"
import { STATUS, volumes, VRRP } from "../support/volume.ts"

const WORDS = ["status", "--applied", "applied", "--desired", "desired"]
const [VIP] = STATUS.vips
const FAULT = { code: "ANY", severity: "error", path: [], place: null, message: "broken" } as const

const sick: readonly (readonly [name: string, changes: Parameters<typeof volumes>[1], reason: RegExp])[] = [
  ["rejected", { status: { outcome: "rejected", reason: "line 3" } }, /the last pass ended as rejected: line 3/],
  ["rolled back", { status: { outcome: "rolled-back", reason: "x" } }, /ended as rolled-back: x/],
  [
    "in FAULT (fault 250)",
    { status: { vrrp: [{ ...VRRP, state: "fault", reason: 'interface "eth0" is down' }] } },
    /VRRP is FAULT since 2026-11-22T22:00:00Z: interface "eth0" is down/,
  ],
  [
    "of unknown role",
    { status: { vrrp: [{ ...VRRP, state: "unknown", since: null, reason: "keepalived is not running" }] } },
    /The VRRP state is unknown: keepalived is not running/,
  ],
  ["stranded", { status: { outcome: "stranded", reason: "x" } }, /ended as stranded: x/],
  ["waiting", { status: { outcome: "waiting" } }, /ended as waiting/],
  [
    "a held VIP",
    { status: { vips: [{ ...VIP!, state: "held", problem: { code: "BAD_TARGET", message: "why" } }] } },
    /1 VIP is held.*\n.*\n.*[^]*\n {2}BAD_TARGET: why\n/,
  ],
  ["a VIP left out", { status: { vips: [{ ...VIP!, state: "left-out", problem: null }] } }, /1 VIP is left out/],
  ["stale", { sequence: 8 }, /stale: generation 8 is published, the sidecar has read 7/],
  ["pinned", { sequence: 8, status: { pinned: "00000000000000000007-0123456789ab" } }, /pinned to 0+7-.*"kkv resume"/],
  ["a source with problems", { sync: { state: "held" } }, /sync holds/],
  ["a volume that sync cannot write (fault 243)", { sync: { state: "failed" } }, /sync cannot write its volume/],
  ["keepalived is dead", { status: { keepalived: "stopped" } }, /keepalived is not running/],
  ["its VRRP process is dead", { status: { keepalived: "without-vrrp" } }, /VRRP child process is not running/],
  [
    "nobody has looked for keepalived",
    { status: { keepalived: "unknown" } },
    /Cannot tell yet whether keepalived runs/,
  ],
  ["nothing in effect", { status: { appliedSha256: null } }, /no configuration is known to be in effect/],
  ["a kernel that differs", { status: { drift: "found" } }, /the kernel differs from what is in effect/],
  ["a kernel that was set right a moment ago", { status: { drift: "repaired" } }, /the kernel differs/],
  ["a kernel that was not compared", { status: { drift: "unknown" } }, /has not been compared/],
  [
    "a fault of the node",
    { status: { problems: [{ ...FAULT, code: "RECORD_FAILED" }] } },
    /there is an error: RECORD_FAILED/,
  ],
  ["a program that changes IPVS", { status: { problems: [{ ...FAULT, code: "FOREIGN_CHANGES" }] } }, /FOREIGN_CHANGES/],
  [
    "an error with a place that nothing else says",
    { status: { problems: [{ ...FAULT, place: { file: "vips.yaml", line: 1, column: 1 } }] } },
    /there is an error: ANY/,
  ],
]
for (const [name, changes, reason] of sick)
  test(`status() ${name}: the reason, status 1`, () =>
    inTree(volumes({}, changes), async () => {
      const said = await kkv(WORDS)
      assert.is(said.status, 1)
      assert.match(said.out, /^(?:MASTER|FAULT|UNKNOWN) on n1: not healthy\n/)
      assert.match(said.out, reason)
    }))

test.run()
