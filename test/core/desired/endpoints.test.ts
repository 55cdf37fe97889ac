import { test } from "uvu"
import * as assert from "uvu/assert"
import { endpointsOf } from "../../../src/core/desired/endpoints.ts"
import { endpoint, service } from "../fixture.ts"

/** Addresses that an EndpointSlice can contain, and that must not receive packets. */
const REFUSED = [
  "127.0.0.1",
  "127.8.8.8",
  "169.254.169.254",
  "0.0.0.0",
  "224.0.0.18",
  "255.255.255.255",
  "010.2.0.1",
  "::1",
  "node.example",
]

const PORT = { name: "", port: 80, protocol: "TCP", targetPort: 8080 } as const

test("endpointsOf() leaves out loopback, link-local and multicast addresses, and texts that are not an address", () => {
  const { endpoints, bad } = endpointsOf(service("a", { addresses: [...REFUSED, "10.2.0.1"] }), {
    ...PORT,
  })
  assert.equal(
    endpoints.map(({ address }) => address),
    ["10.2.0.1"],
  )
  assert.equal(
    bad.map(({ address }) => address),
    REFUSED,
  )
})

const ready = { ...endpoint("10.2.0.1"), nodeName: "n1" }
const terminating = { ...endpoint("10.2.0.1", { ready: false, serving: true, terminating: true }), nodeName: "n2" }
const other = endpoint("10.2.0.2")

for (const [order, twice] of [
  ["first", [ready, terminating]],
  ["last", [terminating, ready]],
  ["between", [terminating, ready, terminating]],
] as const) {
  test(`endpointsOf() has an endpoint of several slices once, and a ready copy wins: it comes ${order}`, () => {
    const parts = twice.flatMap((one) => service("a", { endpoints: [other, one] }).slices)
    const { endpoints } = endpointsOf({ ...service("a"), slices: parts }, PORT)
    assert.equal(endpoints, [
      { address: "10.2.0.1", port: 8080, state: "ready", node: "n1" },
      { address: "10.2.0.2", port: 8080, state: "ready", node: null },
    ])
  })
}

test.run()
