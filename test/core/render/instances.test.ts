import * as fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { vipsOf, type VrrpInstance } from "../../../src/core/model/keepalived-model.ts"
import { createRenderer } from "../../../src/core/render/render.ts"
import { shippedTemplates } from "../../support/golden.ts"
import { instanceOf, modelWith, otherInstance } from "../instances.ts"

const render = createRenderer(shippedTemplates())
const addresses = (prefix: string) =>
  fc
    .uniqueArray(fc.integer({ min: 1, max: 200 }), { maxLength: 20 })
    .map((hosts) => hosts.toSorted((a, b) => a - b).map((host) => `${prefix}.${host}`))

test("createRenderer() gives each instance a block with its own VIPs, settings and interface", () => {
  fc.assert(
    fc.property(addresses("10.4.0"), addresses("10.8.0"), (first, second) => {
      const model = modelWith(instanceOf(...first), otherInstance(...second))
      const { text, pieces } = render(model)
      const blocks = pieces.filter(({ origin }) => origin.kind === "instance")
      assert.equal(
        blocks.map(({ parsed }) => parsed.addresses.map((one) => `${one.address} ${one.interface}`)),
        [
          ["169.254.50.1", ...first].map((address) => `${address} eth0`),
          ["169.254.51.1", ...second].map((address) => `${address} eth1`),
        ],
      )
      assert.match(blocks[1]?.text ?? "", /^\nvrrp_instance lan \{\n {2}state BACKUP\n {2}interface eth1\n/)
      assert.match(blocks[1]?.text ?? "", "virtual_router_id 51\n  priority 246\n  advert_int 2\n")
      assert.match(blocks[1]?.text ?? "", "unicast_src_ip 10.8.0.3\n")
      assert.not.match(blocks[0]?.text ?? "", "unicast")
      assert.match(text, `# end: VIPs ${vipsOf(model).length}, `)
    }),
    { numRuns: 50 },
  )
})

const wrong: readonly [what: string, instances: readonly VrrpInstance[], why: RegExp][] = [
  ["a VIP in two instances", [instanceOf("10.4.0.50"), otherInstance("10.4.0.50")], /10\.4\.0\.50 appears twice/],
  [
    "the anchor of another instance as a VIP",
    [instanceOf("169.254.51.1"), otherInstance()],
    /169\.254\.51\.1 appears twice/,
  ],
  ["two instances of one name", [instanceOf(), { ...otherInstance(), name: "vips" }], /name .* appears twice/],
  [
    "a virtual router ID twice on an interface",
    [instanceOf(), { ...otherInstance(), interface: "eth0", virtualRouterId: 50 }],
    /virtual router ID 50 on eth0 appears twice/,
  ],
]
for (const [what, instances, why] of wrong)
  test(`createRenderer() throws for a model with ${what}`, () =>
    assert.throws(() => render(modelWith(...instances)), why))

test.run()
