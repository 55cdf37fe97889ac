import { test } from "uvu"
import * as assert from "uvu/assert"

import { createModelBuilder } from "../../../src/core/model/build-model.ts"
import type { Traffic } from "../../../src/core/objects/kinds.ts"
import { cluster, input, service, SETTINGS, vipsIn } from "../fixture.ts"

function built(traffic: Partial<Traffic> | undefined, persistenceTimeout = 0) {
  const objects = cluster([service("a", traffic === undefined ? {} : { traffic })])
  return createModelBuilder({ ...SETTINGS, persistenceTimeout })(input({ "10.4.0.50": "default/a" }, objects))
}

const STICKY = { sessionAffinity: "ClientIP", affinityTimeout: 10_800 }
const persistence: readonly [
  what: string,
  traffic: Partial<Traffic> | undefined,
  flag: number,
  seconds: number | null,
][] = [
  ["a Service that says so, without the flag", STICKY, 0, 10_800],
  ["a Service that says so, against the flag", { ...STICKY, affinityTimeout: 60 }, 1800, 60],
  ["a Service that does not, with the flag", { externalIPs: ["10.4.0.60"] }, 1800, 1800],
  ["a Service of which nothing is said, with the flag", undefined, 1800, 1800],
  ["a Service that does not, without the flag", { sessionAffinity: "None" }, 0, null],
]
for (const [what, traffic, flag, seconds] of persistence)
  test(`createModelBuilder() keeps clients with their pods for ${String(seconds)} s: ${what} (fault 270)`, () => {
    const server = vipsIn(built(traffic, flag).model)[0]?.virtualServers[0]
    assert.is(server?.persistenceTimeout, seconds)
  })

const ignored: readonly [field: string, shown: string, traffic: Partial<Traffic>][] = [
  ["externalTrafficPolicy", "Local", { externalTrafficPolicy: "Local" }],
  ["internalTrafficPolicy", "Local", { internalTrafficPolicy: "Local" }],
  ["loadBalancerSourceRanges", "10.0.0.0/8,192.0.2.0/24", { loadBalancerSourceRanges: ["10.0.0.0/8", "192.0.2.0/24"] }],
  ["trafficDistribution", "PreferSameZone", { trafficDistribution: "PreferSameZone" }],
  ["sessionAffinity", "ClientCookie", { sessionAffinity: "ClientCookie" }],
]
for (const [field, shown, traffic] of ignored)
  test(`createModelBuilder() warns of ${field}, which has no effect on a VIP, and forwards (fault 270)`, () => {
    const { model, problems, entries } = built(traffic)
    assert.equal(
      problems.map(({ code, severity }) => [code, severity]),
      [["SERVICE_FIELD_IGNORED", "warning"]],
    )
    assert.match(problems[0]?.message ?? "", `Cannot honour ${field} "${shown}" of "default/a"`)
    assert.is(problems[0]?.place?.file, "services/default/a.yaml")
    assert.is(entries[0]?.state, "good")
    assert.is(vipsIn(model)[0]?.virtualServers.length, 1)
  })

for (const traffic of [STICKY, { publishNotReadyAddresses: true }])
  test(`createModelBuilder() does not warn of ${Object.keys(traffic).join()}, which has an effect`, () => {
    assert.equal(built(traffic).problems, [])
  })

test("createModelBuilder() warns of each ignored field once per Service, not once per port", () => {
  const ports = [{ name: "a" }, { name: "b", port: 81 }]
  const objects = cluster([service("a", { ports, traffic: { externalTrafficPolicy: "Local", ...STICKY } })])
  const { problems } = createModelBuilder(SETTINGS)(input({ "10.4.0.50": "default/a" }, objects))
  assert.equal(
    problems.map(({ code }) => code),
    ["SERVICE_FIELD_IGNORED"],
  )
})

test.run()
