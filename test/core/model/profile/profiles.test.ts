import { test } from "uvu"
import * as assert from "uvu/assert"

import { MODEL_FLAGS } from "../../../../src/core/model/flags.ts"
import { parseProfile, PROFILES, profileTexts } from "../../../../src/core/model/profile/profiles.ts"

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

test("profileTexts() gives texts to absent flags alone", () => {
  const parsed = parseProfile("0.35")
  if (parsed.kind !== "value") throw new Error(parsed.reason)
  const texts = profileTexts(parsed.value, (flag) => flag !== "--check" && flag !== "--snat")
  assert.ok(texts.some(([flag, text]) => flag === "--layout" && text === "classic"))
  assert.not.ok(texts.some(([flag]) => flag === "--check" || flag === "--snat"))
})

test.run()
