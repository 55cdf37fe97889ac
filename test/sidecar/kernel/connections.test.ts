import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { parseConnections } from "../../../src/sidecar/kernel/connections.ts"
import { createKernel } from "../../../src/sidecar/kernel/kernel.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"

/** As ipvsadm 1.31 prints it in Linux 6.1: a VIP with two ports, one of UDP and IPv6, one without real servers, a firewall mark. */
const COUNTS = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  10.4.0.50:80 wlc
  -> 10.2.68.5:8080               Masq    1      7          90
  -> 10.2.68.6:8080               Masq    1      5          91
TCP  10.4.0.50:443 wlc persistent 300
  -> 10.2.68.5:8443               Route   1      1          0
UDP  [fd04::50]:53 wrr
  -> [fd02::5]:5353               Masq    1      0          4
TCP  10.4.0.51:80 wlc
FWM  7 rr
  -> 10.2.68.9:0                  Route   1      1000       0
`
const RATES = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS
  -> RemoteAddress:Port
TCP  10.4.0.50:80                       12      100      101     9000     9001
  -> 10.2.68.5:8080                      6       50       51     4500     4500
TCP  10.4.0.50:443                       3        1        1        1        1
UDP  [fd04::50]:53                       2        1        1        1        1
FWM  7                                  90        1        1        1        1
`

test("parseConnections() adds up the ports of a VIP, and counts UDP by what is not forgotten yet", () => {
  assert.equal(Object.fromEntries(parseConnections(COUNTS, RATES)), {
    "10.4.0.50": { open: 13, perSecond: 15 },
    "fd04::50": { open: 4, perSecond: 2 },
  })
  assert.is(parseConnections("", "").size, 0)
})

test("connections() of a kernel without IPVS are unknown, and it asks ipvsadm nothing", () =>
  withTemporaryDirectory(async (directory) => {
    const nothing = { ipvsadm: join(directory, "no-ipvsadm"), ipVsTable: join(directory, "no-ip_vs") }
    assert.is(await createKernel(nothing).connections?.(), null)
  }))

test.run()
