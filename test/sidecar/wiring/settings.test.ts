import { test } from "uvu"
import * as assert from "uvu/assert"

import { parseSettings, type SidecarSettings } from "../../../src/sidecar/wiring/settings.ts"
import { run } from "../../support/run.ts"

function settingsOf(...words: readonly string[]): SidecarSettings {
  const parsed = parseSettings(["--node", "n1", ...words])
  if (parsed.kind === "exit") throw new Error(`it exits with status ${parsed.status}`)
  return parsed.settings
}

test("parseSettings() --profile 0.35 has what release 0.35 did", () => {
  const { model, snat, askLan, releaseVips, drainTimeMs } = settingsOf("--profile", "0.35")
  const { layout, virtualRouterId, vrrpVersion, advertInterval, scheduler, persistenceTimeout, check, useUnicast } =
    model
  assert.equal(
    { layout, virtualRouterId, vrrpVersion, advertInterval, scheduler, persistenceTimeout, check, useUnicast },
    {
      ...{ layout: "classic", virtualRouterId: 50, vrrpVersion: 3, advertInterval: 1 },
      ...{ scheduler: "wlc", persistenceTimeout: 1800, check: "tcp", useUnicast: false },
    },
  )
  assert.equal({ snat, askLan, releaseVips }, { snat: "none", askLan: false, releaseVips: true })
  assert.is(drainTimeMs, settingsOf().drainTimeMs)
})

test("parseSettings() a flag or a variable decides against the profile, also with the usual default", () => {
  const { model, snat } = settingsOf("--profile=0.35", "--layout=anchor", "--persistence-timeout", "0", "--vrid=179")
  assert.equal([model.layout, model.persistenceTimeout, model.virtualRouterId], ["anchor", 0, 179])
  assert.equal([model.check, snat], ["tcp", "none"])
  process.env["KKV_SNAT"] = "masquerade"
  process.env["KKV_PROFILE"] = "0.35"
  try {
    assert.equal([settingsOf().snat, settingsOf().model.layout], ["masquerade", "classic"])
  } finally {
    delete process.env["KKV_SNAT"]
    delete process.env["KKV_PROFILE"]
  }
})

test("parseSettings() --profile default is no profile", () => {
  assert.equal(settingsOf("--profile", "default"), settingsOf())
})

test("kkv sidecar says which profiles there are", async () => {
  const { status, stderr } = await run(process.execPath, ["src/kkv.ts", "sidecar", "--profile", "0.36"])
  assert.equal(
    { status, stderr },
    { status: 2, stderr: 'kkv: Cannot use --profile "0.36": expected default or 0.35\n' },
  )
})

test.run()
