import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { VARIABLES } from "../../src/contract/variables.ts"
import { unknownVariables } from "../../src/kit/process/variables.ts"
import { kkv } from "../cli/support/kkv.ts"
import { run } from "../support/run.ts"
import { slow } from "../support/slow.ts"

const program = join(import.meta.dirname, "../../src/kkv.ts")

test(
  "VARIABLES has every variable of every program's help",
  slow(60_000, async () => {
    const helps: string[] = []
    for (const name of ["sync", "sidecar"])
      helps.push((await run(process.execPath, [program, name, "--help"], { limitMs: 25_000 })).stdout)
    for (const name of ["validate", "render", "diff", "status", "explain", "history", "rollback", "resume", "version"])
      helps.push((await kkv([name, "--help"])).out)
    const found = new Set(helps.join("\n").match(/KKV_[A-Z_]+[A-Z]/g))
    assert.ok(found.size > 30, `${found.size}`)
    for (const name of found) assert.ok(VARIABLES.includes(name), name)
  }),
)

const known = ["KKV_VIP_RANGES", "KKV_VRID", "KKV_HTTP_PORT"]
const cases: readonly [name: string, value: string, says: string | null][] = [
  ["KKV_VIP_RANGES", "10.0.0.0/8", null],
  ["KKV_VIP_RANGE", "10.0.0.0/8", "there is no setting of that name; did you mean KKV_VIP_RANGES?"],
  ["KKV_VIPRANGES", "", "there is no setting of that name; did you mean KKV_VIP_RANGES?"],
  ["KKV_VIRD", "51", "there is no setting of that name; did you mean KKV_VRID?"],
  ["KKV_SOMETHING_ELSE", "1", "there is no setting of that name; unset it"],
  ["kkv_vip_ranges", "10.0.0.0/8", "there is no setting of that name; did you mean KKV_VIP_RANGES?"],
  ["Kkv_vip_range", "10.0.0.0/8", "there is no setting of that name; did you mean KKV_VIP_RANGES?"],
  ["KKV-VIP-RANGES", "10.0.0.0/8", "there is no setting of that name; did you mean KKV_VIP_RANGES?"],
  ["kkv.vrid", "51", "there is no setting of that name; did you mean KKV_VRID?"],
  ["OTHER", "1", null],
  ["kkv", "1", null],
  // What a kubelet sets for a Service called kkv, and one called kkv-metrics.
  ["KKV_SERVICE_HOST", "10.96.0.1", null],
  ["KKV_SERVICE_PORT_HTTP", "80", null],
  ["KKV_PORT", "tcp://10.96.0.1:80", null],
  ["KKV_METRICS_PORT_80_TCP_ADDR", "10.96.0.1", null],
]
for (const [name, value, says] of cases)
  test(`unknownVariables() ${says === null ? "accepts" : "names"} ${name}`, () => {
    const expected = says === null ? [] : [`Cannot use the variable ${name}: ${says}`]
    assert.equal(unknownVariables({ [name]: value }, { prefix: "KKV_", known }), expected)
  })

for (const words of [["sync", "--source", "/tmp", "--services-configmap=a/b"], ["sidecar"], ["validate", "/tmp"]])
  test(
    `a mistyped variable is refused: kkv ${words[0]}`,
    slow(60_000, async () => {
      const environment = { KKV_VIP_RANGE: "10.4.0.0/24" }
      const ended = await run(process.execPath, [program, ...words], { environment, limitMs: 50_000 })
      assert.is(ended.status, 2)
      assert.match(
        ended.stderr,
        /^kkv: Cannot use the variable KKV_VIP_RANGE: there is no setting of that name; did you mean KKV_VIP_RANGES\?$/m,
      )
    }),
  )

test(
  "an unknown flag is named even if a required one is missing",
  slow(60_000, async () => {
    const ended = await run(process.execPath, [program, "sync", "--srouce", "x"], { limitMs: 50_000 })
    assert.is(ended.status, 2)
    assert.match(ended.stderr, "kkv: unknown option '--srouce'\n(Did you mean --source?)")
  }),
)

test.run()
