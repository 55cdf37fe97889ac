import { test } from "uvu"
import * as assert from "uvu/assert"
import { decodeNodeReport, encodeNodeReport, MOST_SERVED_TEXT } from "../../../src/contract/report/node-report.ts"
import { ALIVE } from "../../support/signs.ts"
import { good, report, vip } from "./node-view.ts"
import { VRRP } from "../../cli/support/volume.ts"

test("nodeReportOf() has the roles, and decodeNodeReport() reads it", () => {
  const { roles } = report({})
  const { interface: _, ...role } = VRRP
  assert.equal(roles, [{ ...role, priority: null }])
  assert.equal(decodeNodeReport(encodeNodeReport(report({})))?.roles, roles)
  assert.is(report({ status: null }).roles, null)
  const hostile = { ...VRRP, reason: HOSTILE }
  assert.is(report({ status: { ...good, vrrp: [hostile] } }).roles?.[0]?.reason, SHOWN)
})

test("nodeReportOf() has the drain of a node, which is not a trouble, and decodeNodeReport() reads it", () => {
  const drained = { since: "2026-11-22T22:00:00.000Z", reason: HOSTILE }
  const said = report({ status: { ...good, drained } })
  assert.is(said.state, "applied")
  assert.equal(said.drained, { ...drained, reason: SHOWN })
  assert.equal(decodeNodeReport(encodeNodeReport(said))?.drained, said.drained)
  assert.is(report({}).drained, null)
})

test("nodeReportOf() names entry, reason and consequence", () => {
  const [trouble] = report({
    status: {
      ...good,
      vips: [{ ...vip, state: "held", problem: { code: "SERVICE_NOT_FOUND", message: "no such Service" } }],
    },
  }).troubles
  assert.is(trouble?.note, '"10.4.0.50": no such Service (its last good form stays in effect)')
})

test("nodeReportOf() says once what all VIPs of an entry have", () => {
  const problem = { code: "BAD_FIELD", message: "Cannot read" }
  const vips = ["10.4.0.60", "10.4.0.61"].map((one) => ({
    ...vip,
    vip: one,
    entry: "web",
    state: "held" as const,
    problem,
  }))
  assert.equal(
    report({ status: { ...good, vips } }).troubles.map(({ note }) => note),
    ['"web": Cannot read (its last good form stays in effect)'],
  )
})

test("nodeReportOf() stays small, whatever stands in the ConfigMap", () => {
  const vips = Array.from({ length: 500 }, (_, at) => ({
    ...vip,
    entry: `10.4.${at}.50`,
    state: "held" as const,
    problem: { code: "BAD_TARGET", message: "x".repeat(9000) },
  }))
  const long = report({ status: { ...good, vips } })
  assert.is(long.troubles.length, 5)
  assert.is(long.more, 495)
  const backup = report({ status: { ...good, vrrp: [{ ...VRRP, state: "backup" }], vips } })
  assert.is(backup.serves, null)
  assert.ok(encodeNodeReport(backup).length < 2000)
  assert.ok(encodeNodeReport(long).length < 2000 + MOST_SERVED_TEXT + 1000)
})

test("nodeReportOf() a master says what serves each VIP, as far as there is room", () => {
  const one = { ...vip, drainingPods: 1, unreachablePods: 3, problem: { code: "NO_ENDPOINTS", message: "x" } }
  const [served, ...others] = report({ status: { ...good, vips: [one] } }).serves ?? []
  assert.equal(others, [])
  assert.equal(served, {
    ...{ vip: "10.4.0.50", state: "applied", services: ["default/echo"], moreServices: 0 },
    ...{ virtualServers: 1, realServers: 2, readyPods: 2, drainingPods: 1, unreachablePods: 3, unserved: 0 },
    problem: "NO_ENDPOINTS",
  })
  const many = Array.from({ length: 1000 }, (_, at) => ({ ...vip, vip: `10.4.${at >> 8}.${at & 255}` }))
  const { serves, servesMore } = report({ status: { ...good, vips: many } })
  assert.is((serves?.length ?? 0) + servesMore, 1000)
  assert.ok((serves?.length ?? 0) > 200, String(serves?.length))
  const services = Array.from({ length: 9 }, (_, at) => `default/s${at}`)
  const [wide] = report({ status: { ...good, vips: [{ ...vip, services }] } }).serves ?? []
  assert.equal([wide?.services.length, wide?.moreServices], [4, 5])
})

