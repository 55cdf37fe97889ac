import { test } from "uvu"
import * as assert from "uvu/assert"

import { decodeFile } from "../../src/core/objects/decode.ts"
import { createJoin } from "../../src/core/objects/join.ts"
import { createPublish } from "../../src/sync/publication.ts"
import { nodeText, serviceText, vipsText } from "../support/manifests.ts"
import { publicationOf } from "../support/volume.ts"

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
  const publish = createPublish("default/vips")
  const files = [decodeFile("a", vips), decodeFile("b", echo)]
  const first = publish(join(files).value, [])
  const second = publish(join([...files, decodeFile("c", serviceText("other", ["10.2.0.1"]))]).value, [])
  assert.ok("files" in first && "files" in second)
  for (const [index, file] of first.files.entries()) assert.is(second.files[index], file)
})

test("createPublish() tells an absent ConfigMap from an empty one", () => {
  const { value } = createJoin()([decodeFile("b", echo)])
  const missing = createPublish("default/vips")(value, [])
  assert.ok(!("files" in missing))
  assert.equal(
    missing.map(({ code }) => code),
    ["CONFIGMAP_MISSING"],
  )
  assert.is(publicationOf(vipsText()).counts.configMaps, 1)
})

test("createPublish() refuses what readers would refuse", () => {
  const join = createJoin()
  const many = Array.from({ length: 5001 }, (_, index) => index)
  const files = [
    decodeFile("a", vipsText(...many.map((index) => `v${index}: default/s${index}`))),
    decodeFile("b", many.map((index) => `apiVersion: v1\nkind: Service\nmetadata:\n  name: s${index}\n`).join("---\n")),
  ]
  const publication = createPublish("default/vips")(join(files).value, [])
  assert.ok(!("files" in publication))
  assert.equal(
    publication.map(({ code }) => code),
    ["GENERATION_TOO_LARGE"],
  )
})

test.run()
