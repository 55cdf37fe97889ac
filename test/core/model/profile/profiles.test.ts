import { test } from "uvu"
import * as assert from "uvu/assert"

import { MODEL_FLAGS } from "../../../../src/core/model/flags.ts"
import { parseProfile, PROFILES, takeProfile } from "../../../../src/core/model/profile/profiles.ts"

test("parseProfile() knows the profiles by name, and says which there are", () => {
  assert.equal(
    PROFILES.map(({ name }) => name),
    ["default", "0.35"],
  )
  for (const profile of PROFILES) assert.equal(parseProfile(profile.name), { kind: "value", value: profile })
  assert.equal(parseProfile("0.36"), { kind: "wrong", reason: "expected default or 0.35" })
})

test("PROFILES every text is valid for its flag", () => {
  const parsers = new Map<string, (text: string) => { readonly kind: string }>(
    Object.values(MODEL_FLAGS).map(({ flag, parse }) => [flag, parse]),
  )
  for (const { flags } of PROFILES)
    for (const [flag, text] of Object.entries(flags)) {
      const parse = parsers.get(flag)
      if (parse !== undefined) assert.is(parse(text).kind, "value", flag)
    }
})

/** A command line with these options, as commander has it. */
function commandLine(sources: Readonly<Record<string, string>>, profile: string) {
  const values: Record<string, unknown> = { profile }
  return {
    values,
    getOptionValue: (key: string) => values[key],
    getOptionValueSource: (key: string) => sources[key],
    setOptionValueWithSource: (key: string, value: unknown, source: string) => {
      assert.is(source, "profile")
      values[key] = value
    },
  }
}

const SOURCES = { layout: "default", check: "cli", snat: "env", advertInterval: "default" }
const taken: readonly [profile: string, values: Readonly<Record<string, unknown>>][] = [
  ["0.35", { profile: "0.35", layout: "classic", advertInterval: "1" }],
  ["default", { profile: "default" }],
  ["unknown", { profile: "unknown" }],
]
for (const [profile, values] of taken) {
  test(`takeProfile() of ${profile} gives texts to absent flags alone, and to none that the program lacks`, () => {
    const options = commandLine(SOURCES, profile)
    takeProfile(options)
    assert.equal(options.values, values)
  })
}

test.run()
