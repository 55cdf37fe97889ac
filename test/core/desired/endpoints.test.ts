import { test } from "uvu"
import * as assert from "uvu/assert"
import { endpointsOf } from "../../../src/core/desired/endpoints.ts"
import { service } from "../fixture.ts"

/** What whoever writes an EndpointSlice may put there, and no packet may go to. */
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

test("endpointsOf() sends nothing to loopback, link-local, multicast, or what is no address", () => {
  const { endpoints, bad } = endpointsOf(service("a", { addresses: [...REFUSED, "10.2.0.1"] }), {
    ...{ name: "", port: 80, protocol: "TCP", targetPort: 8080 },
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

test.run()
