import { existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"

import { makeVolume } from "../../../src/sync/volume/directory.ts"
import { faultText } from "../../../src/kit/fault.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"

const said = (volume: string, source: string | null) => {
  try {
    makeVolume(volume, source)
    return null
  } catch (error) {
    return faultText(error)
  }
}

test("makeVolume() makes what is missing, and takes what is there, beside the source", () =>
  withTemporaryDirectory(async (root) => {
    const at = (name: string) => join(root, name)
    for (const _turn of [1, 2]) assert.is(said(at("a/b/desired"), at("a/b/des")), null)
    assert.ok(statSync(at("a/b/desired")).isDirectory())
    mkdirSync(at("a/b/des"))
    assert.is(said(at("a/b/desired"), at("a/b/des")), null)
  }))

test("makeVolume() says why nothing can be published there", () =>
  withTemporaryDirectory(async (root) => {
    const at = (name: string) => join(root, name)
    writeFileSync(at("file"), "")
    mkdirSync(at("source"))
    symlinkSync(at("source"), at("link"))
    assert.is(said("", null), 'Cannot publish in "": it is empty (expected a directory)')
    assert.is(said(at("file"), null), `Cannot publish in "${at("file")}": it is not a directory`)
    assert.match(said(at("file/desired"), null) ?? "", /^Cannot publish in ".*": ENOTDIR: not a directory/)
    assert.match(said("/proc/desired", null) ?? "", /^Cannot publish in "\/proc\/desired": ENOENT: /)
    for (const volume of ["source", "source/desired", "link/desired"])
      assert.is(
        said(at(volume), at("source")),
        `Cannot publish in "${at(volume)}": it is inside the source "${at("source")}"; use a directory outside of it`,
      )
    assert.ok(existsSync(at("source")))
  }))

test.run()
