import * as fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { decodeYaml } from "../../../src/core/objects/decode-yaml.ts"
import { decodeFile } from "../../../src/core/objects/decode.ts"
import { encodeService } from "../../../src/core/objects/encode.ts"
import { endpointIn } from "../../../src/core/objects/endpoint-line.ts"
import type { Endpoint } from "../../../src/core/objects/kinds.ts"
import { anyService } from "../../support/objects.ts"

const HEAD = `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  namespace: default
  name: a-1
  labels:
    kubernetes.io/service-name: a
addressType: IPv4
ports: []
endpoints:
`

/** What the full YAML reader and the schema say of the line; null where they see anything wrong. */
function fully(line: string): Endpoint | null {
  const { objects, problems } = decodeYaml("f", `${HEAD}${line}\n`)
  const [placed] = objects
  if (problems.length > 0 || placed?.object.kind !== "EndpointSlice") return null
  return placed.object.endpoints.length === 1 ? (placed.object.endpoints[0] ?? null) : null
}

const read: readonly [line: string, endpoint: Endpoint][] = [
  ["ready: true}}", endpoint("10.2.1.5", [true, true, false], null)],
  ["ready: false}}", endpoint("10.2.1.5", [false, false, false], null)],
  ["ready: false, serving: true, terminating: true}}", endpoint("10.2.1.5", [false, true, true], null)],
  ["ready: true}, nodeName: node-1.lan}", endpoint("10.2.1.5", [true, true, false], "node-1.lan")],
  ["ready: true}, nodeName: 10.4.0.3}", endpoint("10.2.1.5", [true, true, false], "10.4.0.3")],
  ["ready: true}, nodeName: trueish}", endpoint("10.2.1.5", [true, true, false], "trueish")],
]
for (const [end, wanted] of read)
  test(`endpointIn() reads ${end}`, () => {
    const line = `  - {addresses: [10.2.1.5], conditions: {${end}`
    assert.equal(endpointIn(line), wanted)
    assert.equal(fully(line), wanted)
  })

function endpoint(address: string, conditions: readonly boolean[], nodeName: string | null): Endpoint {
  const [ready = true, serving = true, terminating = false] = conditions
  return { addresses: [address], conditions: { ready, serving, terminating }, nodeName }
}

for (const [what, line] of [
  ["two addresses", "  - {addresses: [10.2.1.5, 10.2.1.6], conditions: {ready: true}}"],
  ["an IPv6 address", '  - {addresses: ["fd00::1"], conditions: {ready: true}}'],
  ["no address", "  - {addresses: [], conditions: {ready: true}}"],
  ["no readiness", "  - {addresses: [10.2.1.5], conditions: {}}"],
  ["a null for a name", "  - {addresses: [10.2.1.5], conditions: {ready: true}, nodeName: null}"],
  ["a boolean for a name", "  - {addresses: [10.2.1.5], conditions: {ready: true}, nodeName: true}"],
  ["a word that is no boolean", "  - {addresses: [10.2.1.5], conditions: {ready: yes}}"],
  ["a comment", "  - {addresses: [10.2.1.5], conditions: {ready: true}} # a"],
  ["other indentation", "    - {addresses: [10.2.1.5], conditions: {ready: true}}"],
  ["another order", "  - {conditions: {ready: true}, addresses: [10.2.1.5]}"],
] as const)
  test(`endpointIn() leaves ${what} to others`, () => assert.is(endpointIn(line), null))

test("endpointIn() never says anything else than the full reader", () => {
  const word = fc.constantFrom("true", "false", "null", "yes", "n1", "0", "10.4.0.3", '"a"', "", "a b", "~", "Null")
  const address = fc.constantFrom("10.2.1.5", "10.2.1", "010.2.1.5", "999.1.1.1", "10.2.1.5.6", "1e3", "")
  const rest = fc.constantFrom("}", "}}", ", terminating: true}", ", serving: false}", "}, nodeName: ", ", ", " ")
  let spoken = 0
  fc.assert(
    fc.property(address, word, fc.array(fc.oneof(rest, word), { maxLength: 4 }), (one, ready, more) => {
      const line = `  - {addresses: [${one}], conditions: {ready: ${ready}${more.join("")}`
      const found = endpointIn(line)
      if (found === null) return
      spoken++
      assert.equal(found, fully(line), line)
    }),
    { numRuns: 20_000 },
  )
  assert.ok(spoken > 20, `${spoken} lines were read`)
})

test("decodeFile() gives what the full reader gives, of what encodeService() wrote", () => {
  fc.assert(
    fc.property(anyService, (service) => {
      const text = encodeService(service)
      assert.equal(decodeFile("f", text), decodeYaml("f", text))
    }),
    { numRuns: 300 },
  )
})

test("decodeFile() reads a list in the usual way where one of its lines is unusual", () => {
  const lines = [1, 2, 3].map((last) => `  - {addresses: [10.2.1.${last}], conditions: {ready: true}}\n`)
  for (const unusual of ["  - {addresses: [10.2.1.9, 10.2.1.8]}\n", "  - {addresses: [10.2.1.9]} # a\n"]) {
    const text = `${HEAD}${lines.join("")}${unusual}---\nkind: Other\n`
    assert.equal(decodeFile("f", text), decodeYaml("f", text))
  }
})

test.run()
