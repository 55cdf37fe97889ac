import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Generation } from "../../../src/sidecar/ports.ts"
import { inTodaysCluster } from "../../../src/sidecar/volume/pinned.ts"
import { cluster, node, service, type ServiceOptions } from "../../core/fixture.ts"

function generation(sequence: number, services: Record<string, ServiceOptions>, address: string): Generation {
  const objects = cluster(
    Object.entries(services).map(([name, options]) => service(name, options)),
    [node("n1", address)],
  )
  return { sequence, name: String(sequence), path: "", manifestSha256: String(sequence), objects }
}

const then = generation(
  3,
  { a: { addresses: ["10.2.1.1"], ports: [{ port: 80 }] }, b: { addresses: ["10.2.1.2"] } },
  "10.4.0.3",
)
const now = generation(9, { a: { addresses: ["10.2.9.9"], ports: [{ port: 8888 }] } }, "10.4.0.30")
const endpointsOf = (one: Generation, name: string) =>
  one.objects.services
    .get(`default/${name}`)
    ?.slices.flatMap((slice) => slice.object.endpoints.map((end) => end.addresses[0]))

test("inTodaysCluster() has the Services of then with the pods of now", () => {
  const both = inTodaysCluster(then, now)
  assert.equal(endpointsOf(both, "a"), ["10.2.9.9"])
  assert.is(both.objects.services.get("default/a")?.service.object.spec.ports[0]?.port, 80)
  assert.is(both.sequence, 3)
  assert.is(both.objects.nodes[0]?.object.status.addresses[0]?.address, "10.4.0.30")
})

test("inTodaysCluster() keeps the pods of then where today knows the Service no more", () => {
  assert.equal(endpointsOf(inTodaysCluster(then, now), "b"), ["10.2.1.2"])
})

test("inTodaysCluster() is the pinned generation when there are no others", () => {
  assert.is(inTodaysCluster(then, null), then)
})

test.run()
