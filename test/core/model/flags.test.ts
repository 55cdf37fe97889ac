import { parseVipRanges } from "../../../src/core/address/ranges.ts"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { MODEL_FLAGS, type ModelFlagName, modelSettingsFrom } from "../../../src/core/model/flags.ts"

test("modelSettingsFrom() has the defaults of release 0.35, without persistence", () => {
  assert.equal(modelSettingsFrom({}), {
    kind: "settings",
    settings: {
      virtualRouterId: 50,
      vrrpVersion: 3,
      advertInterval: 1,
      useUnicast: false,
      peerNetwork: null,
      layout: "anchor",
      scheduler: "wlc",
      persistenceTimeout: 0,
      check: "none",
      vipRanges: [],
      releaseFile: "/run/keepalived/release",
    },
  })
})

const good: readonly (readonly [name: ModelFlagName, text: string, value: unknown])[] = [
  ["virtualRouterId", "1", 1],
  ["virtualRouterId", "255", 255],
  ["vrrpVersion", "2", 2],
  ["layout", "classic", "classic"],
  ["advertInterval", "0.01", 0.01],
  ["advertInterval", "0.2", 0.2],
  ["advertInterval", "40.95", 40.95],
  ["useUnicast", "true", true],
  ["scheduler", "mh", "mh"],
  ["persistenceTimeout", "2678400", 2_678_400],
  ["check", "tcp", "tcp"],
  ["vipRanges", "10.4.0.48/28", parseVipRanges("10.4.0.48/28")],
]
for (const [name, text, value] of good)
  test(`modelSettingsFrom() takes ${MODEL_FLAGS[name].flag} ${text}`, () => {
    const result = modelSettingsFrom({ [name]: text })
    assert.equal(result.kind === "settings" ? result.settings[name] : result, value)
  })

const bad: readonly (readonly [name: ModelFlagName, text: string])[] = [
  ["virtualRouterId", "0"],
  ["virtualRouterId", "256"],
  ["virtualRouterId", "5.0"],
  ["virtualRouterId", "050"],
  ["virtualRouterId", " 50"],
  ["virtualRouterId", ""],
  ["vrrpVersion", "1"],
  ["layout", "both"],
  ["advertInterval", "0"],
  ["advertInterval", "0.001"],
  ["advertInterval", "40.96"],
  ["advertInterval", "1e1"],
  ["advertInterval", "-1"],
  ["useUnicast", "yes"],
  ["scheduler", "WLC"],
  ["scheduler", "wlc\n"],
  ["persistenceTimeout", "2678401"],
  ["check", "http"],
  ["vipRanges", ""],
  ["vipRanges", "10.4.0.50/28"],
]
for (const [name, text] of bad)
  test(`modelSettingsFrom() refuses ${MODEL_FLAGS[name].flag} ${JSON.stringify(text)}`, () => {
    const result = modelSettingsFrom({ [name]: text })
    assert.is(result.kind, "wrong")
    if (result.kind === "wrong")
      assert.equal(
        result.faults.map(({ flag, text: given }) => [flag, given]),
        [[MODEL_FLAGS[name].flag, text]],
      )
  })

test("modelSettingsFrom() allows whole seconds up to 255 for VRRP version 2", () => {
  assert.is(modelSettingsFrom({ vrrpVersion: "2", advertInterval: "0.5" }).kind, "wrong")
  assert.is(modelSettingsFrom({ vrrpVersion: "2", advertInterval: "255" }).kind, "settings")
  assert.is(modelSettingsFrom({ vrrpVersion: "3", advertInterval: "255" }).kind, "wrong")
})

test("modelSettingsFrom() returns all faults at once", () => {
  const result = modelSettingsFrom({ virtualRouterId: "0", scheduler: "x", check: "y" })
  assert.is(result.kind === "wrong" ? result.faults.length : 0, 3)
})

test("MODEL_FLAGS every default is valid for its own parser", () => {
  for (const { flag, default: text, parse } of Object.values(MODEL_FLAGS)) assert.is(parse(text).kind, "value", flag)
})

test.run()
