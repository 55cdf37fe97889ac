import { test } from "uvu"
import * as assert from "uvu/assert"
import { createModelBuilder } from "../../../src/core/model/build-model.ts"
import { cluster, endpoint, input, node, service, SETTINGS, vipsIn } from "../fixture.ts"

const VIP = "10.4.0.50"
const direct = (addresses: readonly string[]) => service("a", { addresses, targetPort: 80 })
const nodes = [node("n1", "10.4.0.3"), node("n2", "::ffff:10.4.0.4")]

const built = (text: string, addresses: readonly string[], listed = nodes) => {
  const { model, problems } = createModelBuilder(SETTINGS)(input({ [VIP]: text }, cluster([direct(addresses)], listed)))
  const servers = vipsIn(model).flatMap(({ virtualServers }) => virtualServers.flatMap((one) => one.realServers))
  return {
    vips: vipsIn(model).length,
    servers: servers?.map((one) => one.address),
    codes: problems.map(({ code }) => code),
  }
}

test("createModelBuilder() sends nothing by DR to a node that runs the product (fault 206)", () => {
  assert.equal(built("default/a:DR", ["10.4.0.3", "10.4.0.4", "10.2.1.11"]), {
    vips: 1,
    servers: ["10.2.1.11"],
    codes: ["DR_TO_NODE", "DR_TO_NODE"],
  })
})

test("createModelBuilder() keeps a VIP all of whose real servers are refused (fault 206)", () =>
  assert.equal(built("default/a:DR", ["10.4.0.3", "10.4.0.4"]), {
    vips: 1,
    servers: [],
    codes: ["DR_TO_NODE", "DR_TO_NODE"],
  }))

test("createModelBuilder() forwards to nodes with NAT (fault 206)", () =>
  assert.equal(built("default/a:NAT", ["10.4.0.3"]), { vips: 1, servers: ["10.4.0.3"], codes: [] }))

test("createModelBuilder() explains why DR to a node fails, and what to use instead", () => {
  const { problems } = createModelBuilder(SETTINGS)(
    input({ [VIP]: "default/a:DR" }, cluster([direct(["10.4.0.3"])], nodes)),
  )
  assert.match(problems[0]?.message ?? "", /to 10\.4\.0\.3:80 with DR: that is node "n1", .*; write :NAT/)
})

test("createModelBuilder() checks a DR entry again when the Nodes change (fault 206)", () => {
  const build = createModelBuilder(SETTINGS)
  const given = input({ [VIP]: "default/a:DR" }, cluster([direct(["10.4.0.4", "10.2.1.11"])], nodes.slice(0, 1)))
  const counts = [nodes.slice(0, 1), nodes, nodes.slice(0, 1)].map((listed) => {
    const { model } = build({ ...given, objects: { ...given.objects, nodes: listed } })
    return vipsIn(model)[0]?.virtualServers[0]?.realServers.length
  })
  assert.equal(counts, [2, 1, 2])
})

test("createModelBuilder() does not drain to a node by DR either (fault 206)", () => {
  const draining = new Map([[VIP, new Map([[`${VIP} 80 TCP`, [{ address: "10.4.0.3", port: 80 }]]])]])
  const objects = cluster([service("a", { endpoints: [endpoint("10.2.1.11")], targetPort: 80 })], nodes)
  const { model } = createModelBuilder(SETTINGS)(input({ [VIP]: "default/a:DR" }, objects, { draining }))
  assert.is(vipsIn(model)[0]?.virtualServers[0]?.realServers.length, 1)
})

test.run()
