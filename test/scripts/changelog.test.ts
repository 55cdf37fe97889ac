import { test } from "uvu"
import * as assert from "uvu/assert"

import { isVersion, sectionOf, withSection } from "../../scripts/release/changelog.ts"

const CHANGELOG = "# Changelog\n\n## Unreleased\n\n### Added\n\n- a thing\n\n## 1.0.0\n\n- all\n"

for (const [text, good] of [
  ["1.2.3", true],
  ["1.2.3-rc.1", true],
  ["v1.2.3", false],
  ["1.2", false],
  ["01.2.3", false],
  ["1.2.3+build", false],
  ["1.2.3-", false],
  ["1.2.3\n", false],
] as const)
  test(`isVersion(${JSON.stringify(text)})`, () => assert.is(isVersion(text), good))

test("sectionOf() is what stands between two headings of versions", () => {
  assert.is(sectionOf(CHANGELOG, "Unreleased"), "### Added\n\n- a thing")
  assert.is(sectionOf(CHANGELOG, "1.0.0"), "- all")
  assert.is(sectionOf(CHANGELOG, "1.0"), null)
})

test("withSection() gives the unreleased changes to the version", () => {
  const changed = withSection(CHANGELOG, "1.1.0")
  assert.is(sectionOf(changed, "1.1.0"), "### Added\n\n- a thing")
  assert.is(sectionOf(changed, "Unreleased"), "")
  assert.is(sectionOf(changed, "1.0.0"), "- all")
})

test("withSection() refuses a version without changes, and one that has its section", () => {
  assert.throws(() => withSection(withSection(CHANGELOG, "1.1.0"), "1.2.0"), /"Unreleased" of CHANGELOG.md is empty/)
  assert.throws(() => withSection(CHANGELOG, "1.0.0"), /CHANGELOG.md has it/)
})

test.run()
