import { test } from "uvu"
import * as assert from "uvu/assert"

import {
  ARCHIVE_NAME,
  archiveName,
  type ArchiveOutcome,
  decodeArchiveOutcome,
  encodeArchiveOutcome,
  isArchiveMember,
} from "../../src/contract/archive.ts"

const outcome: ArchiveOutcome = {
  sequence: 41,
  generation: "00000000000000000041-0123456789ab",
  time: "2026-11-22T23:00:00.000Z",
  outcome: "applied",
  reason: null,
  node: "n1",
  interfaces: ["eth0"],
  keepalivedVersion: "2.3.3",
  configSha256: "a".repeat(64),
  vips: ["10.4.0.50"],
  virtualServers: 1,
  realServers: 5,
  problems: [],
}

test("decodeArchiveOutcome() gives back what was encoded", () => {
  assert.equal(decodeArchiveOutcome(encodeArchiveOutcome(outcome)), { kind: "value", value: { schema: 2, ...outcome } })
})

test("encodeArchiveOutcome() writes the same bytes whatever the order of the fields", () => {
  const turned = Object.fromEntries(Object.entries(outcome).toReversed()) as unknown as ArchiveOutcome
  assert.is(encodeArchiveOutcome(turned), encodeArchiveOutcome(outcome))
})

test("decodeArchiveOutcome() refuses another schema and another shape", () => {
  const text = encodeArchiveOutcome(outcome)
  assert.is(decodeArchiveOutcome(text.replace('"schema": 2', '"schema": 3')).kind, "unknown-schema")
  assert.is(decodeArchiveOutcome(text.replace('"applied"', '"perhaps"')).kind, "problems")
})

test("archiveName() gives a name that ARCHIVE_NAME matches", () => {
  assert.ok(ARCHIVE_NAME.test(archiveName(outcome.generation)))
})

const members: readonly (readonly [name: string, isMember: boolean])[] = [
  ["outcome.json", true],
  ["keepalived.conf", true],
  ["generation/manifest.json", true],
  ["generation/vips/default/vips.yaml", true],
  ["generation/services/default/echo.json", true],
  ["generation/../vips/default/vips.yaml", false],
  ["/etc/passwd", false],
  ["generation/services/a/b/c.json", false],
  ["generation/services/../x.json", false],
  ["degenerate/vips/default/vips.yaml", false],
  ["generation/", false],
  ["@other.tar", false],
]
for (const [name, isMember] of members)
  test(`isArchiveMember() ${name}`, () => {
    assert.is(isArchiveMember(name), isMember)
  })

test.run()
