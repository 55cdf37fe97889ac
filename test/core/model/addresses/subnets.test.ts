import { test } from "uvu"
import * as assert from "uvu/assert"
import { createModelBuilder } from "../../../../src/core/model/build-model.ts"
import { cluster, input, node, SETTINGS, vipsIn } from "../../fixture.ts"

const subnet = (address: string, prefixLength: number) => ({ interface: "eth0", address, prefixLength })

const problemsOf = (vip: string, subnets?: readonly ReturnType<typeof subnet>[]) => {
  const nodes = [node("n1", "10.4.0.3"), node("n2", "10.4.0.4")]
  const facts = { name: "n1", interface: "eth0", ipvs: true, ...(subnets === undefined ? {} : { subnets }) }
  const { model, problems } = createModelBuilder(SETTINGS)(input({ [vip]: "" }, cluster([], nodes), { node: facts }))
  assert.is(vipsIn(model).length, 1)
  return problems
}
const codesOf = (...given: Parameters<typeof problemsOf>) => problemsOf(...given).map(({ code }) => code)

const known: [vip: string, subnets: string[], code: string | null][] = [
  ["10.4.0.50", ["10.4.0.3/24"], null],
  ["10.9.0.50", ["10.4.0.3/24"], "VIP_OUTSIDE_SUBNETS"],
  ["10.4.1.50", ["10.4.0.3/24"], "VIP_OUTSIDE_SUBNETS"],
  ["10.4.1.50", ["10.4.0.3/24", "10.4.1.3/24"], null],
  ["10.4.0.255", ["10.4.0.3/24"], "VIP_IS_SUBNET_ADDRESS"],
  ["10.4.0.0", ["10.4.0.3/24"], "VIP_IS_SUBNET_ADDRESS"],
  ["10.4.0.255", ["10.4.0.3/22"], null],
  ["10.4.3.255", ["10.4.0.3/22"], "VIP_IS_SUBNET_ADDRESS"],
  ["10.4.0.2", ["10.4.0.3/31"], null],
  ["10.4.0.50", ["10.4.0.3/32"], null],
  ["10.9.0.50", [], null],
]
for (const [vip, texts, code] of known)
  test(`createModelBuilder() ${code === null ? "says nothing" : `warns with ${code}`} of ${vip} on ${texts.join(" and ") || "an interface without address"} (fault 207)`, () => {
    const subnets = texts.map((text) => subnet(text.split("/")[0] ?? "", Number(text.split("/")[1])))
    const problems = problemsOf(vip, subnets)
    assert.equal(
      problems.map(({ code, severity }) => [code, severity]),
      code === null ? [] : [[code, "warning"]],
    )
  })

test("createModelBuilder() says which subnets the interface has", () =>
  assert.match(
    problemsOf("10.9.0.50", [subnet("10.4.0.3", 24)])[0]?.message ?? "",
    /not in a subnet of eth0 \(10\.4\.0\.0\/24\)/,
  ))

test("createModelBuilder() guesses the subnets from the Nodes when they are not known (fault 207)", () => {
  assert.equal(codesOf("10.4.0.50"), [])
  assert.equal(codesOf("10.4.7.50"), [])
  assert.equal(codesOf("10.9.0.50"), ["VIP_OUTSIDE_SUBNETS"])
  assert.equal(codesOf("192.168.7.50"), ["VIP_OUTSIDE_SUBNETS"])
  assert.equal(codesOf("10.4.0.255"), ["VIP_IS_SUBNET_ADDRESS"])
  assert.equal(codesOf("10.4.0.0"), ["VIP_IS_SUBNET_ADDRESS"])
  assert.equal(codesOf("10.4.1.255"), [])
})

test.run()