test("nodeReportOf() a dead agent serves nothing that is known", () => {
  assert.is(report({ agent: { ...ALIVE, silence: { kind: "age", seconds: 16 } } }).serves, null)
})

test("decodeNodeReport() the report of an older release does not say what the node serves", () => {
  const { serves: _, servesMore: __, ...old } = JSON.parse(encodeNodeReport(report({})))
  assert.equal(
    [decodeNodeReport(JSON.stringify(old))?.serves, decodeNodeReport(JSON.stringify(old))?.servesMore],
    [null, 0],
  )
})

const HOSTILE = "\u001b[2J\u009b2J\r\u2028\u202e"
const SHOWN = String.raw`\u001b[2J\u009b2J\u000d\u2028\u202e`

test("nodeReportOf() and decodeNodeReport() let nothing hidden into Events and the VipReport", () => {
  const broken = { ...vip, entry: HOSTILE, state: "held" as const, problem: { code: "BAD_TARGET", message: HOSTILE } }
  const [own] = report({ status: { ...good, vips: [broken] } }).troubles
  // JSON's own escape where it has a short one.
  const entry = SHOWN.replace(String.raw`\u000d`, String.raw`\r`)
  assert.is(own?.note, `"${entry}": ${SHOWN} (its last good form stays in effect)`)
  // A Lease that another node's sync wrote, which may be anybody by now.
  const forged = {
    configMap: HOSTILE,
    state: "wrong",
    generation: "7",
    vips: 1,
    readyPods: 1,
    roles: null,
    more: 0,
    ...{ unserved: 1, unservedNames: [HOSTILE] },
  }
  const decoded = decodeNodeReport(JSON.stringify({ ...forged, troubles: [{ reason: "Held", note: HOSTILE }] }))
  assert.equal([decoded?.configMap, decoded?.troubles], [SHOWN, [{ reason: "Held", note: SHOWN }]])
  assert.equal(decoded?.unservedNames, [SHOWN])
  assert.is(decodeNodeReport(JSON.stringify({ ...forged, troubles: [{ reason: HOSTILE, note: "" }] })), null)
  assert.is(decodeNodeReport(JSON.stringify({ ...forged, generation: HOSTILE, troubles: [] })), null)
})

test("decodeNodeReport() gives what encodeNodeReport() was given, and null for anything else", () => {
  const one = report({ status: { ...good, vips: [{ ...vip, state: "held" }] } })
  assert.equal(decodeNodeReport(encodeNodeReport(one)), one)
  for (const text of ["", "{}", "null", "[]", '{"state":"fine"}']) assert.is(decodeNodeReport(text), null)
})

test("nodeReportOf() counts what is in effect, a held VIP as well, and not what is left out (fault 261)", () => {
  const vips = [
    vip,
    { ...vip, state: "held" as const },
    { ...vip, state: "pending" as const },
    { ...vip, state: "pending" as const, inEffect: false },
    { ...vip, state: "left-out" as const, inEffect: false },
    { ...vip, state: "unserved" as const, entry: "10.4.0.9", unserved: 1, readyPods: 0 },
  ]
  const one = report({ status: { ...good, vips } })
  assert.equal([one.vips, one.readyPods, one.unserved, one.unservedNames], [4, 6, 1, ["10.4.0.9"]])
})

test("nodeReportOf() is applied with a VIP that has no ready pod: that is told apart (fault 261)", () => {
  const one = report({ status: { ...good, vips: [{ ...vip, state: "unserved", unserved: 1, readyPods: 0 }] } })
  assert.equal([one.state, one.troubles, one.unserved], ["applied", [], 1])
})

test("nodeReportOf() says the same of a dead agent however long it is dead (fault 260)", () => {
  const after = (seconds: number) => report({ agent: { ...ALIVE, silence: { kind: "age", seconds } } })
  assert.equal(after(20), after(2000))
})

test.run()
