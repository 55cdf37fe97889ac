import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { createKernel } from "../../../src/sidecar/kernel/kernel.ts"
import { createTableReader, parseSavedTable } from "../../../src/sidecar/kernel/ipvsadm.ts"
import type { KernelVirtualServer } from "../../../src/sidecar/ports.ts"
import { script } from "../../support/keepalived.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"

/** What ipvsadm 1.31 printed of a table in Linux 6.1. */
const SAVED = `-A -t 10.9.1.1:81 -s sh -p 300 -M 255.255.255.0 -b sh-port
-a -t 10.9.1.1:81 -r 10.1.1.1:81 -g -w 5
-a -t 10.9.1.1:81 -r 10.1.1.2:81 -i -w 5 --tun-type ipip
-a -t 10.9.1.1:81 -r 10.1.1.3:81 -i -w 65535 --tun-type gue --tun-port 6080 --tun-nocsum
-a -t 10.9.1.1:81 -r 127.0.0.1:81 -m -w 2
-A -u 10.9.1.1:82 -s mh -b mh-fallback,mh-port
-A --sctp-service 10.9.1.1:83 -s wrr
-A -t [fd00::1]:80 -s rr -p 360
-a -t [fd00::1]:80 -r [fd00::2]:80 -m -w 0
-A -f 7 -s rr
-a -f 7 -r 10.1.1.3:0 -g -w 1
`

const textOf = (servers: readonly KernelVirtualServer[]) =>
  servers.map(
    ({ address, port, protocol, scheduler, persistenceTimeout, realServers }) =>
      `${protocol} ${address} ${port} ${scheduler} ${persistenceTimeout}: ` +
      realServers.map((real) => `${real.address} ${real.port} ${real.forwardingMethod} ${real.weight}`).join(", "),
  )

test("parseSavedTable() reads weights, schedulers, persistence and forwarding methods of a real table (fault 213)", () => {
  assert.equal(textOf(parseSavedTable(SAVED)), [
    "TCP 10.9.1.1 81 sh 300: 10.1.1.1 81 DR 5, 10.1.1.2 81 TUN 5, 10.1.1.3 81 TUN 65535, 127.0.0.1 81 NAT 2",
    "UDP 10.9.1.1 82 mh null: ",
    "SCTP 10.9.1.1 83 wrr null: ",
    "TCP fd00::1 80 rr 360: fd00::2 80 NAT 0",
  ])
  assert.equal(parseSavedTable(""), [])
})

for (const text of ["Can't list\n", "-X -t 10.4.0.50:80\n", "-A --what 10.4.0.50:80\n"])
  test(`parseSavedTable() does not take ${JSON.stringify(text)} for a table`, () => {
    assert.throws(() => parseSavedTable(text), /Cannot read the IPVS table/)
  })

const table = (...last: readonly number[]) => last.map((one) => `-A -t 10.4.0.${one}:80 -s rr\n`).join("")
const lives: [name: string, reads: string[], seen: number[], asked: number][] = [
  ["what two reads agree on", [table(1, 2, 3), table(1, 2, 3)], [1, 2, 3], 2],
  ["what is there though a read has lost it", [table(1, 3), table(1, 2, 3), table(1, 2, 3)], [1, 2, 3], 3],
  [
    "what any of four reads has seen, where none agree",
    [table(1), table(2), table(1, 3), table(4), table(5)],
    [1, 2, 3, 4],
    4,
  ],
]
for (const [name, reads, seen, asked] of lives)
  test(`createTableReader() gives ${name} (fault 213)`, async () => {
    let at = 0
    const read = createTableReader(() => Promise.resolve(reads[at++] ?? ""))
    assert.equal(
      (await read()).map(({ address }) => Number(address.split(".")[3])),
      seen,
    )
    assert.is(at, asked)
  })

test("createTableReader() reads once where nothing has changed since", async () => {
  let count = 0
  const read = createTableReader(() => Promise.resolve((count++, table(1))))
  assert.is(await read(), await read())
  assert.is(count, 3)
})

test("virtualServers() is a fault where ipvsadm fails, never an empty table", () =>
  withTemporaryDirectory(async (directory) => {
    const ipvsadm = await script(join(directory, "fake-ipvsadm"), 'echo "Permission denied" >&2; exit 1')
    const kernel = createKernel({ ipvsadm, ipVsTable: join(import.meta.dirname, "ip_vs.txt") })
    const fault: unknown = await kernel.virtualServers().catch((error: unknown) => error)
    assert.match(String(fault), /Cannot read the IPVS table: .* Permission denied/)
  }))

test.run()
