import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { linkOf } from "../../../src/sidecar/kernel/link.ts"
import type { Link } from "../../../src/sidecar/ports.ts"
import { faultCauseOf } from "../../../src/sidecar/vrrp/fault-cause.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"
import { instanceOf } from "../../core/instances.ts"

const multicast = instanceOf("10.4.0.50")
const unicast = { ...multicast, unicast: { source: "10.4.0.3", peers: ["10.4.0.4"] } }
const RELEASE_FILE = "/run/keepalived/release"
const machine = (link: Link, ...addresses: readonly string[]) => ({
  link: () => link,
  kernel: { addresses: () => Promise.resolve(new Set(addresses)) },
})

const causes: readonly (readonly [name: string, cause: Promise<string | null>, wanted: RegExp | null])[] = [
  [
    "a cable that is out",
    faultCauseOf(multicast, RELEASE_FILE, machine("no-carrier")),
    /^interface "eth0" has no carrier: .*cable/,
  ],
  [
    "an interface that is down",
    faultCauseOf(multicast, RELEASE_FILE, machine("down")),
    /^interface "eth0" is down: .*dev eth0 up/,
  ],
  [
    "an interface that is gone",
    faultCauseOf(multicast, RELEASE_FILE, machine("absent")),
    /^interface "eth0" does not exist$/,
  ],
  [
    "a source that is missing",
    faultCauseOf(unicast, RELEASE_FILE, machine("up", "10.4.0.9")),
    /lacks 10\.4\.0\.3, the address/,
  ],
  ["no address at all", faultCauseOf(multicast, RELEASE_FILE, machine("up")), /has no IPv4 address$/],
  ["nothing", faultCauseOf(unicast, RELEASE_FILE, machine("up", "10.4.0.3")), null],
]
for (const [name, cause, wanted] of causes)
  test(`faultCauseOf() names ${name} (fault 250)`, async () => {
    const text = await cause
    if (wanted === null) assert.is(text, null)
    else assert.match(String(text), wanted)
  })

test("faultCauseOf() tells a handover from a fault", () =>
  withTemporaryDirectory(async (directory) => {
    const releaseFile = join(directory, "release")
    await writeFile(releaseFile, "1\n")
    assert.match(String(await faultCauseOf(multicast, releaseFile, machine("up", "10.4.0.3"))), "hands its VIPs over")
    await writeFile(releaseFile, "0\n")
    assert.is(await faultCauseOf(multicast, releaseFile, machine("up", "10.4.0.3")), null)
  }))

test("linkOf() reads flags and carrier as sysfs has them", () =>
  withTemporaryDirectory(async (root) => {
    const shown = async (flags: string, carrier: string | null) => {
      await mkdir(join(root, "eth0"), { recursive: true })
      await writeFile(join(root, "eth0", "flags"), `${flags}\n`)
      if (carrier !== null) await writeFile(join(root, "eth0", "carrier"), `${carrier}\n`)
      return linkOf("eth0", root)
    }
    assert.is(linkOf("eth0", root), "absent")
    assert.is(await shown("0x1002", null), "down")
    assert.is(await shown("0x1003", "1"), "up")
    assert.is(await shown("0x1003", "0"), "no-carrier")
    assert.is(linkOf("lo"), "up")
  }))

test.run()
