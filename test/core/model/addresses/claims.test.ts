import { test } from "uvu"
import * as assert from "uvu/assert"

import { createModelBuilder } from "../../../../src/core/model/build-model.ts"
import { cluster, input, service, type ServiceOptions, SETTINGS, vipsIn } from "../../fixture.ts"

const VIP = "10.4.0.50"

function codesOf(options: ServiceOptions, text = "default/a"): readonly string[] {
  const objects = cluster([service("a"), service("b", options)])
  const { problems, model } = createModelBuilder(SETTINGS)(input({ [VIP]: text, "10.4.0.60": "default/a" }, objects))
  assert.is(vipsIn(model).length, 2)
  assert.ok(
    problems.every(
      ({ severity, path }) => severity === "warning" && path.join() === `ConfigMap default/vips,data,${VIP}`,
    ),
  )
  return problems.map(({ code }) => code)
}

const claims: readonly [what: string, options: ServiceOptions, codes: readonly string[], vipOnly: readonly string[]][] =
  [
    ["its cluster IP", { clusterIP: VIP }, ["VIP_IS_CLUSTER_IP"], ["VIP_IS_CLUSTER_IP"]],
    [
      "its second cluster IP",
      { clusterIP: "fd00::9", traffic: { clusterIPs: ["fd00::9", VIP] } },
      ["VIP_IS_CLUSTER_IP"],
      ["VIP_IS_CLUSTER_IP"],
    ],
    ["an external IP", { traffic: { externalIPs: ["10.9.0.1", VIP] } }, ["VIP_IS_EXTERNAL_IP"], []],
    ["an external IP in another spelling", { traffic: { externalIPs: [`::ffff:${VIP}`] } }, ["VIP_IS_EXTERNAL_IP"], []],
    [
      "a load balancer's address",
      { traffic: { ingress: [{ ip: VIP, ipMode: "VIP" }] } },
      ["VIP_IS_LOAD_BALANCER_IP"],
      [],
    ],
    ["a load balancer's address with ipMode Proxy", { traffic: { ingress: [{ ip: VIP, ipMode: "Proxy" }] } }, [], []],
    [
      "the address that it wants of a load balancer",
      { traffic: { loadBalancerIP: VIP } },
      ["VIP_IS_LOAD_BALANCER_IP"],
      [],
    ],
    [
      "the address that it wants and has with ipMode Proxy",
      { traffic: { loadBalancerIP: VIP, ingress: [{ ip: VIP, ipMode: "Proxy" }] } },
      [],
      [],
    ],
    ["other addresses", { clusterIP: "10.96.0.9", traffic: { externalIPs: ["10.4.0.51"] } }, [], []],
  ]
for (const [what, options, codes, vipOnly] of claims) {
  test(`createModelBuilder() warns of a VIP that a Service has as ${what}, and announces it (fault 274)`, () =>
    assert.equal(codesOf(options), codes))
  test(`createModelBuilder() lets kube-proxy forward for an entry without Services: ${what}`, () =>
    assert.equal(codesOf(options, ""), vipOnly))
}

test("createModelBuilder() names the Service, the field and its file", () => {
  const objects = cluster([service("a", { traffic: { externalIPs: [VIP] } })])
  const { problems } = createModelBuilder(SETTINGS)(input({ [VIP]: "default/a" }, objects))
  assert.is(
    problems[0]?.message,
    'Cannot be sure that IPVS gets the packets of "10.4.0.50": Service "default/a" has that address in spec.externalIPs (services/default/a.yaml:1), and kube-proxy takes its packets first; remove it there',
  )
  assert.equal(problems[0]?.place, { file: "vips.yaml", line: 6, column: 3 })
})

test.run()
