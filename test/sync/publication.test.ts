import { test } from "uvu"
import * as assert from "uvu/assert"

import { decodeFile } from "../../src/core/objects/decode.ts"
import { createJoin } from "../../src/core/objects/join.ts"
import { createPublish } from "../../src/sync/publication.ts"
import { sha256Of } from "../../src/kit/sha256.ts"
import { nodeText, serviceText, vipsText } from "../support/manifests.ts"
import { publicationOf, readingOf } from "../support/volume.ts"

const vips = vipsText("10.4.0.50: default/echo", "10.4.0.51: default/missing:NATX", '10.4.0.52: ""')
const echo = serviceText("echo", ["10.2.0.1", "10.2.0.2"])

test("createPublish() takes the ConfigMap, the Services that it names, and all Nodes", () => {
  const publication = publicationOf(vips, echo, serviceText("other", ["10.2.0.3"]), nodeText("n1", "10.4.0.3"))
  assert.equal(
    publication.files.map(({ name }) => name),
    ["nodes.json", "services/default/echo.json", "vips/default/vips.yaml"],
  )
  assert.equal(publication.counts, { files: 3, configMaps: 1, services: 1, endpoints: 2, nodes: 1 })
})

test("createPublish() gives the same checksum for the same objects in other files, another order, or JSON", () => {
  const one = publicationOf(vips, echo, nodeText("n1", "10.4.0.3"), nodeText("n2", "10.4.0.4"))
  const two = publicationOf(`${nodeText("n2", "10.4.0.4")}---\n${echo}---\n${vips}---\n${nodeText("n1", "10.4.0.3")}`)
  const items = decodeFile(
    "f",
    `${nodeText("n2", "10.4.0.4")}---\n${echo}---\n${vips}---\n${nodeText("n1", "10.4.0.3")}`,
  )
  const list = { apiVersion: "v1", kind: "List", items: items.objects.map(({ object }) => object) }
  assert.is(two.contentSha256, one.contentSha256)
  assert.is(publicationOf(JSON.stringify(list)).contentSha256, one.contentSha256)
  assert.is.not(publicationOf(vips, echo, nodeText("n1", "10.4.0.3")).contentSha256, one.contentSha256)
})

test("createPublish() does not encode again what did not change", () => {
  const join = createJoin()
  const publish = createPublish(["default/vips"])
  const files = [decodeFile("a", vips), decodeFile("b", echo)]
  const filesOf = (texts: typeof files) => {
    const { value: objects, problems } = join(texts)
    return publish({ objects, problems, resources: [] }, () => null).publication?.files ?? []
  }
  const first = filesOf(files)
  const second = filesOf([...files, decodeFile("c", serviceText("other", ["10.2.0.1"]))])
  assert.is(first.length, 3)
  for (const [index, file] of first.entries()) assert.is(second[index], file)
})

test("createPublish() tells an absent ConfigMap from an empty one", () => {
  const { publication, problems } = createPublish(["default/vips"])(readingOf(echo), () => null)
  assert.is(publication, null)
  assert.equal(
    problems.map(({ code }) => code),
    ["CONFIGMAP_MISSING"],
  )
  assert.is(publicationOf(vipsText()).counts.configMaps, 1)
})

test("createPublish() refuses what readers would refuse", () => {
  const many = Array.from({ length: 5001 }, (_, index) => index)
  const reading = readingOf(
    vipsText(...many.map((index) => `v${index}: default/s${index}`)),
    many.map((index) => `apiVersion: v1\nkind: Service\nmetadata:\n  name: s${index}\n`).join("---\n"),
  )
  const { publication, problems } = createPublish(["default/vips"])(reading, () => null)
  assert.is(publication, null)
  assert.equal(
    problems.map(({ code }) => code),
    ["GENERATION_TOO_LARGE"],
  )
})

const other = vipsText("10.4.0.60: default/echo").replace("name: vips", "name: other")
const broken = other.replace("10.4.0.60: default/echo", "10.4.0.60: [default/echo]")
const KEYS = ["default/other", "default/vips"]
const codes = ({ problems }: ReturnType<ReturnType<typeof createPublish>>) => problems.map(({ code }) => code).join()
const contents = ({ publication }: ReturnType<ReturnType<typeof createPublish>>) =>
  publication?.files.map(({ name, bytes }) => `${name} ${sha256Of(bytes)}`) ?? null

test("createPublish() takes several ConfigMaps, in the order of the flags", () => {
  const draft = createPublish(KEYS)(readingOf(vips, other, echo), () => null)
  assert.equal(draft.publication?.configMaps, KEYS)
  assert.equal(
    draft.publication?.files.map(({ name }) => name),
    ["nodes.json", "services/default/echo.json", "vips/default/other.yaml", "vips/default/vips.yaml"],
  )
  assert.is(draft.publication?.counts.configMaps, 2)
  assert.is(codes(draft), "")
})

const disappearing: readonly [what: string, texts: readonly string[], codes: string][] = [
  ["is gone", [vips, echo], "CONFIGMAP_MISSING"],
  ["cannot be read", [vips, echo, broken], "CONFIGMAP_VALUE"],
]
for (const [what, texts, code] of disappearing) {
  test(`createPublish() holds a ConfigMap that ${what}, and publishes a change of the other`, () => {
    const publish = createPublish(KEYS)
    const before = publish(readingOf(vips, other, echo), () => null)
    const same = publish(readingOf(...texts), () => null)
    assert.is(codes(same), code)
    assert.equal(contents(same), contents(before))
    const [, ...others] = texts
    const changed = publish(readingOf(vipsText("10.4.0.51: default/echo"), ...others), () => null)
    assert.is(codes(changed), code)
    assert.is(
      contents(changed)?.find((line) => line.includes("other")),
      contents(before)?.find((line) => line.includes("other")),
    )
    assert.equal(changed.publication?.configMaps, KEYS)
  })

  test(`createPublish() holds a ConfigMap that ${what} after a restart, as it was published`, () => {
    const before = createPublish(KEYS)(readingOf(vips, other, echo), () => null)
    const published = (file: string) =>
      before.publication?.files.find(({ name }) => name === file)?.bytes.toString() ?? null
    const after = createPublish(KEYS)(readingOf(...texts), published)
    assert.is(codes(after), code)
    assert.equal(contents(after), contents(before))
  })
}

test("createPublish() publishes without a ConfigMap that never was, and says so", () => {
  const draft = createPublish(KEYS)(readingOf(vips, echo), () => null)
  assert.equal(draft.publication?.configMaps, ["default/vips"])
  assert.is(codes(draft), "CONFIGMAP_MISSING")
  assert.match(draft.problems[0]?.message ?? "", "create it, or remove it from --services-configmap")
})

test("createPublish() publishes nothing without any ConfigMap, and nothing of a source with another problem", () => {
  const publish = createPublish(KEYS)
  assert.ok(publish(readingOf(vips, other, echo), () => null).publication !== null)
  const none = publish(readingOf(echo), () => null)
  assert.is(none.publication, null)
  assert.is(codes(none), "CONFIGMAP_MISSING,CONFIGMAP_MISSING")
  assert.is(publish(readingOf(vips, other, echo, "a: b: c"), () => null).publication, null)
  assert.is(publish(readingOf(broken, vips.replace('10.4.0.52: ""', "10.4.0.52: [x]")), () => null).publication, null)
})

test.run()
