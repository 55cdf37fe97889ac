import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { hasVirtualServers, parseIpVsTable, readIpVsTable } from "../../../src/sidecar/kernel/ip-vs.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"

/** Of Linux 6.1, made by ipvsadm: TCP, UDP, SCTP, both families, a mark, persistence, flags, all methods, weight 0. */
const capture = join(import.meta.dirname, "ip_vs.txt")

test("parseIpVsTable() reads a real table", async () => {
  const servers = parseIpVsTable(await readFile(capture, "latin1"))
  const lines = servers.map(
    ({ address, port, protocol, scheduler, realServers }) =>
      `${protocol} ${address} ${port} ${scheduler}: ` +
      realServers.map((real) => `${real.address} ${real.port} ${real.forwardingMethod} ${real.weight}`).join(", "),
  )
  assert.equal(lines, [
    "TCP 10.4.0.55 8443 wlc: 2001:db8:8::201 8443 TUN 1",
    "TCP 10.4.0.53 443 sh: ",
    "TCP 10.4.0.51 443 mh: 10.4.0.60 443 DR 3",
    "SCTP 10.4.0.52 3868 sh: 10.2.1.11 3868 NAT 1",
    "TCP 10.4.0.50 80 wlc: 10.2.2.11 8080 NAT 0, 10.2.1.11 8080 NAT 1",
    "UDP 10.4.0.50 53 rr: 10.2.1.11 5353 NAT 100",
    "TCP fd04::50 80 wlc: fd02::9 8080 NAT 0, fd02:0:0:1::11 8080 NAT 1",
    "UDP 10.4.0.54 514 rr: 10.4.0.3 514 DR 65536",
    "TCP 10.4.0.52 25 wrr: 10.4.0.61 25 TUN 1",
  ])
})

const head =
  "IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port Scheduler Flags\n" +
  "  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n"
const addresses: [kernel: string, address: string][] = [
  ["FFFFFFFF", "255.255.255.255"],
  ["0A040032", "10.4.0.50"],
  ["[0000:0000:0000:0000:0000:0000:0000:0001]", "::1"],
  ["[0000:0000:0000:0000:0000:0000:0000:0000]", "::"],
  ["[2001:0db8:0000:0000:0001:0000:0000:0001]", "2001:db8::1:0:0:1"],
  ["[2001:0db8:0000:0000:0001:0000:0000:0000]", "2001:db8:0:0:1::"],
  ["[2001:0db8:0000:0001:0001:0001:0001:0001]", "2001:db8:0:1:1:1:1:1"],
  ["[0010:0000:0000:0100:0000:0000:0000:0010]", "10:0:0:100::10"],
]
for (const [kernel, address] of addresses) {
  test(`parseIpVsTable() reads the address ${kernel}`, () => {
    assert.is(parseIpVsTable(`${head}TCP  ${kernel}:0050 wlc \n`)[0]?.address, address)
  })
}

test("parseIpVsTable() finds nothing in an empty table", () => {
  assert.equal(parseIpVsTable(head), [])
})

test("parseIpVsTable() takes processor time in proportion: ten tables cost what one of ten times the lines costs", () => {
  const tableOf = (servers: number) => {
    let text = head
    for (let i = 0; i < servers; i++) {
      text += `TCP  0A04${i.toString(16).toUpperCase().padStart(4, "0")}:0050 wlc  \n`
      text += "  -> 0A02010B:1F90      Masq    1      0          0         \n".repeat(10)
    }
    return text
  }
  // Processor time, because a busy machine makes everything else slower.
  const costOf = (servers: number, times: number) => {
    const text = tableOf(servers)
    const before = process.cpuUsage()
    for (let time = 0; time < times; time++) assert.is(parseIpVsTable(text).length, servers)
    return process.cpuUsage(before).user
  }
  costOf(200, 10)
  const [few, many] = [costOf(200, 100), costOf(2_000, 10)]
  assert.ok(many / few < 4, `${few} us, ${many} us`)
})

test("readIpVsTable() gives null where the kernel has no IPVS", async () => {
  assert.is(await readIpVsTable(join(import.meta.dirname, "no-such-file")), null)
  assert.is((await readIpVsTable(capture))?.length, 9)
})

test("hasVirtualServers() tells a table with entries from an empty one", () =>
  withTemporaryDirectory(async (directory) => {
    const file = join(directory, "ip_vs")
    await writeFile(file, head)
    assert.is(await hasVirtualServers(capture), true)
    assert.is(await hasVirtualServers(file), false)
    await writeFile(file, `${head}UDP  0A040032:0035 rr\n`)
    assert.is(await hasVirtualServers(file), true)
  }))

test.run()
