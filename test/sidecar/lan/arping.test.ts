import { test } from "uvu"
import * as assert from "uvu/assert"
import { createLan, macIn } from "../../../src/sidecar/lan/arping.ts"
import { createNetworkNamespace, rootObjection } from "../../support/keepalived.ts"
import { run } from "../../support/run.ts"
import { testUnless } from "../../support/test-unless.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"
import { join } from "node:path"

test("macIn() reads what arping of iputils prints", () => {
  const text = "ARPING 10.4.0.148 from 0.0.0.0 eth0\nUnicast reply from 10.4.0.148 [56:61:6D:23:d8:C8]  0.646ms\n"
  assert.is(macIn(text), "56:61:6D:23:D8:C8")
  assert.is(macIn("ARPING 10.4.0.149 from 0.0.0.0 eth0\nSent 2 probes (2 broadcast(s))\n"), null)
})

test("createLan() reports that the LAN cannot be asked, and treats that as no answer", async () => {
  const failures: string[] = []
  const lan = createLan((why) => failures.push(why), "/nonexistent/arping")
  assert.is(await lan.probe("eth0", "10.4.0.50"), null)
  assert.is(failures.length, 1)
})

testUnless(rootObjection())(
  "probe() and resolve() find the station that has an address, with the real arping (fault 214)",
  () =>
    withTemporaryDirectory(async (directory) => {
      const [here, there] = [await createNetworkNamespace(), await createNetworkNamespace()]
      try {
        // The LAN: `eth0` of one namespace with `eth0` of the other.
        await run("ip", ["-n", there.name, "link", "delete", "eth0"])
        await run("ip", ["-n", here.name, "link", "set", "peer0", "name", "eth0", "netns", there.name])
        await run("ip", ["-n", there.name, "address", "add", "10.4.0.60/24", "dev", "eth0"])
        await run("ip", ["-n", there.name, "link", "set", "eth0", "up"])
        const { stdout } = await run("ip", ["-n", there.name, "-o", "link", "show", "eth0"])
        const mac = /link\/ether (\S+)/.exec(stdout)?.[1]?.toUpperCase()
        const arping = await here.wrap(join(directory, "arping"), "arping")
        const failures: string[] = []
        const lan = createLan((why) => failures.push(why), arping)
        const found = await Promise.all([
          lan.probe("eth0", "10.4.0.60"),
          lan.resolve("eth0", "10.4.0.60"),
          lan.probe("eth0", "10.4.0.61"),
          lan.probe("eth0", "10.4.0.3"),
        ])
        assert.equal([found, failures], [[mac, mac, null, null], []])
      } finally {
        await here.remove()
        await there.remove()
      }
    }),
)

test.run()
