import * as fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { decodeFile } from "../../../src/core/objects/decode.ts"
import { createJoin } from "../../../src/core/objects/join.ts"
import { placeText } from "../../../src/kit/problem.ts"
import { nodeText, serviceText, vipsText } from "../../support/manifests.ts"

const endpoints =
  "apiVersion: v1\nkind: Endpoints\nmetadata:\n  name: old\nsubsets:\n- addresses: [{ip: 10.2.0.9}]\n  ports: [{port: 80}]\n"
const files = [
  decodeFile("a.yaml", vipsText("10.4.0.50: default/echo")),
  decodeFile("b.yaml", serviceText("echo", ["10.2.0.1"])),
  decodeFile("c.yaml", serviceText("other", ["10.2.0.2"]).replace("name: other-x", "name: other-y")),
  decodeFile("d.yaml", `${nodeText("n2", "10.4.0.4")}---\n${nodeText("n1", "10.4.0.3")}`),
  decodeFile("e.yaml", endpoints),
  decodeFile("f.yaml", "apiVersion: v1\nkind: Service\nmetadata:\n  name: old\n"),
]

test("createJoin() joins Services with their slices, or Endpoints", () => {
  const { value, problems } = createJoin()(files)
  assert.equal(problems, [])
  assert.equal([...value.configMaps.keys()], ["default/vips"])
  assert.equal([...value.services.keys()], ["default/echo", "default/old", "default/other"])
  assert.equal(
    value.services.get("default/echo")?.slices.map(({ object }) => object.metadata.name),
    ["echo-x"],
  )
  assert.is(value.services.get("default/echo")?.endpoints, null)
  assert.is(value.services.get("default/old")?.endpoints?.object.subsets.length, 1)
  assert.equal(
    value.nodes.map(({ object }) => object.metadata.name),
    ["n1", "n2"],
  )
})

test("createJoin() gives the same result for any order of files", () => {
  const expected = createJoin()(files)
  fc.assert(
    fc.property(fc.shuffledSubarray(files, { minLength: files.length }), (shuffled) => {
      const { value, problems } = createJoin()(shuffled)
      assert.equal([...value.services], [...expected.value.services])
      assert.equal(value.nodes, expected.value.nodes)
      assert.equal(problems, expected.problems)
    }),
  )
})

test("createJoin() keeps the identity of unchanged objects only", () => {
  const join = createJoin()
  const before = join(files).value
  const changed = [...files]
  changed[1] = decodeFile("b.yaml", serviceText("echo", ["10.2.0.7"]))
  const after = join(changed).value
  assert.is(after.services.get("default/other"), before.services.get("default/other"))
  assert.is(after.nodes, before.nodes)
  assert.is.not(after.services.get("default/echo"), before.services.get("default/echo"))
  assert.is(after.configMaps.get("default/vips"), before.configMaps.get("default/vips"))
})

const sliceText = (service: string, name: string) =>
  serviceText(service, ["10.2.0.9"]).split("---\n")[1]?.replace(`name: ${service}-x`, `name: ${name}`) ?? ""

/** All that a file may hold: a Service of its own or another's, a slice that is called as another or is a part of another file's Service, nothing. */
const variants = files.map((file, at) => [
  file,
  decodeFile(`${at}.yaml`, serviceText("echo", ["10.2.0.8"])),
  decodeFile(`${at}.yaml`, serviceText(`own-${at}`, ["10.2.0.1"])),
  decodeFile(`${at}.yaml`, serviceText(`own-${at}`, ["10.2.0.2"])),
  decodeFile(`${at}.yaml`, serviceText(`own-${at}`, ["10.2.0.3"]).replace(`name: own-${at}-x`, "name: shared")),
  decodeFile(`${at}.yaml`, sliceText("echo", `echo-${at}`)),
  decodeFile(`${at}.yaml`, "a: {"),
  decodeFile(`${at}.yaml`, ""),
])
const anyChange = fc.record({ at: fc.nat(files.length - 1), to: fc.nat(7) })

test("createJoin() gives the same result as a new join, after any earlier joins", () => {
  fc.assert(
    fc.property(fc.array(anyChange, { maxLength: 12 }), (changes) => {
      const join = createJoin()
      const now = [...files]
      for (const { at, to } of changes) {
        const file = variants[at]?.[to]
        if (file !== undefined) now[at] = file
        const [kept, fresh] = [join([...now]), createJoin()([...now])]
        assert.equal(kept.problems, fresh.problems)
        assert.equal([...kept.value.services], [...fresh.value.services])
        assert.equal([...kept.value.configMaps], [...fresh.value.configMaps])
        assert.equal(kept.value.nodes, fresh.value.nodes)
      }
    }),
    { numRuns: 300 },
  )
})

test("createJoin() notices a removed slice", () => {
  const join = createJoin()
  const slice = decodeFile(
    "s.yaml",
    serviceText("echo", ["10.2.0.5"]).split("---\n")[1]?.replace("echo-x", "echo-y") ?? "",
  )
  assert.is(join([...files, slice]).value.services.get("default/echo")?.slices.length, 2)
  assert.is(join(files).value.services.get("default/echo")?.slices.length, 1)
})

test("createJoin() reports the same duplicate object for any order of files", () => {
  const twice = [...files, decodeFile("z.yaml", serviceText("echo", ["10.2.0.1"]))]
  for (const order of [twice, twice.toReversed()]) {
    const { value, problems } = createJoin()(order)
    assert.equal(
      problems.map(({ place }) => (place === null ? "" : placeText(place))),
      ["z.yaml:1:1", "z.yaml:11:1"],
    )
    assert.equal(
      problems.map(({ code }) => code),
      ["OBJECT_DUPLICATE", "OBJECT_DUPLICATE"],
    )
    assert.is(value.services.get("default/echo")?.service.place.file, "b.yaml")
  }
})

test("createJoin() returns the problems of the files, sorted by place", () => {
  const bad = [decodeFile("y.yaml", "a: {\n"), decodeFile("b.yaml", "a: {\n")]
  assert.equal(
    createJoin()(bad).problems.map(({ place }) => place?.file),
    ["b.yaml", "y.yaml"],
  )
})

test.run()
